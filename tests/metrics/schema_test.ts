import { assertEquals } from "../assert.ts";
import { summaryJsonSchema } from "../../src/metrics/summary_schema.ts";
import { assertGolden } from "../report/golden.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";

Deno.test("docs/summary.schema.json is the schema of what is written", () => {
  const text = JSON.stringify(summaryJsonSchema(), null, 2) + "\n";
  assertGolden("../../../docs/summary.schema.json", text);
});

Deno.test("the example in docs/ is read as a summary of this schema", async () => {
  const file = new URL("../../docs/examples/summary.json", import.meta.url);
  const summary = readSummary(await Deno.readTextFile(file), "docs/examples/summary.json");
  assertEquals(summary.exit.code, 0);
});
