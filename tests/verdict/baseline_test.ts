import { assertEquals, assertMatch } from "../assert.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { renderJson } from "../../src/report/json.ts";
import { baselineOf, objectionsTo } from "../../src/verdict/baseline.ts";
import {
  concluded,
  failedRun,
  interruptedRun,
  invalidRun,
  passedRun,
} from "../report/summaries.ts";

Deno.test("objectionsTo() has none to a run that passed against a named target", () => {
  assertEquals(objectionsTo(concluded(passedRun())), []);
});

Deno.test("objectionsTo() names all that speaks against a run", () => {
  assertEquals(objectionsTo(concluded(interruptedRun())), ["The run was interrupted"]);
  assertMatch(objectionsTo(concluded(invalidRun())).join("\n"), /^The run is invalid: .+/);
  assertEquals(objectionsTo(concluded(failedRun())), [
    "The run did not pass: 2 thresholds broken",
    "The target was the embedded lab, not a certctl server",
    "The target did not tell its version",
  ]);
});

Deno.test("baselineOf() is a summary that says what was overruled, and can be read back", () => {
  const summary = concluded(failedRun());
  const forcedOver = objectionsTo(summary);
  const baseline = baselineOf(summary, { savedAt: "2026-05-02T12:05:00.000Z", forcedOver });
  assertEquals(baseline.baseline, {
    saved_at: "2026-05-02T12:05:00.000Z",
    forced_over: forcedOver,
  });
  assertEquals(readSummary(renderJson(baseline), "baseline.json"), baseline);
});
