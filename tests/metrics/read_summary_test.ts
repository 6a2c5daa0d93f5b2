import { assert, assertEquals, assertThrows } from "../assert.ts";
import {
  checkSize,
  MAX_SUMMARY_BYTES,
  readSummary,
  SummaryError,
} from "../../src/metrics/read_summary.ts";
import { arrivalsOf } from "../../src/metrics/scenarios.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { conclude } from "../../src/verdict/conclude.ts";
import { madeShards } from "../verdict/made_shards.ts";
import { runOf } from "./runs.ts";

const run = runOf([{ name: "a", durationS: 2 }]);
const summary = conclude(summarize(run), { plan: run.plan });

function refusal(text: string, reason: string): void {
  assertThrows(() => readSummary(text, "results/summary.json"), SummaryError, reason);
}

Deno.test("readSummary() gives back what was written", () => {
  assertEquals(readSummary(JSON.stringify(summary), "x"), summary);
});

Deno.test("readSummary() ignores keys that a later version has added", () => {
  assertEquals(readSummary(JSON.stringify({ ...summary, later: 1 }), "x"), summary);
});

Deno.test("readSummary() takes a summary of before arrivals were told, whose arrivals were even", () => {
  const text = JSON.stringify(summary).replace(/"arrivals":"even","seed":null,"phase":0,/, "");
  assert(!text.includes('"phase":0'));
  const scenario = readSummary(text, "x").phases.api!.a!;
  assertEquals([scenario.load.arrivals, scenario.load.phase], [null, null]);
  assertEquals(arrivalsOf(scenario), "even");
});

Deno.test("readSummary() names the file and says that it is cut off, empty or not JSON", () => {
  const text = JSON.stringify(summary);
  for (const length of [1, 100, text.length - 1]) {
    refusal(text.slice(0, length), `"results/summary.json" as it is cut off after ${length}`);
  }
  refusal(" \n", "as it is empty");
  refusal("hello", "as it is not JSON");
});

Deno.test("readSummary() refuses other programs' files and other schemas by name", () => {
  refusal('{"metrics":{},"root_group":{}}', "a summary of k6");
  refusal('{"schema_version":1,"tool":{},"answer":{}}', "what `certload capacity` wrote");
  refusal('{"schema_version":1,"fleet":{}}', "what `certload fleet` wrote");
  refusal("[]", "not a summary of certload");
  refusal("null", "not a summary of certload");
  refusal(JSON.stringify({ ...summary, schema_version: 1 }), "schema_version is 1");
  refusal(JSON.stringify({ ...summary, schema_version: 3 }), "reads 2, update certload");
});

Deno.test("readSummary() names the place of damage", () => {
  const damaged = structuredClone(summary) as unknown as { totals: Record<string, unknown> };
  damaged.totals.iterations = "many";
  refusal(JSON.stringify(damaged), "as it is damaged: totals.iterations");
});

Deno.test("readSummary() finds a histogram whose buckets are damaged, in whatever place", () => {
  const cutOff = (text: string): string => text.replace(/"hdr":"[^"]{8}[^"]+"/, '"hdr":"HISTFAAA"');
  const text = JSON.stringify(summary);
  refusal(cutOff(text), "response_time: Cannot read a histogram as it is cut off. Copy it again");
  const [head, ...slices] = text.split('"slices"');
  refusal([head, ...slices.map(cutOff)].join('"slices"'), ".slices.0.response_time");
});

/** The summary with one place changed. */
function changed(path: readonly (string | number)[], to: unknown): string {
  const copy = structuredClone(summary) as unknown as Record<string | number, unknown>;
  const parent = path.slice(0, -1).reduce(
    (at, key) => at[key] as Record<string | number, unknown>,
    copy,
  );
  assert(path.at(-1)! in parent, path.join("."));
  parent[path.at(-1)!] = to;
  return JSON.stringify(copy);
}

Deno.test("readSummary() refuses numbers that nothing can have been counted or measured as", () => {
  const scenario = ["phases", "api", "a"];
  const impossible: [path: (string | number)[], to: unknown][] = [
    [[...scenario, "count"], -1],
    [[...scenario, "count"], 1.5],
    [[...scenario, "count"], 2 ** 60],
    [[...scenario, "error_rate"], 1.01],
    [[...scenario, "rate_per_s"], -1],
    [[...scenario, "statuses", "200"], -3],
    [[...scenario, "response_time_ms", "p95"], -0.5],
    [[...scenario, "histograms", "response_time", "sum_us"], -1],
    [[...scenario, "course", "width_s"], 0],
    [[...scenario, "course", "width_s"], 0.5],
    [[...scenario, "course", "slices", 0, "at_s"], -1],
    [["duration_s"], 1e10],
    [["totals", "offered"], -1],
    [["generator", "workers", 0, "cpu_s"], -1],
    [["started_at"], "yesterday"],
  ];
  for (const [path, to] of impossible) {
    refusal(changed(path, to), `as it is damaged: ${path.join(".")}`);
  }
  const beyond = JSON.stringify(summary).replace(/"duration_s":[\d.]+/, '"duration_s":1e999');
  refusal(beyond, "as it is damaged");
});

Deno.test("readSummary() refuses slices that no run has: a report would draw every second between them", () => {
  const { slices } = summary.phases.api!.a!.course;
  const at = (at_s: number) => ({ ...slices[0]!, at_s });
  const path = ["phases", "api", "a", "course", "slices"];
  refusal(changed(path, [at(0), at(4e8)]), "course.slices: spread over more than 2400 slices");
  refusal(changed(path, [at(0), at(4e9)]), "course.slices.1.at_s");
  const many = Array.from({ length: 2401 }, (_, i) => at(i));
  refusal(changed(path, many), "course.slices: ");
  assertEquals(readSummary(changed(path, [at(0), at(2399)]), "x").exit, summary.exit);
  refusal(changed(path, [at(0), at(2400)]), "spread over more than 2400 slices");
  assertEquals(readSummary(changed(path, [at(500), at(2899)]), "x").exit, summary.exit);
  refusal(changed(path, [at(500), at(2900)]), "spread over more than 2400 slices");
});

Deno.test("readSummary() refuses what is nested, filled or blown up beyond any summary before it costs memory", () => {
  const deep = `{"schema_version":2,"tool":${"[".repeat(4e6)}`;
  refusal(deep, "it is nested more than 32 deep");
  refusal(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`, "it is nested more than 32 deep");
  refusal(changed(["plan", "name"], new Array(20_001).fill(0)), "plan.name has 20,001 entries");
  const braces = changed(["plan", "name"], '[{"\\'.repeat(1000));
  assertEquals(readSummary(braces, "x").plan.name, '[{"\\'.repeat(1000));
  assertThrows(() => checkSize(2 ** 30, "big"), SummaryError, 'Cannot read "big" as it is 1.07 GB');
  checkSize(MAX_SUMMARY_BYTES, "big");
});

Deno.test("readSummary() refuses a histogram that holds other values than are said beside it", () => {
  const path = ["phases", "api", "a", "histograms", "response_time", "count"];
  refusal(changed(path, 5), "its buckets hold 20 values: 5 are said");
});

Deno.test("readSummary() takes what is as deep and as full as may be, and not a bit more", () => {
  const nested = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
  refusal(nested(32), "not a summary of certload: it has no schema_version");
  refusal(nested(33), "it is nested more than 32 deep");
  refusal(`[${"[],{},".repeat(50)}[]]`, "not a summary of certload: it has no schema_version");
  const full = (entries: number): string => changed(["plan", "name"], new Array(entries).fill(0));
  refusal(full(20_000), "damaged: plan.name");
  refusal(full(20_001), "plan.name has 20,001 entries: no summary has more than 20,000");
  const object = Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`k${i}`, 0]));
  refusal(changed(["plan", "name"], object), "plan.name has 20,001 entries");
  assertThrows(() => checkSize(MAX_SUMMARY_BYTES + 1, "big"), SummaryError, "large: no summary is");
});

Deno.test("readSummary() tells three places of damage, and how many more there are", () => {
  const damaged = (places: number): string => {
    const copy = structuredClone(summary) as unknown as { totals: Record<string, unknown> };
    for (const key of ["iterations", "failed", "requests", "offered", "dropped"].slice(0, places)) {
      copy.totals[key] = -1;
    }
    const error = assertThrows(() => readSummary(JSON.stringify(copy), "x"), SummaryError);
    return (error as Error).message;
  };
  assertEquals([1, 3, 4, 5].map((places) => damaged(places).match(/totals\./g)?.length), [
    1,
    3,
    3,
    3,
  ]);
  assertEquals([1, 3].map((places) => damaged(places).includes("more")), [false, false]);
  assertEquals([4, 5].map((places) => /; and (\d) more\./.exec(damaged(places))?.[1]), ["1", "2"]);
});

Deno.test("readSummary() refuses a counter that two runs could not add up", () => {
  const text = JSON.stringify(summary).replace('"counters":{}', '"counters":{"wrong":1e308}');
  refusal(text, "counters.wrong");
});

Deno.test("readSummary() refuses a shard beyond the count of all, and a number that is there twice", () => {
  const [shard] = madeShards(3);
  const { count, start_at, parts: [part] } = shard!.shards!;
  const withParts = (...indices: number[]): string =>
    JSON.stringify({
      ...shard,
      shards: { count, start_at, parts: indices.map((index) => ({ ...part!, index })) },
    });
  assertEquals(readSummary(withParts(3), "x").shards!.parts[0]!.index, 3);
  refusal(withParts(9), "shards.parts: a number is there twice, or beyond the count of all");
  refusal(withParts(2, 2), "shards.parts: a number is there twice");
});
