import { assertEquals } from "../assert.ts";
import {
  baselineJsonSchema,
  baselineSchema,
  summaryJsonSchema,
} from "../../src/metrics/summary_schema.ts";
import { baselineOf } from "../../src/verdict/baseline.ts";
import { assertGolden } from "../report/golden.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";

Deno.test("docs/summary.schema.json is the schema of what is written", () => {
  const text = JSON.stringify(summaryJsonSchema(), null, 2) + "\n";
  assertGolden("../../../docs/summary.schema.json", text);
});

Deno.test("docs/baseline.schema.json is the schema of a baseline, which no other summary fits", async () => {
  const text = JSON.stringify(baselineJsonSchema(), null, 2) + "\n";
  assertGolden("../../../docs/baseline.schema.json", text);
  const file = new URL("../../docs/examples/summary.json", import.meta.url);
  const summary = readSummary(await Deno.readTextFile(file), "docs/examples/summary.json");
  assertEquals(baselineSchema.safeParse(summary).success, false);
  const baseline = baselineOf(summary, { savedAt: "2026-05-02T12:05:00.000Z", forcedOver: [] });
  assertEquals(baselineSchema.parse(baseline), baseline);
});

Deno.test("the example in docs/ is read as a summary of this schema", async () => {
  const file = new URL("../../docs/examples/summary.json", import.meta.url);
  const summary = readSummary(await Deno.readTextFile(file), "docs/examples/summary.json");
  assertEquals(summary.exit.code, 0);
});
