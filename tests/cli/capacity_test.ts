import { Ajv2020 } from "ajv";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import type { Answer } from "../../src/capacity/answer.ts";
import type { LevelResult } from "../../src/capacity/level.ts";
import { formatRate } from "../../src/metrics/format.ts";
import { exitOf } from "../../src/cli/capacity.ts";
import { type CapacityDocument, capacityJsonSchema } from "../../src/report/capacity/document.ts";
import { kneeOf } from "../queueing.ts";
import { assertGolden } from "../report/golden.ts";
import { certload, type Printed, withFolder } from "./in_process.ts";

const ANSWER: Answer = {
  knee: 100,
  low: 98,
  high: 102,
  confidence: 0.95,
  atLeast: false,
  who: "server",
  why: "6 % of 900 beyond",
  limiter: false,
  ended: "found",
  confirmed: null,
  recovery: null,
  elapsedMs: 1000,
  levels: [],
  usl: { refused: "too few levels" },
};

function codeOf(answer: Partial<Answer>, requiredPerS?: number): number {
  return exitOf({ ...ANSWER, ...answer }, requiredPerS).code;
}

Deno.test("what is held passes where nothing, or no more, is required", () => {
  assertEquals([codeOf({}), codeOf({}, 100), codeOf({}, 101)], [0, 0, 99]);
  assertEquals(codeOf({ knee: 0 }), 99);
});

Deno.test("where the generator gave out below what is required nothing is said of the server", () => {
  const generator = { atLeast: true, high: null, who: "generator" } as const;
  assertEquals([codeOf(generator), codeOf(generator, 90), codeOf(generator, 110)], [0, 0, 95]);
  assertEquals(codeOf({ ...generator, knee: 0, atLeast: false }), 95);
});

Deno.test("an interrupted search has no verdict", () => {
  assertEquals([codeOf({ ended: "interrupted" }), codeOf({ ended: "interrupted" }, 5)], [105, 105]);
});

Deno.test("of a search that was cut short the lower end counts, and nothing is said of what lies in between", () => {
  const short = { ended: "time", low: 80, knee: 110, high: 130 } as const;
  assertEquals([codeOf(short, 80), codeOf(short, 100), codeOf(short, 130)], [0, 95, 99]);
  assertEquals([codeOf(short), codeOf({ ...short, ended: "down" }, 100)], [0, 95]);
  const level = { level: 95, purpose: "bracket", decision: "holds", who: "none" } as LevelResult;
  const held = { ...short, levels: [level] };
  assertEquals([codeOf(held, 95), codeOf(held, 100)], [0, 95]);
});

Deno.test("where nothing was decided at any level nothing is said of the server, unless it stayed down", () => {
  const nothing = { knee: 0, low: 0, high: 2, who: "none", why: "none of 4 was answered" } as const;
  assertEquals([codeOf(nothing), codeOf(nothing, 5), codeOf({ ...nothing, ended: "down" })], [
    95,
    95,
    99,
  ]);
});

Deno.test("a search that was over before anything broke says nothing of what would have been higher", () => {
  const short = { ended: "time", atLeast: true, high: null, who: "none" } as const;
  assertEquals([codeOf(short), codeOf(short, 100), codeOf(short, 110)], [0, 0, 95]);
  assertEquals(
    exitOf({ ...ANSWER, ...short }, 1100).reason,
    "1,100/s are required; it holds at least 100/s, and no higher level was tried when the search ended",
  );
  assertEquals(codeOf({ ...short, ended: "found" }, 110), 99);
});

Deno.test("what lies in between has both ends of its own", () => {
  const short = { ended: "time", low: 80, knee: 80, high: 130 } as const;
  assertEquals([80, 81, 129, 130].map((perS) => codeOf(short, perS)), [0, 95, 95, 99]);
  assertEquals([codeOf({ ...short, high: null }, 100), codeOf({ ...short, knee: 0 }, 100)], [
    99,
    99,
  ]);
});

Deno.test("an end is told with what is held, and what was required", () => {
  const reasonOf = (answer: Partial<Answer>, requiredPerS?: number) =>
    exitOf({ ...ANSWER, ...answer }, requiredPerS).reason;
  const generator = { atLeast: true, high: null, who: "generator" } as const;
  assertEquals(reasonOf({}), "it holds 100/s");
  assertEquals(reasonOf(generator), "it holds at least 100/s");
  assertEquals(reasonOf({}, 90), "90/s are required, and it holds 100/s");
  assertEquals(reasonOf({}, 110), "110/s are required, and it holds 100/s");
  assertEquals(
    reasonOf(generator, 110),
    "110/s are required; the generator gave out above 100/s, which the server holds",
  );
  assertEquals(
    reasonOf({ ...generator, knee: 0 }),
    "the generator gave out at every level: nothing can be said of the server",
  );
  assertEquals(reasonOf({ knee: 0 }), "no level was found at which the limits hold");
  assertEquals(reasonOf({ ended: "interrupted" }, 90), "the search was interrupted");
  assertEquals(
    reasonOf({ ended: "time", low: 80, high: 130 }, 110),
    "110/s are required; between 80/s and 130/s nothing was decided when the search ended",
  );
  // A generator that gave out above what the server was seen to break at is not who is asked about.
  assertEquals(codeOf({ ...generator, atLeast: false, high: 102 }, 110), 99);
  assertEquals(codeOf({ ...generator, high: 102 }, 110), 99);
  assertEquals(codeOf({ ...generator, high: 102 }, 101), 95);
});

const PLAN = `
name: test
target: { base_url: "http://127.0.0.1:1" }
scenarios:
  list: { flow: http_request, with: { path: / }, rate: 10/s, duration: 5s }
  poll: { flow: http_request, with: { path: / }, users: 1, duration: 5s, thresholds: [avg < 1s] }
`;

async function search(plan: string, ...flags: string[]): Promise<Printed> {
  let printed: Printed | undefined;
  await withFolder({ "plan.yaml": plan }, async (folder) => {
    printed = await certload(folder, "capacity", "{}/plan.yaml", "--out", "{}/results", ...flags);
  });
  return printed!;
}

Deno.test("every problem with the flags is told at once", async () => {
  const { code, err } = await search(
    PLAN,
    ...["--from", "20/s", "--to", "10/s", "--precision", "60%", "--at-most", "10s"],
    ...["--require", "0/s", "--arrivals", "sometimes"],
  );
  assertEquals(code, 104);
  for (
    const flag of ["--precision 60%", "--at-most 10s", "--require 0/s", "--arrivals sometimes"]
  ) {
    assertStringIncludes(err, flag);
  }
  assertStringIncludes(err, "--from 20/s is above --to 10/s");
});

Deno.test("rates may be the ends of a search, and lie no further", async () => {
  const said = async (...flags: string[]) =>
    (await search(PLAN, "--scenario", "list", ...flags)).err;
  const within = await said("--from", "10/s", "--to", "10/s", "--require", "10/s");
  assertEquals([within.includes("is above"), within.includes("no threshold by which")], [
    false,
    true,
  ]);
  assertStringIncludes(
    await said("--to", "10/s", "--require", "11/s"),
    "--require 11/s is above --to 10/s: it could not be found",
  );
});

Deno.test("a plan that no level can be made of, or judged by, is told before anything is sent", async () => {
  const { code, err } = await search(PLAN);
  assertEquals(code, 104);
  assertStringIncludes(err, 'scenario "poll" has users');
  assertStringIncludes(err, "no threshold by which a level could be judged");
});

Deno.test("no stack is started for a command line that asks for what its plan has not", async () => {
  const { code, err } = await search(PLAN, "--scenario", "lists", "--stack", "embedded");
  assertEquals(code, 104);
  assertStringIncludes(err, 'there is no scenario "lists"');
  assert(!err.includes("starting the embedded lab"), err);
});

Deno.test("thresholds that are no share are named where there is no other, and why", async () => {
  const plan = PLAN.replace(/, thresholds: .avg < 1s./, "").replace(
    "duration: 5s }",
    "duration: 5s, thresholds: [rate > 5/s] }",
  );
  const { code, err } = await search(plan, "--scenario", "list");
  assertEquals(code, 104);
  assertStringIncludes(err, '"list: rate > 5/s" sets no upper bound');
});

Deno.test("a server that is not there is not ready", async () => {
  const plan = PLAN.replace("duration: 5s }", "duration: 5s, thresholds: [p95 < 1s] }");
  const { code, err } = await search(plan, "--scenario", "list");
  assertEquals(code, 94);
  assertMatch(err, /Not ready: no load was sent/);
});

Deno.test("docs/examples/capacity has one search as data, text and page, which found what theory knows", async () => {
  const [json, text, page] = await Promise.all(
    ["json", "txt", "html"].map((kind) =>
      Deno.readTextFile(new URL(`../../docs/examples/capacity/capacity.${kind}`, import.meta.url))
    ),
  );
  const document: CapacityDocument = JSON.parse(json!);
  const fits = new Ajv2020({ strict: false }).compile(capacityJsonSchema());
  assert(fits(document), JSON.stringify(fits.errors));
  const { answer, started_at } = document;
  const truth = kneeOf({ servers: 20, serviceRate: 10 }, 0.95, 0.4);
  assertEquals([answer.who, answer.limiter, answer.at_least], ["server", false, false]);
  assert(answer.low <= truth && truth <= answer.high!, `${truth}`);
  const holds = `The server holds ${formatRate(answer.knee)}`;
  assertStringIncludes(text!.replaceAll(/\s+/g, " "), holds);
  assertStringIncludes(page!, holds);
  for (const each of [text!, page!]) assertStringIncludes(each, started_at.slice(0, 10));
});

Deno.test("docs/capacity.schema.json is the schema of what capacity writes", () => {
  new Ajv2020({ strict: false }).compile(capacityJsonSchema());
  assertGolden(
    "../../../docs/capacity.schema.json",
    JSON.stringify(capacityJsonSchema(), null, 2) + "\n",
  );
});
