/** The value of a threshold's measure in a series of a summary; the same for a run and for its baseline. */
import type { Histogram } from "../metrics/histogram.ts";
import { unpacked } from "../metrics/stats.ts";
import type { SummarySeries } from "../metrics/summary_schema.ts";
import type { DurationMetric, Measure } from "../plan/threshold.ts";

export interface Measurement {
  /** Milliseconds, 0..1, per second, or a count; undefined when there is no sample. */
  readonly value: number | undefined;
  readonly samples: number;
}

/** What a series must have for a threshold on it; the whole run's is made of all scenarios'. */
export interface Measurable extends Pick<SummarySeries, "count" | "failed" | "rate_per_s"> {
  histogramOf(metric: DurationMetric): Histogram;
}

export function measurable(series: SummarySeries): Measurable {
  const { count, failed, rate_per_s, histograms } = series;
  const histogramOf = (metric: DurationMetric): Histogram => unpacked(histograms[metric]);
  return { count, failed, rate_per_s, histogramOf };
}

export function measureOf(series: Measurable, measure: Measure): Measurement {
  switch (measure.kind) {
    case "duration":
      return duration(series, measure);
    case "error_rate":
      return plain(series, series.failed / series.count);
    case "rate":
      return plain(series, series.rate_per_s);
    case "count":
      return plain(series, series.count);
  }
}

/** `response_time p95`, `lag max`, `error_rate`. */
export function measureName(measure: Measure): string {
  if (measure.kind !== "duration") return measure.kind;
  const stat = measure.stat === "percentile" ? `p${measure.percentile ?? 0}` : measure.stat;
  return `${measure.metric} ${stat}`;
}

export function measureUnit(measure: Measure): "ms" | "ratio" | "per_s" | "count" {
  const units = { duration: "ms", error_rate: "ratio", rate: "per_s", count: "count" } as const;
  return units[measure.kind];
}

/** A share, a rate and a count of nothing are no data: a limit from above must not pass over a scenario that never ran. */
function plain(series: Measurable, value: number): Measurement {
  return { value: series.count === 0 ? undefined : value, samples: series.count };
}

function duration(
  series: Measurable,
  measure: Extract<Measure, { kind: "duration" }>,
): Measurement {
  const histogram = series.histogramOf(measure.metric);
  const samples = histogram.count;
  if (samples === 0) return { value: undefined, samples };
  return { value: us(histogram, measure) / 1000, samples };
}

function us(histogram: Histogram, measure: Extract<Measure, { kind: "duration" }>): number {
  switch (measure.stat) {
    case "min":
      return histogram.minUs;
    case "avg":
      return histogram.meanUs;
    case "max":
      return histogram.maxUs;
    case "percentile":
      return histogram.percentile(measure.percentile ?? 0);
  }
}
