import { Ajv2020 } from "ajv";
import { type FleetDocument, fleetJsonSchema } from "../../src/fleet/document.ts";
import { assertGolden } from "../report/golden.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { certload } from "./in_process.ts";

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

Deno.test("docs/fleet.schema.json is the schema of what fleet prints", () => {
  assertGolden(
    "../../../docs/fleet.schema.json",
    JSON.stringify(fleetJsonSchema(), null, 2) + "\n",
  );
});

Deno.test("without --plan-only it says that it measures nothing, as its help does", async () => {
  const { code, out, err } = await certload("", "fleet", "loadtest", ...FLEET);
  assertEquals([code, out], [104, ""]);
  assertStringIncludes(err, "--plan-only");
  assertStringIncludes((await certload("", "fleet", "--help")).out, "--plan-only is its one mode");
});

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
    /^1,000 certificates of 47d \(profile 47d\), .*; no renewal information; 1,000 agents\n/,
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
