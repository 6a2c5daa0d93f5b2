/**
 * A server's own metrics before and after a run, and what the run added: the server's side of the story beside the
 * client's. Histograms are those of the run alone, by subtracting the buckets.
 */
import { foreign } from "../terminal.ts";
import { type Exposition, type MetricSample, parseExposition, parseValue } from "./exposition.ts";
import { formatCount } from "./format.ts";
import type { ServerMetricsSummary } from "./summary_schema.ts";

/** A reading of the endpoint: its text, or why there is none. */
export type Reading =
  | { readonly text: string; /** By its media type. */ readonly openMetrics?: boolean }
  | { readonly problem: string };

type Labels = Readonly<Record<string, string>>;
type CounterRow = ServerMetricsSummary["counters"][number];
type HistogramRow = ServerMetricsSummary["histograms"][number];
type Quantile = NonNullable<HistogramRow["p50"]>;

/** Series beyond this are left out: a server with millions of them must not fill the summary. */
const MAX_ROWS = 500;
const LINE_SHOWN = 100;

export function compareReadings(
  url: string,
  before: Reading,
  after: Reading,
): ServerMetricsSummary {
  const problem = "problem" in before ? before.problem : "problem" in after ? after.problem : null;
  const first = "text" in before ? readingOf(before) : undefined;
  const last = "text" in after ? readingOf(after) : undefined;
  const counters = counterRows(first, last);
  const histograms = histogramRows(first, last);
  return {
    url,
    problem,
    notes: [
      ...unreadNote(first, last),
      ...cutNote("before the run", first, before),
      ...cutNote("after the run", last, after),
      ...leftOutNote("counters and gauges", counters.length),
      ...leftOutNote("histograms", histograms.length),
    ],
    // What changed is worth more than what did not.
    counters: counters.toSorted((a, b) => Number(!a.delta) - Number(!b.delta)).slice(0, MAX_ROWS),
    histograms: histograms.slice(0, MAX_ROWS),
  };
}

/** An exposition with each family's type found for each of its samples. */
interface ReadPage extends Exposition {
  readonly familyOf: (name: string) => Family;
}

interface Family {
  readonly name: string;
  readonly type: string | undefined;
  /** `_total`, `_bucket`, ...; empty where the sample is called as its family is. */
  readonly suffix: string;
}

const SUFFIX = /_(?:total|created|bucket|sum|count|gsum|gcount|info)$/;

function readingOf({ text }: { readonly text: string }): ReadPage {
  const page = parseExposition(text);
  const familyOf = (name: string): Family => {
    const declared = page.types.get(name);
    const suffix = SUFFIX.exec(name)?.[0] ?? "";
    const stem = name.slice(0, name.length - suffix.length);
    const type = page.types.get(stem);
    return declared === undefined && type !== undefined
      ? { name: stem, type, suffix }
      : { name, type: declared, suffix: "" };
  };
  return { ...page, familyOf };
}

function unreadNote(first?: ReadPage, last?: ReadPage): string[] {
  const count = (first?.unread.count ?? 0) + (last?.unread.count ?? 0);
  const line = first?.unread.first ?? last?.unread.first;
  if (line === undefined) return [];
  const shown = foreign(line, LINE_SHOWN + 1);
  return [
    `${formatCount(count)} line${
      count === 1 ? " is" : "s are"
    } not in Prometheus' or OpenMetrics' text format, the ` +
    `first: ${JSON.stringify(shown)}`,
  ];
}

/** OpenMetrics ends with `# EOF`, so that a text that was cut off is not taken for a whole one. */
function cutNote(when: string, page: ReadPage | undefined, reading: Reading): string[] {
  const whole = page === undefined || page.ended ||
    !("openMetrics" in reading && reading.openMetrics);
  return whole ? [] : [`The text that was read ${when} is cut off: it does not end with # EOF`];
}

function leftOutNote(what: string, rows: number): string[] {
  return rows <= MAX_ROWS ? [] : [
    `${formatCount(rows)} ${what} were read: only ${formatCount(MAX_ROWS)} of them are kept`,
  ];
}

function counterRows(first?: ReadPage, last?: ReadPage): CounterRow[] {
  const single = (page?: ReadPage): MetricSample[] =>
    (page?.samples ?? []).filter(({ name }) => isSingle(page!.familyOf(name)));
  const before = byKey(single(first));
  const after = byKey(single(last));
  const all = new Map([...before, ...after]);
  return Array.from(all, ([key, { name, labels }]) => {
    const was = finite(before.get(key)?.value);
    const is = finite(after.get(key)?.value);
    const types = [last, first].map((page) => page?.familyOf(name).type);
    const kind = types.includes("counter") ? "counter" : "gauge";
    // A counter's series exists only from its first event on: where the page was read, absent is 0.
    const start = kind === "counter" && !before.has(key) && first !== undefined ? 0 : was;
    const restarted = kind === "counter" && start !== null && is !== null && is < start;
    const delta = start === null || is === null ? null : restarted ? is : is - start;
    return { name, labels: { ...labels }, kind, before: was, after: is, delta };
  });
}

/** Neither a part of a histogram or summary nor the instant at which a series began. */
function isSingle({ type, suffix }: Family): boolean {
  return suffix !== "_created" && !["histogram", "gaugehistogram", "summary"].includes(type ?? "");
}

/** JSON has neither NaN nor infinities. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function byKey(samples: readonly MetricSample[]): Map<string, MetricSample> {
  return new Map(samples.map((sample) => [keyOf(sample.name, sample.labels), sample]));
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, ...Object.entries(labels).sort()]);
}

/**
 * Histograms, and summaries, whose count and sum are of the run while their quantiles are not: those reach back before
 * it. None without both readings: what the server has counted since its start is not the run's.
 */
function histogramRows(first?: ReadPage, last?: ReadPage): HistogramRow[] {
  if (first === undefined || last === undefined) return [];
  const before = byKey(first.samples);
  const parts = last.samples.flatMap((sample) => {
    const family = last.familyOf(sample.name);
    const wanted = family.type === "histogram"
      ? ["_bucket", "_sum", "_count"]
      : family.type === "summary"
      ? ["_sum", "_count"]
      : [];
    if (!wanted.includes(family.suffix)) return [];
    const { le, ...labels } = sample.labels;
    const { suffix, name } = family;
    return [{ name, labels, suffix, le, sample, key: keyOf(name, labels) }];
  });
  return Array.from(Map.groupBy(parts, ({ key }) => key).values(), (group) => {
    const added = addedSince(before, group.map(({ sample }) => sample));
    const of = (suffix: string): number | undefined =>
      added[group.findIndex((part) => part.suffix === suffix)];
    const buckets = group.flatMap(({ suffix, le = "" }, i) => {
      const bound = suffix === "_bucket" ? parseValue(le) : undefined;
      return bound === undefined ? [] : [{ le: bound, cumulative: added[i]! }];
    }).sort((a, b) => a.le - b.le);
    const { name, labels } = group[0]!;
    return histogramRow(name, labels, buckets, of("_count"), of("_sum"));
  }).filter(({ count }) => count > 0);
}

/** What was added to the samples of one histogram. A server that was restarted in between counts from 0 again. */
function addedSince(
  before: ReadonlyMap<string, MetricSample>,
  samples: readonly MetricSample[],
): number[] {
  const was = ({ name, labels }: MetricSample): number =>
    before.get(keyOf(name, labels))?.value ?? 0;
  // A sum may fall by itself where negative values are observed; counts do not.
  const restarted = samples.some((sample) =>
    !sample.name.endsWith("_sum") && sample.value < was(sample)
  );
  return samples.map((sample) => restarted ? sample.value : sample.value - was(sample));
}

interface Bucket {
  readonly le: number;
  /** Observations up to `le`. */
  readonly cumulative: number;
}

function histogramRow(
  name: string,
  labels: Labels,
  buckets: readonly Bucket[],
  counted: number | undefined,
  sum: number | undefined,
): HistogramRow {
  const last = buckets.at(-1);
  const count = counted ?? last?.cumulative ?? 0;
  // The bucket of all is written by the standard, and made up where a server leaves it out.
  const all = last === undefined || last.le === Infinity
    ? buckets
    : [...buckets, { le: Infinity, cumulative: count }];
  const at = (q: number): Quantile | null => quantile(all, q);
  const avg = sum === undefined || count === 0 ? null : finite(sum / count);
  return { name, labels: { ...labels }, count, avg, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/**
 * Where in its bucket a quantile lies is not known. Between two bounds it is interpolated, as Prometheus'
 * `histogram_quantile` does it. The first bucket has no lower bound, and the last no upper one: there the one bound is
 * all that can be said (Prometheus takes the first to begin at 0, which halves the truth at will).
 */
export function quantile(buckets: readonly Bucket[], q: number): Quantile | null {
  const total = buckets.at(-1)?.cumulative ?? 0;
  const rank = q * total;
  const found = buckets.findIndex(({ cumulative }) => cumulative >= rank && cumulative > 0);
  const [bucket, lower] = [buckets[found], buckets[found - 1]];
  if (bucket === undefined || total <= 0) return null;
  if (bucket.le === Infinity) return lower ? { value: lower.le, is: "at_least" } : null;
  if (lower === undefined) return { value: bucket.le, is: "at_most" };
  const share = (rank - lower.cumulative) / (bucket.cumulative - lower.cumulative);
  return { value: lower.le + (bucket.le - lower.le) * share, is: "about" };
}
