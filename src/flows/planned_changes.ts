/** What arrivals change whose requests the plan describes. */
import { IDEMPOTENT } from "../http/idempotent.ts";
import type { Change } from "./flow.ts";
import type { PlannedStepOptions } from "./planned_step.ts";
import { namesIn, textsOf } from "./step_texts.ts";
import { ARRIVAL_PLACEHOLDERS } from "./template.ts";

/** Methods whose requests ask for no change at all (RFC 9110 section 9.2.1, and the registry's others). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"]);

/**
 * Idempotent if every request is (RFC 9110 section 9.2.2), and none that is not safe is another one for each arrival: the
 * second `DELETE /things/{index}` deletes another thing.
 */
export function changesOf(steps: readonly PlannedStepOptions[]): Change {
  const captured = steps.flatMap(({ capture = {} }) => Object.keys(capture));
  const varying = new Set([...ARRIVAL_PLACEHOLDERS, ...captured]);
  const isSame = (step: PlannedStepOptions): boolean =>
    !textsOf(step).some(({ text }) => namesIn(text).some((name) => varying.has(name)));
  const isIdempotent = (step: PlannedStepOptions): boolean =>
    SAFE.has(step.method) || IDEMPOTENT.has(step.method) && isSame(step);
  return steps.every(isIdempotent) ? "idempotent" : "unknown";
}
