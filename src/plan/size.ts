/** What a plan comes to, where that is more than a run can be. */
import type { Plan } from "./plan.ts";
import { plannedRequests } from "./planned.ts";
import { type Problem, problemAt } from "./problem.ts";
import { nodeAt, type PlanNode, spanOf } from "./tree.ts";

/** Ten thousand a second for a day: more is a slip in a unit, and nothing that one run should be asked for. */
const MOST_ARRIVALS = 1_000_000_000;

export function sizeProblems(plan: Pick<Plan, "scenarios">, root: PlanNode): Problem[] {
  return plannedRequests(plan).scenarios.flatMap(({ name, iterations = 0, isUpperBound }) => {
    if (iterations <= MOST_ARRIVALS || isUpperBound) return [];
    const path = ["scenarios", name];
    const at = ["rate", "stages"].map((key) => [...path, key]).find((each) => nodeAt(root, each));
    const message = `\`${name}\` comes to ${iterations.toLocaleString("en")} arrivals: ` +
      `at most ${MOST_ARRIVALS.toLocaleString("en")} can be asked for`;
    return [problemAt(spanOf(root, at ?? path), path, message, "lower the rate or the duration")];
  });
}
