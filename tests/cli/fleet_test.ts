import { Ajv2020 } from "ajv";
import {
  type FleetDocument,
  fleetDocumentSchema,
  fleetJsonSchema,
} from "../../src/fleet/document.ts";
import { assertGolden } from "../report/golden.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { exitOf } from "../../src/cli/fleet.ts";
import type { Enough, FleetAnswer, HeadroomRow } from "../../src/fleet/headroom.ts";
import { certload, type Printed, withFolder } from "./in_process.ts";

const FLEET = ["--certificates", "50000", "--lifetime", "47d"];

Deno.test("fleet --plan-only prints each demand with its rates, its arithmetic and its sources, and asks nobody", async () => {
  const { code, out, err } = await certload("", "fleet", "loadtest", ...FLEET, "--plan-only");
  assertEquals([code, err], [0, ""]);
  assertMatch(
    out,
    /^50,000 certificates of 47d, each renewed every 31d8h; ARI every 6h; 0 agents\n/,
  );
  assertMatch(out, /\nsteady +0\.0185\/s +- +2\.31\/s +0\.0185\/s +2\.35\/s +1 x +always\n/);
  assertMatch(out, /\nall issued within one hour +0\.616\/s .* 33 x +22 h 33 min\n/);
  assertStringIncludes(out, "50,000 / (47d x 2/3 = 31d8h) = 1,596 a day = 0.0185/s");
  assertMatch(out, /\n {2}issuance_acceptance +0\.0185\/s +13\.3\/s +26\.6\/s/);
  assertStringIncludes(
    out,
    "No scenario of this plan asks for ARI: one with the flow acme_renewal_info does",
  );
  assertStringIncludes(out, "at 10/s, 8 min 20 s at 100/s");
  assertStringIncludes(out, "https://www.rfc-editor.org/rfc/rfc9773");
});

Deno.test("fleet --json is what its schema says", async () => {
  const { code, out } = await certload("", "fleet", "loadtest", ...FLEET, "--plan-only", "--json");
  assertEquals(code, 0);
  const schema = JSON.parse((await certload("", "schema", "fleet")).out);
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const document: FleetDocument = JSON.parse(out);
  assertEquals(validate(document), true, JSON.stringify(validate.errors));
  assertEquals([document.fleet.certificates, document.answer], [50_000, null]);
  assertEquals(Math.round(document.demand[0]!.per_s.issue * 86_400), 1596);
  assert(!validate({ ...document, demand: [{ shape: "flood" }] }));
});

Deno.test("docs/examples/fleet has one run as data, text and page, and the data is what the schema says", async () => {
  const [json, text, page] = await Promise.all(
    ["json", "txt", "html"].map((kind) =>
      Deno.readTextFile(new URL(`../../docs/examples/fleet/fleet.${kind}`, import.meta.url))
    ),
  );
  const { answer, measured } = fleetDocumentSchema.parse(JSON.parse(json!));
  assert(measured !== null && measured.searches.length > 0 && answer !== null);
  assertStringIncludes(text!.replaceAll(/\s+/g, " "), answer.sentence);
  assertStringIncludes(page!, measured.started_at.slice(0, 19));
});

Deno.test("docs/fleet.schema.json is the schema of what fleet prints", () => {
  assertGolden(
    "../../../docs/fleet.schema.json",
    JSON.stringify(fleetJsonSchema(), null, 2) + "\n",
  );
});

const PLAN = `
name: test
target: { base_url: "http://127.0.0.1:1" }
scenarios:
  create: { flow: create_certificate, rate: 5/s, duration: 1s, thresholds: [p95 < 1s] }
  list: { flow: list_certificates, rate: 5/s, duration: 1s }
`;

/** Of a plan in a file, with results beside it. */
async function measure(plan: string, ...flags: string[]): Promise<Printed> {
  let printed: Printed | undefined;
  await withFolder({ "plan.yaml": plan }, async (folder) => {
    printed = await certload(folder, "fleet", "{}/plan.yaml", "--out", "{}/results", ...flags);
  });
  return printed!;
}

Deno.test("every problem with the flags of a search is told at once", async () => {
  const { code, err } = await measure(
    PLAN,
    ...[...FLEET, "--at-most", "10s", "--precision", "60%", "--inventory", "0"],
  );
  assertEquals(code, 104);
  for (const flag of ["--at-most 10s", "--precision 60%", "--inventory 0"]) {
    assertStringIncludes(err, flag);
  }
  assertStringIncludes(
    (await measure(PLAN, ...FLEET, "--keep-inventory")).err,
    "--keep-inventory needs --inventory N",
  );
});

Deno.test("a plan that can ask for nothing of a fleet's, or has no limit, is told before anything is sent", async () => {
  const list = PLAN.split("\n").filter((line) => !line.includes("create")).join("\n");
  const { code, err } = await measure(list, ...FLEET, "--inventory", "10");
  assertEquals(code, 104);
  assertStringIncludes(err, "create_certificate (certificates), acme_revoke (revocations)");
  const unlimited = await measure(PLAN.replace(", thresholds: [p95 < 1s]", ""), ...FLEET);
  assertEquals(unlimited.code, 104);
  assertStringIncludes(unlimited.err, "no threshold by which a level could be judged");
});

Deno.test("an inventory wants a scenario that says whose its certificates are", async () => {
  const handshake =
    `flow: tls_handshake, with: { target_type: nginx, url: "https://127.0.0.1:1/" }`;
  const plan = PLAN.replace("flow: create_certificate", handshake);
  const { code, err } = await measure(plan, ...FLEET, "--inventory", "10");
  assertEquals(code, 104);
  assertStringIncludes(err, "it needs one with the flow create_certificate");
});

Deno.test("a server that is not there is not ready, with an inventory and without", async () => {
  const plain = await measure(PLAN, ...FLEET);
  assertEquals(plain.code, 94);
  assertMatch(plain.err, /Not ready: no load was sent/);
  const rows = await measure(PLAN, ...FLEET, "--inventory", "10");
  assertEquals(rows.code, 94);
  assertMatch(rows.err, /connect_refused: Counting the certificates that there are: /);
  assertStringIncludes(rows.err, "certctl deletes none, so their rows stay in its database");
  const kept = await measure(PLAN, ...FLEET, "--inventory", "10", "--keep-inventory");
  assertStringIncludes(kept.err, "the same command creates the rest");
  assertEquals(kept.err.includes("certctl deletes none"), false);
});

Deno.test("what is not held is 99, what is not known 95, and an interrupt comes before both", () => {
  const codeOf = (enough: readonly Enough[], interrupted = false): number => {
    const rows = enough.map((each) => ({ title: "steady", enough: each })) as HeadroomRow[];
    const all = enough.includes("no") ? "no" : enough.includes("unknown") ? "unknown" : "yes";
    return exitOf({ ...NOTHING, rows, enough: all }, interrupted).code;
  };
  assertEquals([codeOf(["yes"]), codeOf(["yes", "left_out"])], [0, 0]);
  assertEquals([codeOf(["unknown", "no"]), codeOf(["yes", "unknown"])], [99, 95]);
  assertEquals(codeOf(["no"], true), 105);
});

const NOTHING: FleetAnswer = {
  enough: "yes",
  rows: [],
  tightest: null,
  replaceAllS: null,
  replaceAllAtMost: false,
  sentence: "",
};

Deno.test("without a fleet it says what to give; all that is wrong with one is told at once, by its flag", async () => {
  const none = await certload("", "fleet", "loadtest", "--plan-only");
  assertEquals(none.code, 104);
  assertStringIncludes(none.err, "--certificates N and --lifetime D");
  const wrong = await certload(
    "",
    ...["fleet", "loadtest", "--plan-only", "--certificates", "many", "--lifetime", "47"],
    ...["--profile", "46d", "--ari", "maybe", "--zombies", "100%", "--renew-at", "0%"],
  );
  assertEquals(wrong.code, 104);
  for (const flag of ["certificates", "lifetime", "profile", "ari", "zombies", "renew-at"]) {
    assertStringIncludes(wrong.err, `--${flag}`);
  }
  assertStringIncludes(wrong.err, "47d");
});

Deno.test("the plan's fleet section stands where no flag says otherwise", async () => {
  const set = "fleet={certificates: 1000, profile: 47d, agents: 100, signer: 1/s}";
  const { code, out, err } = await certload(
    "",
    ...["fleet", "loadtest", "--plan-only", "--set", set, "--agents", "1000", "--ari", "off"],
  );
  assertEquals([code, err], [0, ""]);
  assertMatch(
    out,
    /^1,000 certificates of 47d \(profile 47d\), .*; no renewal information; 1,000\sagents\n/,
  );
  assertStringIncludes(out, "1,000 agents: a heartbeat every 1m, a look for work every 30s: 50/s");
  assertStringIncludes(out, "again for 10d, less than the 31d8h between renewals");
  assertStringIncludes(out, "The signer makes 1/s certificates, all of them in 16 min 40 s");
});

Deno.test("check shows the section, and it can be read again", async () => {
  const set = "fleet={certificates: 1000, profile: 6d, renew_at: 40%, zombies: 0.5}";
  const { code, out } = await certload("", "check", "loadtest", "--set", set);
  assertEquals(code, 0);
  assertStringIncludes(out, "renew_at: 40%");
  assertStringIncludes(out, "zombies: 50%");
});
