/** One target until it has had its cases or its time is up. */
import { CHUNK, type Outcome } from "./order.ts";
import type { AnyTarget } from "./target.ts";

/** Of a target whose share others have used up. */
const LEAST_MS = 50;

export interface TargetOrder {
  readonly index: number;
  readonly cases: number;
  readonly seed: number;
  /** `Date.now()`. */
  readonly untilMs: number;
  /** Called before each case, and with its seed before the first of a chunk. */
  readonly onCase: () => void;
  readonly onSeed?: (seed: number) => void;
}

export async function runTarget(
  target: AnyTarget,
  { index, cases, seed, untilMs, onCase, onSeed }: TargetOrder,
): Promise<Outcome> {
  const startedMs = Date.now();
  let begun = 0, planned = 0;
  const countCase = (): void => {
    begun++;
    onCase();
  };
  for (let chunk = 0; planned < cases && (chunk === 0 || Date.now() < untilMs); chunk++) {
    const numRuns = Math.min(CHUNK, cases - planned);
    onSeed?.(seed + chunk);
    try {
      const parameters = { numRuns, seed: seed + chunk, includeErrorInReport: true };
      const interruptAfterTimeLimit = Math.max(untilMs - Date.now(), LEAST_MS);
      await target.run({ ...parameters, interruptAfterTimeLimit }, countCase);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const tookMs = Date.now() - startedMs;
      return { index, cases: begun, tookMs, problem, seed: seed + chunk };
    }
    planned += numRuns;
  }
  return { index, cases: begun, tookMs: Date.now() - startedMs };
}
