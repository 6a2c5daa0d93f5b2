import { readSummary } from "../../src/metrics/read_summary.ts";
import { maskOf } from "../../src/masking/mask.ts";
import { renderJson } from "../../src/report/json.ts";
import { maskTexts } from "../../src/report/mask.ts";
import { assert, assertEquals } from "../assert.ts";
import { concluded, failedRun } from "./summaries.ts";

Deno.test("maskTexts() of a summary hides secrets and leaves it a summary, even if one is called pass", () => {
  const summary = concluded(failedRun());
  const mask = maskOf(["pass", "open", "localhost", "status_5xx"]);
  const text = renderJson(maskTexts(summary, mask));
  const read = readSummary(text, "masked");
  assertEquals(
    read.thresholds.map(({ verdict }) => verdict),
    summary.thresholds.map((t) => t.verdict),
  );
  assertEquals(Object.keys(read.phases), Object.keys(summary.phases));
  assert(!text.includes("localhost"));
});

Deno.test("maskTexts() leaves nothing that a terminal obeys, in values or in names", () => {
  const hostile = { ["a\u001b[2J"]: ["\u009b31m", { name: "x\r\u202ey\nz" }], count: 5 };
  assertEquals(
    maskTexts(hostile, maskOf([])),
    {
      ["a�[2J"]: ["�31m", { name: "x\n�y\nz" }],
      count: 5,
    } as unknown as typeof hostile,
  );
});
