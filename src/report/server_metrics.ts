/** The server's own metrics as lines of a table: what changed while the load was on. */
import type { ServerMetricsSummary } from "../metrics/summary_schema.ts";
import { formatCount, formatMs, significant } from "../metrics/format.ts";
import { oneLine } from "./style.ts";
import { fittedLines } from "./table.ts";
import { wrap } from "./width.ts";

type Counter = ServerMetricsSummary["counters"][number];
type ServerHistogram = ServerMetricsSummary["histograms"][number];

/** Which tier a metric is about, by its name; the first that fits. What fits none is about the server as a whole. */
const TIERS: readonly (readonly [tier: string, names: RegExp])[] = [
  ["acme", /acme/],
  ["connector", /deploy|connector/],
  ["api", /issuance|certificate|job|notification|ocsp/],
];

/** Beside the quantiles of a server's histograms, which would else seem as sharp as the client's. */
export const QUANTILES_NOTE =
  "Quantiles of the server's histograms lie somewhere in a bucket: they are interpolated, as Prometheus does it, but in the first and the last one, where one bound (≤, ≥) is all that is known";

/** The metrics of one tier; `undefined`: those that belong to none of the tiers that were run. */
export function metricsOfTier(
  metrics: ServerMetricsSummary,
  tier: string | undefined,
  tiers: readonly string[],
): ServerMetricsSummary {
  const mine = ({ name }: { readonly name: string }): boolean => {
    const its = TIERS.find(([, names]) => names.test(name))?.[0];
    return tier === (its !== undefined && tiers.includes(its) ? its : undefined);
  };
  const { counters, histograms } = metrics;
  return { ...metrics, counters: counters.filter(mine), histograms: histograms.filter(mine) };
}

/** Whether there is anything to show. */
export function tellsAnything(metrics: ServerMetricsSummary): boolean {
  return changedCounters(metrics).length > 0 || metrics.histograms.some(({ count }) => count > 0);
}

/** Counters that moved, and gauges that are not what they were. */
function changedCounters({ counters }: ServerMetricsSummary): Counter[] {
  return counters.filter(({ delta }) => delta !== null && delta !== 0);
}

/** `certctl_job_completed_total{type="issue"}` */
function metricName({ name, labels }: Pick<Counter, "name" | "labels">): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return oneLine(pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`);
}

/**
 * A value of a Prometheus metric; by its naming rules one of seconds ends in `_seconds`. Of a quantile `≤ 5 ms` in the
 * first bucket, `≥ 10 s` in the last, open one.
 */
function metricValue(name: string, value: number | ServerHistogram["p50"]): string {
  if (value === null) return "-";
  if (typeof value === "object") {
    const bound = { about: "", at_most: "≤ ", at_least: "≥ " }[value.is];
    return bound + metricValue(name, value.value);
  }
  return /_seconds$/.test(name) ? formatMs(value * 1000) : significant(value, 6);
}

/** A metric's name and its figures. */
export type MetricRow = readonly [name: string, ...cells: string[]];

export const COUNTER_HEADS = ["Before", "After", "Change"] as const;

/** Of counters that moved. */
export function counterRows(metrics: ServerMetricsSummary): MetricRow[] {
  return changedCounters(metrics).map(({ name, labels, before, after, delta }) => [
    metricName({ name, labels }),
    metricValue(name, before),
    metricValue(name, after),
    `${(delta ?? 0) > 0 ? "+" : ""}${metricValue(name, delta)}`,
  ]);
}

export const HISTOGRAM_HEADS = ["Count", "Avg", "p50", "p95", "p99"] as const;

/** Of histograms that hold anything. */
export function histogramRows({ histograms }: ServerMetricsSummary): MetricRow[] {
  return histograms.filter(({ count }) => count > 0).map((one) => [
    metricName(one),
    formatCount(one.count),
    ...[one.avg, one.p50, one.p95, one.p99].map((value) => metricValue(one.name, value)),
  ]);
}

export function serverMetricsTable(metrics: ServerMetricsSummary, width: number): string[] {
  const lines = (heads: readonly string[], rows: MetricRow[], drop: string[]): string[] => {
    const head = ["", ...heads.map((head) => head.toLowerCase())];
    return rows.length > 0 ? fittedLines({ head, rows }, { width, drop }).lines : [];
  };
  const seen = lines(HISTOGRAM_HEADS, histogramRows(metrics), ["count", "avg", "p50"]);
  return [
    ...lines(COUNTER_HEADS, counterRows(metrics), ["before", "after"]),
    ...seen,
    ...(seen.length > 0 ? wrap(QUANTILES_NOTE, width) : []),
  ];
}
