/**
 * A threshold as data. The grammar and its parser live here too, because a threshold's position in the plan file is
 * known only while the plan is read; its evaluation is `verdict/thresholds.ts`.
 */

/** Durations a threshold can be set on, per step or scenario. */
export const DURATION_METRICS = [
  "response_time",
  "service_time",
  "lag",
  "blocked",
  "dns",
  "connect",
  "tls_handshake",
  "ttfb",
] as const;
export type DurationMetric = (typeof DURATION_METRICS)[number];

export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** What is compared: a statistic of a duration, or a plain number of the scenario. */
export type Measure =
  | {
    readonly kind: "duration";
    readonly metric: DurationMetric;
    readonly stat: "min" | "avg" | "max" | "percentile";
    /** 0..100, for `percentile` only. */
    readonly percentile?: number;
  }
  /** Failed share of all iterations (requests, for a step), 0..1. */
  | { readonly kind: "error_rate" }
  /** Completed iterations (requests) per second. */
  | { readonly kind: "rate" }
  /** Completed iterations (requests). */
  | { readonly kind: "count" };

export type Limit =
  /** Milliseconds for durations, 0..1 for error_rate, per second for rate. */
  | { readonly kind: "absolute"; readonly value: number }
  /** A multiple of the same measure in the baseline that the run is compared with. */
  | { readonly kind: "baseline"; readonly factor: number };

export interface Threshold {
  /** As written in the plan. */
  readonly text: string;
  /** The step it is about; absent: the whole scenario (or, for a plan's own thresholds, the whole run). */
  readonly step?: string;
  readonly measure: Measure;
  readonly comparison: Comparison;
  readonly limit: Limit;
}
