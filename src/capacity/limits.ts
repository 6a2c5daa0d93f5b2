/**
 * A plan's thresholds as shares: "p95 < 2 s" says that at most 5 % are slower than 2 s, "error_rate < 1%" that at most
 * 1 % fail. A share can be tested while a level runs; a percentile cannot.
 */
import type { Plan } from "../plan/plan.ts";
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
 * const parsed = parseThreshold("p95 < 2s", []);
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
  if (allowed === undefined) {
    return { reason: "is no share of the requests that is told while a level runs" };
  }
  return { limit: { text: name, kind: "latency", allowed, limitMs: limit.value } };
}

/** Of a duration's percentile; the maximum is the percentile that nothing lies beyond. */
function shareBeyond(measure: Measure): number | undefined {
  if (measure.kind !== "duration" || measure.metric !== "response_time") return undefined;
  if (measure.stat === "max") return 0;
  if (measure.percentile === undefined) return undefined;
  // 1 - 0.95 is not 0.05.
  return Math.round((100 - measure.percentile) * 1e8) / 1e10;
}

/** A limit, and of what. */
export interface PlacedLimit extends Limit {
  /** The scenario's place in the plan; null: all of them together. */
  readonly scenario: number | null;
  /** The step's place in the scenario; null: its iterations. */
  readonly step: number | null;
}

export interface PlanLimits {
  readonly limits: readonly PlacedLimit[];
  /** By which no level is judged: `create: rate > 49/s`, and why, as "sets no upper bound". */
  readonly unjudged: readonly { readonly text: string; readonly reason: string }[];
}

/** What is quick because it fails holds no limit of latency: where the plan says nothing of errors, so many may be. */
const ERRORS: PlacedLimit = {
  text: "the whole run: error_rate < 1%, as no threshold limits errors",
  kind: "errors",
  allowed: 0.01,
  scenario: null,
  step: null,
};

/** Those of all scenarios, whether the level is theirs or not, and of the whole run. */
export function limitsOf(
  { scenarios, thresholds }: Pick<Plan, "scenarios" | "thresholds">,
): PlanLimits {
  const limits: PlacedLimit[] = [];
  const unjudged: { text: string; reason: string }[] = [];
  const place = (threshold: Threshold, name: string, scenario: number | null): void => {
    const { limit, reason } = limitOf(threshold, name);
    if (limit === undefined) unjudged.push({ text: `${name}: ${threshold.text}`, reason });
    else limits.push({ ...limit, scenario, step: stepOf(threshold, scenario) });
  };
  const stepOf = ({ step }: Threshold, scenario: number | null): number | null =>
    step === undefined || scenario === null ? null : scenarios[scenario]!.steps.indexOf(step);
  scenarios.forEach(({ name, thresholds: own }, at) => own.forEach((one) => place(one, name, at)));
  thresholds.forEach((one) => place(one, "the whole run", null));
  const isUnlimited = limits.length > 0 && limits.every(({ kind }) => kind !== "errors");
  return { limits: isUnlimited ? [...limits, ERRORS] : limits, unjudged };
}

/** Of a plan without a limit that is a share. */
export function whyUnjudged({ unjudged }: PlanLimits): string {
  const those = unjudged.map(({ text, reason }) => `"${text}" ${reason}`).join(", ");
  return "the plan has no threshold by which a level could be judged" +
    (those && ` (${those})`) +
    ": give each scenario one, for example `thresholds: [p95 < 2s, error_rate < 1%]`";
}
