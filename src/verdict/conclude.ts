/** The last step of a run: thresholds, validity, comparison and exit are put to what was measured. Pure. */
import type { Comparison, Measured, Summary, Validity } from "../metrics/summary_schema.ts";
import type { Plan } from "../plan/plan.ts";
import { compare, type CompareOptions } from "./compare.ts";
import { exitOf, exitOfShard } from "./exit.ts";
import { againstIntervals } from "./relative.ts";
import { evaluateThresholds } from "./thresholds.ts";
import { validityOf } from "./validity.ts";

interface ConcludeOptions extends CompareOptions {
  readonly plan: Pick<Plan, "scenarios" | "thresholds">;
  /** What the run is compared with, and what `p95 < baseline * 1.1` is relative to. */
  readonly baseline?: Summary | undefined;
}

/**
 * The measured part of a summary with its thresholds, validity, comparison with `baseline`, and exit code. Never throws
 * for what was measured: a threshold without a sample is `no_data`, and not held.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 * import { parseThreshold } from "../plan/threshold.ts";
 *
 * const file = "docs/examples/summary.json";
 * const measured = readSummary(await Deno.readTextFile(file), file);
 * const parsed = parseThreshold("error_rate < 100%", []);
 * if (!parsed.ok) throw new Error(parsed.message);
 * const thresholds = [parsed.threshold];
 * const summary = conclude(measured, { plan: { scenarios: [], thresholds } });
 * assertEquals(summary.thresholds[0]?.verdict, "pass");
 * assertEquals(summary.exit.code, 0);
 * ```
 */
export function conclude(measured: Measured, options: ConcludeOptions): Summary {
  const { plan, baseline } = options;
  const values = evaluateThresholds(plan, measured, baseline);
  // Samples of a part are few: whether they are enough is the whole's question.
  const validity = validityOf(measured, measured.shards === null ? values : []);
  const comparison: Comparison | null = baseline
    ? compare(baseline, { ...measured, validity }, options)
    : null;
  const thresholds = comparison ? againstIntervals(values, comparison) : values;
  const shards = withValidity(measured.shards, validity);
  const judged = { ...measured, shards, thresholds, validity, comparison, baseline: null };
  return { ...judged, exit: shards === null ? exitOf(judged) : exitOfShard(judged) };
}

/** What makes a shard's part unfit to tell is said with it: a merged run is as fit as the least fit of its parts. */
function withValidity(shards: Measured["shards"], { reasons }: Validity): Measured["shards"] {
  const codes = [...new Set(reasons.map(({ code }) => code))];
  return shards && { ...shards, parts: shards.parts.map((part) => ({ ...part, validity: codes })) };
}
