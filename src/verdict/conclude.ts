/** The last step of a run: thresholds, validity and exit are put to what was measured. Pure. */
import type { Measured, Summary } from "../metrics/summary_schema.ts";
import type { Plan } from "../plan/plan.ts";
import { exitOf } from "./exit.ts";
import { evaluateThresholds } from "./thresholds.ts";
import { judge } from "./validity.ts";

export interface ConcludeOptions {
  readonly plan: Pick<Plan, "scenarios" | "thresholds">;
  /** What `p95 < baseline * 1.1` is relative to. */
  readonly baseline?: Measured | undefined;
}

export function conclude(measured: Measured, { plan, baseline }: ConcludeOptions): Summary {
  const thresholds = evaluateThresholds(plan, measured, baseline);
  const validity = judge(measured, thresholds);
  const exit = exitOf({ interrupted: measured.interrupted, thresholds, validity });
  return { ...measured, thresholds, validity, exit };
}
