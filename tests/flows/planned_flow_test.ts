/** Nothing here may import what loads patterns by itself: catalogue.ts, or another test's `loadPatterns()`. */
import { loadWhatStepsNeed } from "../../src/flows/planned_flow.ts";
import type { PlannedStepOptions } from "../../src/flows/planned_step.ts";
import { compilePattern } from "../../src/http/pattern.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const step = (capture: Record<string, unknown>): PlannedStepOptions =>
  ({ name: "one", capture }) as unknown as PlannedStepOptions;

Deno.test("what reads patterns is loaded for steps that have one, whichever it is, and is there when that is over", async () => {
  await loadWhatStepsNeed([]);
  await loadWhatStepsNeed([{ name: "none" } as unknown as PlannedStepOptions]);
  await loadWhatStepsNeed([step({ id: { json: "/id" } })]);
  assertThrows(() => compilePattern("(a+)"), Error, "loadPatterns() comes before");
  await loadWhatStepsNeed([step({}), step({ id: { json: "/id" }, token: { regex: "(a+)" } })]);
  const pattern = compilePattern("(a+)");
  assert(typeof pattern === "function");
  assertEquals(pattern("baab"), "aa");
});
