/**
 * A plan's thresholds as shares: "p95 < 2 s" says that at most 5 % are slower than 2 s, "error_rate < 1%" that at most
 * 1 % fail. A share can be tested while a level runs; a percentile cannot.
 */
import type { Measure, Threshold } from "../plan/threshold.ts";

export interface Limit {
  /** As the plan has it, with its scenario: `create: p95 < 2s`. */
  readonly text: string;
  readonly kind: "latency" | "errors";
  /** The share that may lie beyond, 0..1; at 0 a single one is too many. */
  readonly allowed: number;
  /** Slower than this lies beyond; latency alone. */
  readonly limitMs?: number;
}

export type LimitOrReason =
  | { readonly limit: Limit; readonly reason?: undefined }
  /** Why no level is judged by it. */
  | { readonly limit?: undefined; readonly reason: string };

/**
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseThreshold } from "../plan/threshold.ts";
 *
 * const parsed = parseThreshold("p95 < 2s");
 * if (!parsed.ok) throw new Error("not parsed");
 * const { limit } = limitOf(parsed.threshold, "create");
 * assertEquals(limit, { text: "create: p95 < 2s", kind: "latency", allowed: 0.05, limitMs: 2000 });
 * ```
 */
export function limitOf(
  { text, measure, comparison, limit }: Threshold,
  scenario: string,
): LimitOrReason {
  const name = `${scenario}: ${text}`;
  if (limit.kind === "baseline") {
    return { reason: "is relative to a baseline, which is of one level" };
  }
  if (comparison === "==" && measure.kind === "error_rate" && limit.value === 0) {
    return { limit: { text: name, kind: "errors", allowed: 0 } };
  }
  if (comparison !== "<" && comparison !== "<=") return { reason: "sets no upper bound" };
  if (measure.kind === "error_rate") {
    return { limit: { text: name, kind: "errors", allowed: limit.value } };
  }
  const allowed = shareBeyond(measure);
  if (allowed === undefined) return { reason: "is no share of the requests" };
  return { limit: { text: name, kind: "latency", allowed, limitMs: limit.value } };
}

/** Of a duration's percentile; the maximum is the percentile that nothing lies beyond. */
function shareBeyond(measure: Measure): number | undefined {
  if (measure.kind !== "duration") return undefined;
  if (measure.stat === "max") return 0;
  if (measure.percentile === undefined) return undefined;
  // 1 - 0.95 is not 0.05.
  return Math.round((100 - measure.percentile) * 1e8) / 1e10;
}
