import type { Measured, SummaryScenario } from "./summary_schema.ts";

/** All scenarios of a summary by their names, which are unique over its tiers; in its order. */
export function scenariosOf({ phases }: Pick<Measured, "phases">): [string, SummaryScenario][] {
  return Object.values(phases).flatMap((tier) => Object.entries(tier));
}
