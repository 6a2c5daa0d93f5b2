/** The value of a threshold's measure in a series of a summary; the same for a run and for its baseline. */
import type { Histogram } from "../metrics/histogram.ts";
import { unpacked } from "../metrics/stats.ts";
import type { SummaryScenario, SummarySeries } from "../metrics/summary_schema.ts";
import type { DurationMetric, Measure } from "../plan/threshold.ts";

export interface Measurement {
  /** Milliseconds, 0..1, per second, or a count; undefined when there is no sample. */
  readonly value: number | undefined;
  readonly samples: number;
}

/** What a series must have for a threshold on it; the whole run's is made of all scenarios'. */
export interface Measurable extends Pick<SummarySeries, "count" | "failed" | "rate_per_s"> {
  histogramOf(metric: DurationMetric): Histogram;
  /** What the flow measured itself; a scenario alone has such. */
  readonly own?: Pick<SummaryScenario, "observed" | "counters">;
}

export function measurable(series: SummarySeries | SummaryScenario): Measurable {
  const { count, failed, rate_per_s, histograms } = series;
  const histogramOf = (metric: DurationMetric): Histogram => unpacked(histograms[metric]);
  const measured = { count, failed, rate_per_s, histogramOf };
  return "counters" in series ? { ...measured, own: series } : measured;
}

export function measureOf(series: Measurable, measure: Measure): Measurement {
  switch (measure.kind) {
    case "duration":
      return duration(series.histogramOf(measure.metric), measure);
    case "observed":
      return duration(unpacked(series.own?.observed[measure.name]?.histogram), measure);
    case "counter":
      return counter(series, measure.name);
    case "share":
      return share(series, measure);
    case "error_rate":
      return plain(series, series.failed / series.count);
    case "rate":
      return plain(series, series.rate_per_s);
    case "count":
      return plain(series, series.count);
  }
}

/** `response_time p95`, `lag max`, `error_rate`, `wrong count`, `reset_share`. */
export function measureName(measure: Measure): string {
  switch (measure.kind) {
    case "duration":
      return `${measure.metric} ${statisticName(measure)}`;
    case "observed":
      return `${measure.name} ${statisticName(measure)}`;
    case "counter":
      return `${measure.name} count`;
    case "share":
      return measure.name;
    default:
      return measure.kind;
  }
}

function statisticName({ stat, percentile = 0 }: OfDurations): string {
  return stat === "percentile" ? `p${percentile}` : stat;
}

const UNITS = {
  duration: "ms",
  observed: "ms",
  error_rate: "ratio",
  share: "ratio",
  rate: "per_s",
  count: "count",
  counter: "count",
} as const satisfies Record<Measure["kind"], string>;

export function measureUnit({ kind }: Measure): (typeof UNITS)[Measure["kind"]] {
  return UNITS[kind];
}

/** A share, a rate and a count of nothing are no data: a limit from above must not pass over a scenario that never ran. */
function plain(series: Measurable, value: number): Measurement {
  return { value: series.count === 0 ? undefined : value, samples: series.count };
}

/** Never counted is 0, but not where nothing finished that could have counted, or all failed before it told anything. */
function counter({ own, count, failed }: Measurable, name: string): Measurement {
  const told = own !== undefined &&
    Object.keys(own.counters).length + Object.keys(own.observed).length > 0;
  const value = own?.counters[name] ?? (told || count > failed ? 0 : undefined);
  return { value, samples: count };
}

function share(
  { own }: Measurable,
  { of, among }: Extract<Measure, { kind: "share" }>,
): Measurement {
  const whole = own?.counters[among] ?? 0;
  if (whole === 0) return { value: undefined, samples: 0 };
  return { value: (own?.counters[of] ?? 0) / whole, samples: whole };
}

type OfDurations = Extract<Measure, { kind: "duration" | "observed" }>;

function duration(histogram: Histogram, measure: OfDurations): Measurement {
  const samples = histogram.count;
  if (samples === 0) return { value: undefined, samples };
  return { value: us(histogram, measure) / 1000, samples };
}

function us(histogram: Histogram, measure: OfDurations): number {
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
