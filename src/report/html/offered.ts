/** The rate that a plan's stages ask for, as the charts draw it beside what finished. */
import type { SummaryScenario } from "../../metrics/summary_schema.ts";

type Stages = SummaryScenario["load"];

/** The mean rate between two seconds of the run; of an instant, the rate at it. */
export function offeredBy({ stages, start_after_s }: Stages): (from: number, to: number) => number {
  const due = (at: number): number => arrivalsUntil(stages, at - start_after_s);
  return (from, to) => {
    const wide = Math.max(to - from, 1e-3);
    return (due(from + wide) - due(from)) / wide;
  };
}

/** Arrivals that are due in the first seconds of the stages: the area under levels that rise and fall in straight lines. */
function arrivalsUntil(stages: Stages["stages"], seconds: number): number {
  let [left, total] = [Math.max(0, seconds), 0];
  for (const { duration_s, from, to } of stages) {
    const within = Math.min(left, duration_s);
    const level = duration_s > 0 ? from + ((to - from) * within) / duration_s : to;
    total += ((from + level) / 2) * within;
    left -= within;
  }
  return total;
}
