import { assertEquals, assertThrows } from "../assert.ts";
import { readSummary, SummaryError } from "../../src/metrics/read_summary.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { conclude } from "../../src/verdict/conclude.ts";
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
