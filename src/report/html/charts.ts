/** The charts of a report as data: what the page's script draws with uPlot. */
import { rounded, unpacked } from "../../metrics/stats.ts";
import type {
  Summary,
  SummaryGaugeSlice,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
  ThresholdResult,
} from "../../metrics/summary_schema.ts";
import { gaugeWidthS } from "../../metrics/gauges.ts";
import { formatSeconds } from "../../metrics/format.ts";
import { oneLine } from "../style.ts";
import { scenariosOf } from "../../metrics/scenarios.ts";
import { offeredBy } from "./offered.ts";

/** Colours of the lines of several scenarios. */
const SCENARIO_COLORS = ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"] as const;

export interface Line {
  readonly label: string;
  /** Which of the page's colours. */
  readonly color:
    | "p50"
    | "p95"
    | "p99"
    | "max"
    | "rate"
    | "bad"
    | "lag"
    | "other"
    | "soft"
    | (typeof SCENARIO_COLORS)[number];
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
  readonly dashed?: boolean;
  /** Values of their own: each is marked, and nothing goes from one to the next. */
  readonly points?: "filled" | "hollow";
}

export interface Chart {
  readonly title: string;
  readonly note?: string;
  /** `time`: seconds since the run's start. `percentile`: -log10(1 - share), so that each nine takes the same room. */
  readonly x: "time" | "percentile" | "per_s" | "count";
  readonly xs: readonly number[];
  readonly unit: "ms" | "per_s" | "count" | "share";
  readonly log: boolean;
  /** Where the last slice begins, if the run ended within it: it is as wide as what was left. */
  readonly partial?: number;
  /** A place along x, and the interval in which it lies. */
  readonly mark?: { readonly at: number; readonly from: number; readonly to: number };
  readonly lines: readonly Line[];
}

/** Spread of the values, largest to median, from which a logarithmic scale says more. */
export const LOG_FROM = 15;

/** The curve ends at the percentile beyond which there is a single value. */
const MAX_NINES = 6;

/** What a series is held to and measured against: the plan's limits, and its load if it is a whole scenario. */
interface ChartContext {
  readonly thresholds?: readonly ThresholdResult[];
  readonly scenario?: SummaryScenario;
}

/** The charts of one series over time and over its distribution; none where nothing finished. */
export function chartsOf(series: SummarySeries, context: ChartContext = {}): Chart[] {
  if (series.count === 0) return [];
  const time = timeOf(series.course, context.scenario);
  return [
    latencyChart(time, context.thresholds ?? []),
    percentileChart(series),
    rateChart(
      time,
      series === context.scenario ? context.scenario : undefined,
      context.thresholds ?? [],
    ),
    ...(series.lag_ms ? [lagChart(time)] : []),
  ].filter((chart) => chart !== undefined);
}

/** Jobs at the server beside its limit; then whatever else a flow told as a value over time. */
export function gaugeCharts({ gauges }: SummaryScenario): Chart[] {
  const { jobs_in_flight: inFlight = [], jobs_limit: limits = [], ...others } = gauges;
  const limit = limits.length === 0
    ? undefined
    : rounded(Math.max(...limits.map(({ max }) => max)), 4);
  const jobs = gaugeChart("Jobs in flight", "count", inFlight);
  return [
    ...jobs.map((chart): Chart => ({
      ...chart,
      note: `The greatest of each ${
        formatSeconds(gaugeWidthS(inFlight.at(-1)!.at_s))
      }, by the server's own count.`,
      lines: [
        ...chart.lines,
        ...(limit === undefined ? [] : [
          {
            label: "limit",
            color: "soft",
            values: chart.xs.map(() => limit),
            dashed: true,
          } as const,
        ]),
      ],
    })),
    ...Object.entries(others).flatMap(([name, slices]) =>
      gaugeChart(
        oneLine(name).replaceAll("_", " "),
        name.endsWith("_per_s") ? "per_s" : "count",
        slices,
      )
    ),
  ];
}

/** Between two values the earlier one holds. */
function gaugeChart(
  title: string,
  unit: Chart["unit"],
  slices: readonly SummaryGaugeSlice[],
): Chart[] {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return [];
  const width_s = gaugeWidthS(last.at_s);
  const byStart = new Map(slices.map((slice) => [slice.at_s, slice]));
  let held = first.last;
  const places = placesOf({ width_s, slices: [] }, first.at_s, last.at_s);
  const values = places.map(({ at_s }) => {
    const slice = byStart.get(at_s);
    const value = slice?.max ?? held;
    held = slice?.last ?? held;
    return rounded(value, 4);
  });
  const xs = places.map(({ at_s }) => at_s);
  const lines = [{ label: title.toLowerCase(), color: "rate", values, fill: true } as const];
  return [{ title, x: "time", xs, unit, log: false, lines }];
}

/** All scenarios at a glance: the slowest of each slice's answers, and how many there were. */
export function overviewCharts(summary: Summary): Chart[] {
  const all = scenariosOf(summary).filter(([, { count }]) => count > 0);
  const width = Math.max(0, ...all.map(([, { course }]) => course.width_s));
  const times = all.map(([, data]) => timeOf(data.course, data));
  const starts = times.flatMap(({ places }) => places.map(({ at_s }) => at_s));
  if (starts.length === 0) return [];
  const end = Math.max(...times.map(({ end }) => end));
  const course = { width_s: width, slices: [] };
  const first = Math.min(...starts);
  const xs = placesOf(course, first, Math.max(...starts)).map(({ at_s }) => at_s);
  const shared = timeAxis(
    xs.map((at_s) => ({ at_s, covered: coveredOf(at_s, width, first, end) })),
    width,
    end,
  );
  const slowest = all.toSorted(([, a], [, b]) => p95Of(b) - p95Of(a)).slice(
    0,
    SCENARIO_COLORS.length,
  );
  const lines = all.filter((one) => slowest.includes(one)).map(([name, data], i): Line => ({
    label: oneLine(name),
    color: SCENARIO_COLORS[i]!,
    values: shared.valuesOf(sliceP95(data.course, xs, width)),
  }));
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const total = (of: (slice: SummarySlice) => number): (number | null)[] =>
    shared.valuesOf(
      xs.map((at, i) =>
        rate(
          sum(all.flatMap(([, { course }]) => slicesWithin(course, at, width).map(of))),
          shared.places[i]!.covered,
        )
      ),
    );
  const failed = total(({ failed }) => failed);
  return [
    {
      title: "Response time by scenario",
      note: [
        all.length > lines.length
          ? `p95 of each ${formatSeconds(width)}, of the ${lines.length} slowest.`
          : `p95 of each ${formatSeconds(width)}.`,
        ...partialNote(shared.axis),
      ].join(" "),
      ...shared.axis,
      unit: "ms",
      log: Math.max(...values) > LOG_FROM * median(values),
      lines,
    },
    {
      title: "Rate and failures, all scenarios",
      ...shared.axis,
      unit: "per_s",
      log: false,
      lines: [
        { label: "finished", color: "rate", values: total(({ count }) => count), fill: true },
        ...where("failed", "bad", failed),
      ],
    },
  ];
}

function p95Of({ response_time_ms: stats }: SummarySeries): number {
  return stats?.p95 ?? 0;
}

function slicesWithin(course: SummarySeries["course"], at: number, width: number): SummarySlice[] {
  return course.slices.filter(({ at_s }) => at_s >= at && at_s < at + width);
}

function sliceP95(
  course: SummarySeries["course"],
  xs: readonly number[],
  width: number,
): (number | null)[] {
  return xs.map((at) => {
    const worst = slicesWithin(course, at, width).flatMap(({ response_time }) => {
      const histogram = unpacked(response_time);
      return histogram.count === 0 ? [] : [ms(histogram.percentile(95))];
    });
    return worst.length === 0 ? null : Math.max(...worst);
  });
}

interface Place {
  readonly at_s: number;
  /** How much of the slice the scenario was on, in seconds. */
  readonly covered: number;
  /** Absent where nothing happened. */
  readonly slice?: SummarySlice | undefined;
}

/** Slices of a chart over time, and what all its lines have in common. */
interface Time {
  readonly places: readonly Place[];
  readonly end: number;
  readonly axis: Pick<Chart, "x" | "xs" | "partial">;
  /** One value a place, and the last again at the run's end where its slice is not whole. */
  valuesOf(values: readonly (number | null)[]): (number | null)[];
}

function partialNote({ partial, xs }: Time["axis"]): string[] {
  return partial === undefined
    ? []
    : [`Shaded: the last ${formatSeconds(rounded(xs.at(-1)! - partial))}, less than the others.`];
}

/** Less of a slice than this is not a whole one. */
const WHOLE = 0.95;

function timeOf(course: SummarySeries["course"], scenario: SummaryScenario | undefined): Time {
  const first = course.slices[0]?.at_s ?? 0;
  const last = course.slices.at(-1)?.at_s ?? 0;
  const start = scenario?.load.start_after_s ?? first;
  const end = scenario ? start + scenario.duration_s : last + course.width_s;
  const places = placesOf(course, first, last).map((place) => ({
    ...place,
    covered: coveredOf(place.at_s, course.width_s, start, end),
  }));
  return timeAxis(places, course.width_s, end);
}

function timeAxis(places: readonly Place[], width: number, end: number): Time {
  const last = places.at(-1);
  const xs = places.map(({ at_s }) => at_s);
  const isPartial = last !== undefined && places.length > 1 && end > last.at_s &&
    last.covered < WHOLE * width;
  return {
    places,
    end,
    axis: isPartial
      ? { x: "time", xs: [...xs, rounded(end)], partial: last.at_s }
      : { x: "time", xs },
    valuesOf: (values) => (isPartial ? [...values, values.at(-1) ?? null] : [...values]),
  };
}

const MOST_PLACES = 10_000;

/** From the first slice to the last without holes. */
function placesOf(
  { slices, width_s }: SummarySeries["course"],
  first: number,
  last: number,
): Omit<Place, "covered">[] {
  const byStart = new Map(slices.map((slice) => [slice.at_s, slice]));
  const places: Omit<Place, "covered">[] = [];
  // A summary that somebody else has written may have its slices far apart.
  const step = Math.max(width_s, (last - first) / MOST_PLACES);
  for (let at_s = first; at_s <= last; at_s += step) {
    places.push({ at_s, slice: byStart.get(at_s) });
  }
  return places;
}

/** Of a smaller part of a slice no rate can be told. */
const LEAST_COVERED = 0.05;

/** What lies between start and end of the slice at `at`; all of it where nothing would be left. */
function coveredOf(at: number, width: number, start: number, end: number): number {
  const covered = Math.min(at + width, end) - Math.max(at, start);
  return covered > 0 ? Math.max(covered, LEAST_COVERED * width) : width;
}

function latencyChart(
  { places, axis, valuesOf }: Time,
  thresholds: readonly ThresholdResult[],
): Chart | undefined {
  const histograms = places.map(({ slice }) => unpacked(slice?.response_time));
  const at = (percentile: number): (number | null)[] =>
    valuesOf(histograms.map((h) => (h.count === 0 ? null : ms(h.percentile(percentile)))));
  const largest = Math.max(...histograms.map((h) => h.maxUs));
  const filled = histograms.filter((h) => h.count > 0);
  if (filled.length === 0) return undefined;
  const typical = median(filled.map((h) => h.percentile(50)));
  const typicalCount = median(filled.map((h) => h.count));
  const missing = typicalCount < 20 ? "p95 and p99" : typicalCount < 100 ? "p99" : undefined;
  const isCurve = filled.length > 1 || typicalCount > 1;
  const curve = isCurve ? ": the percentile curve has them" : "";
  const limits = limitsOf(thresholds, "ms", ms(largest));
  const notes = [
    ...(missing ? [`Too few finish at a time for ${missing}${curve}.`] : []),
    ...limits.notes,
    ...partialNote(axis),
  ];
  return {
    title: "Response time",
    ...(notes.length > 0 && { note: notes.join(" ") }),
    ...axis,
    unit: "ms",
    log: largest > LOG_FROM * typical,
    lines: [
      { label: "max", color: "max", values: at(100) },
      // Of fewer than a hundred values p99 is the maximum, of fewer than twenty p95 is.
      ...(typicalCount < 100 ? [] : [{ label: "p99", color: "p99", values: at(99) } as const]),
      ...(typicalCount < 20 ? [] : [{ label: "p95", color: "p95", values: at(95) } as const]),
      { label: "p50", color: "p50", values: at(50) },
      ...limits.lines(axis.xs.length),
    ],
  };
}

/** A limit that lies further above the values than this would press them to the bottom; it is told in words. */
const LIMIT_REACH = 4;

/** The plan's limits of response times, or of rates, as level lines. */
function limitsOf(
  thresholds: readonly ThresholdResult[],
  unit: "ms" | "per_s",
  largest: number,
): { lines: (length: number) => Line[]; notes: string[] } {
  const limits = thresholds.filter(({ quantity, limit }) =>
    limit !== null && quantity !== null &&
    (unit === "ms"
      ? quantity.kind === "duration" && quantity.metric === "response_time"
      : quantity.kind === "rate")
  );
  const near = limits.filter(({ limit }) => limit! <= LIMIT_REACH * largest);
  const far = limits.filter((one) => !near.includes(one));
  return {
    lines: (length) =>
      near.map((one): Line => ({
        label: oneLine(one.text),
        color: one.verdict === "fail" || one.verdict === "regressed" ? "bad" : "soft",
        values: Array.from({ length }, () => rounded(one.limit!, 4)),
        dashed: true,
      })),
    notes: far.length === 0
      ? []
      : [`Far above: ${far.map(({ text }) => oneLine(text)).join(", ")}.`],
  };
}

function percentileChart(series: SummarySeries): Chart | undefined {
  const [response, service] = [series.histograms.response_time, series.histograms.service_time]
    .map(unpacked);
  // A single value is no curve.
  if (!response || !service || response.count < 2) return undefined;
  const end = Math.min(MAX_NINES, Math.log10(response.count));
  const shares = response.percentileLevels(10)
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

function rateChart(
  { places, axis, valuesOf }: Time,
  scenario: SummaryScenario | undefined,
  thresholds: readonly ThresholdResult[],
): Chart {
  const per = (of: (slice: SummarySlice) => number): (number | null)[] =>
    valuesOf(places.map(({ slice, covered }) => (slice ? rate(of(slice), covered) : 0)));
  const finished = per(({ count }) => count);
  const offered = scenario && scenario.offered ? offeredBy(scenario.load) : undefined;
  const largest = Math.max(...finished.map((value) => value ?? 0));
  const limits = limitsOf(thresholds, "per_s", largest);
  return {
    title: "Rate and failures",
    ...(limits.notes.length > 0 && { note: limits.notes.join(" ") }),
    ...axis,
    unit: "per_s",
    log: false,
    lines: [
      { label: "finished", color: "rate", values: finished, fill: true },
      ...where("failed", "bad", per(({ failed }) => failed)),
      ...where("dropped", "other", per(({ dropped }) => dropped)),
      ...(offered
        ? [
          {
            label: "offered",
            color: "soft",
            dashed: true,
            values: axis.xs.map((at, i) => rounded(offered(at, at + (places[i]?.covered ?? 0)))),
          } as const,
        ]
        : []),
      ...limits.lines(axis.xs.length),
    ],
  };
}

/** A line along nought would alarm without a cause. */
function where(label: string, color: Line["color"], values: readonly (number | null)[]): Line[] {
  return values.some((n) => n !== null && n > 0) ? [{ label, color, values, fill: true }] : [];
}

function lagChart({ places, axis, valuesOf }: Time): Chart {
  return {
    title: "The generator's lag",
    note: "Largest lateness of a send; it is part of the response times.",
    ...axis,
    unit: "ms",
    log: false,
    lines: [{
      label: "lag, max",
      color: "lag",
      values: valuesOf(places.map(({ slice }) => slice?.max_lag_ms ?? null)),
      fill: true,
    }],
  };
}

function rate(count: number, seconds: number): number {
  return rounded(count / seconds);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ms(us: number): number {
  return rounded(us / 1000, 4);
}
