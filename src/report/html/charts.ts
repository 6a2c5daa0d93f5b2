/** The charts of a report as data: what the page's script draws with uPlot. */
import { percentilePoints } from "../../metrics/percentiles.ts";
import { rounded, unpacked } from "../../metrics/stats.ts";
import type { SummarySeries, SummarySlice } from "../../metrics/summary_schema.ts";

export interface Line {
  readonly label: string;
  /** Which of the page's colours. */
  readonly color: "p50" | "p95" | "p99" | "max" | "rate" | "bad" | "lag" | "other";
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
  readonly dashed?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly note?: string;
  /** `time`: seconds since the run's start. `percentile`: -log10(1 - share), so that each nine takes the same room. */
  readonly x: "time" | "percentile";
  readonly xs: readonly number[];
  readonly unit: "ms" | "per_s";
  readonly log: boolean;
  readonly lines: readonly Line[];
}

/** Spread of the values, largest to median, from which a logarithmic scale says more. */
const LOG_FROM = 15;

/** The curve ends at the percentile beyond which there is a single value. */
const MAX_NINES = 6;

/** The charts of one series over time and over its distribution; none where nothing finished. */
export function chartsOf(series: SummarySeries): Chart[] {
  if (series.count === 0) return [];
  const course = everySlice(series.course);
  const xs = course.map(({ at_s }) => at_s);
  return [
    latencyChart(xs, course),
    percentileChart(series),
    rateChart(xs, course, series.course.width_s),
    ...(series.lag_ms ? [lagChart(xs, course)] : []),
  ].filter((chart) => chart !== undefined);
}

interface Place {
  readonly at_s: number;
  /** Absent where nothing happened. */
  readonly slice?: SummarySlice | undefined;
}

/** From the first slice to the last without holes. */
function everySlice({ slices, width_s }: SummarySeries["course"]): Place[] {
  const byStart = new Map(slices.map((slice) => [slice.at_s, slice]));
  const first = slices[0]?.at_s ?? 0;
  const last = slices.at(-1)?.at_s ?? 0;
  const places: Place[] = [];
  for (let at_s = first; at_s <= last; at_s += width_s) {
    places.push({ at_s, slice: byStart.get(at_s) });
  }
  return places;
}

function latencyChart(xs: readonly number[], course: readonly Place[]): Chart | undefined {
  const histograms = course.map(({ slice }) => unpacked(slice?.response_time));
  const at = (percentile: number): (number | null)[] =>
    histograms.map((h) => (h.count === 0 ? null : ms(h.percentile(percentile))));
  const largest = Math.max(...histograms.map((h) => h.maxUs));
  const filled = histograms.filter((h) => h.count > 0);
  if (filled.length === 0) return undefined;
  const typical = median(filled.map((h) => h.percentile(50)));
  const typicalCount = median(filled.map((h) => h.count));
  const missing = typicalCount < 20 ? "p95 and p99" : typicalCount < 100 ? "p99" : undefined;
  return {
    title: "Response time",
    ...(missing !== undefined && {
      note: `Too few finish at a time for ${missing}: the percentile curve has them.`,
    }),
    x: "time",
    xs,
    unit: "ms",
    log: largest > LOG_FROM * typical,
    lines: [
      { label: "max", color: "max", values: at(100) },
      // Of fewer than a hundred values p99 is the maximum, of fewer than twenty p95 is.
      ...(typicalCount < 100 ? [] : [{ label: "p99", color: "p99", values: at(99) } as const]),
      ...(typicalCount < 20 ? [] : [{ label: "p95", color: "p95", values: at(95) } as const]),
      { label: "p50", color: "p50", values: at(50) },
    ],
  };
}

function percentileChart(series: SummarySeries): Chart | undefined {
  const [response, service] = [series.histograms.response_time, series.histograms.service_time]
    .map(unpacked);
  if (!response || !service || response.count === 0) return undefined;
  const end = Math.min(MAX_NINES, Math.log10(response.count));
  const shares = percentilePoints(response, 10).map(({ percentile }) => percentile)
    .filter((percentile) => percentile < 100 && nines(percentile) <= end);
  const xs = Array.from(new Set(shares));
  const at = (histogram: typeof response): (number | null)[] =>
    xs.map((percentile) => (histogram.count === 0 ? null : ms(histogram.percentile(percentile))));
  const spread = response.maxUs > LOG_FROM * response.percentile(50);
  return {
    title: "Percentiles",
    note: "What the arrivals waited, and what the server took of it.",
    x: "percentile",
    xs: xs.map((percentile) => rounded(nines(percentile), 5)),
    unit: "ms",
    log: spread,
    lines: [
      { label: "response time", color: "p95", values: at(response) },
      { label: "service time", color: "p50", values: at(service), dashed: true },
    ],
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function nines(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

function rateChart(xs: readonly number[], course: readonly Place[], widthS: number): Chart {
  const per = (of: (slice: SummarySlice) => number): number[] =>
    course.map(({ slice }) => (slice ? rounded(of(slice) / widthS) : 0));
  // A line along nought would alarm without a cause.
  const where = (label: string, color: Line["color"], values: readonly number[]): Line[] =>
    values.some((n) => n > 0) ? [{ label, color, values, fill: true }] : [];
  return {
    title: "Rate and failures",
    x: "time",
    xs,
    unit: "per_s",
    log: false,
    lines: [
      { label: "finished", color: "rate", values: per(({ count }) => count), fill: true },
      ...where("failed", "bad", per(({ failed }) => failed)),
      ...where("dropped", "other", per(({ dropped }) => dropped)),
    ],
  };
}

function lagChart(xs: readonly number[], course: readonly Place[]): Chart {
  const values = course.map(({ slice }) => slice?.max_lag_ms ?? null);
  return {
    title: "The generator's lag",
    note: "Largest lateness of a send; it is part of the response times.",
    x: "time",
    xs,
    unit: "ms",
    log: false,
    lines: [{ label: "lag, max", color: "lag", values, fill: true }],
  };
}

function ms(us: number): number {
  return rounded(us / 1000, 4);
}
