/** What a plan comes to, where that is more than a run can be, or nothing. */
import { arrivalCount } from "./arrival_sequence.ts";
import type { Plan } from "./plan.ts";
import { plannedRequests } from "./planned.ts";
import { type Problem, problemAt } from "./problem.ts";
import { formatShare } from "./units.ts";
import { nodeAt, type PlanNode, spanOf } from "./tree.ts";

/** Ten thousand a second for a day: more is a slip in a unit, and nothing that one run should be asked for. */
const MOST_ARRIVALS = 1_000_000_000;

export function sizeProblems(plan: Pick<Plan, "scenarios">, root: PlanNode): Problem[] {
  return [...oversized(plan, root), ...phasedOut(plan, root)];
}

/** A phase by hand may be beyond the end of a short load. */
function phasedOut({ scenarios }: Pick<Plan, "scenarios">, root: PlanNode): Problem[] {
  return scenarios.flatMap(({ name, load }) => {
    const path = ["scenarios", name, "phase_offset"];
    if (load.model === "closed" || load.phase === 0 || arrivalCount({ name, load }) > 0) return [];
    const message = `no arrival of \`${name}\` comes within its duration: ` +
      `the first would come ${formatShare(load.phase)} of an interarrival after the start`;
    return [problemAt(spanOf(root, path), path, message, "lower it, or lengthen the duration")];
  });
}

function oversized(plan: Pick<Plan, "scenarios">, root: PlanNode): Problem[] {
  return plannedRequests(plan).scenarios.flatMap(({ name, iterations = 0, isUpperBound }) => {
    if (iterations <= MOST_ARRIVALS || isUpperBound) return [];
    const path = ["scenarios", name];
    const at = ["rate", "stages"].map((key) => [...path, key]).find((each) => nodeAt(root, each));
    const message = `\`${name}\` comes to ${iterations.toLocaleString("en")} arrivals: ` +
      `at most ${MOST_ARRIVALS.toLocaleString("en")} can be asked for`;
    return [problemAt(spanOf(root, at ?? path), path, message, "lower the rate or the duration")];
  });
}
