/**
 * A server's own metrics before and after a run, and what the run added: the server's side of the story beside the
 * client's. Histograms are those of the run alone, by subtracting the buckets.
 */
import { type Exposition, type MetricSample, parseExposition } from "./exposition.ts";
import type { ServerMetricsSummary } from "./summary_schema.ts";

/** A reading of the endpoint: its text, or why there is none. */
export type Reading = { readonly text: string } | { readonly problem: string };

type Labels = Readonly<Record<string, string>>;
type CounterRow = ServerMetricsSummary["counters"][number];
type HistogramRow = ServerMetricsSummary["histograms"][number];

/** Series beyond this are left out: a server with millions of them must not fill the summary. */
const MAX_ROWS = 500;

export function compareReadings(
  url: string,
  before: Reading,
  after: Reading,
): ServerMetricsSummary {
  const problem = "problem" in before ? before.problem : "problem" in after ? after.problem : null;
  const first = "text" in before ? parseExposition(before.text) : undefined;
  const last = "text" in after ? parseExposition(after.text) : undefined;
  return {
    url,
    problem,
    counters: counterRows(first, last).slice(0, MAX_ROWS),
    histograms: histogramRows(first, last).slice(0, MAX_ROWS),
  };
}

function counterRows(first?: Exposition, last?: Exposition): CounterRow[] {
  const types = new Map([...first?.types ?? [], ...last?.types ?? []]);
  const inHistogram = ({ name }: MetricSample): boolean =>
    ["histogram", "summary"].includes(types.get(name.replace(/_(bucket|sum|count)$/, "")) ?? "");
  const before = byKey(first?.samples ?? []);
  const after = byKey(last?.samples ?? []);
  const all = new Map([...before, ...after]);
  return Array.from(all).filter(([, sample]) => !inHistogram(sample)).map(([key, sample]) => {
    const was = before.get(key)?.value ?? null;
    const is = after.get(key)?.value ?? null;
    const kind = types.get(sample.name) === "counter" ? "counter" : "gauge";
    // A counter's series exists only from its first event on: where the page was read, absent is 0.
    const start = kind === "counter" && was === null && first !== undefined ? 0 : was;
    const restarted = kind === "counter" && start !== null && is !== null && is < start;
    const delta = start === null || is === null ? null : restarted ? is : is - start;
    return { name: sample.name, labels: { ...sample.labels }, kind, before: was, after: is, delta };
  });
}

function byKey(samples: readonly MetricSample[]): Map<string, MetricSample> {
  return new Map(samples.map((sample) => [keyOf(sample.name, sample.labels), sample]));
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, ...Object.entries(labels).sort()]);
}

/** None without both readings: what the server has counted since its start is not the run's. */
function histogramRows(first?: Exposition, last?: Exposition): HistogramRow[] {
  if (first === undefined || last === undefined) return [];
  const before = byKey(first.samples);
  return Array.from(last.types).filter(([, type]) => type === "histogram").flatMap(([name]) => {
    const sums = byKey(last.samples.filter((sample) => sample.name === `${name}_sum`));
    return groupBuckets(last.samples.filter((sample) => sample.name === `${name}_bucket`))
      .map((samples) => {
        const { le: _, ...labels } = samples[0]?.labels ?? {};
        const sum = sums.get(keyOf(`${name}_sum`, labels));
        const added = addedSince(before, sum ? [sum, ...samples] : samples);
        return histogramRow(name, labels, bucketsOf(added), sum && added[0]?.value);
      });
  }).filter(({ count }) => count > 0);
}

/** What was added to the samples of one histogram. A server that was restarted in between counts from 0 again. */
function addedSince(
  before: ReadonlyMap<string, MetricSample>,
  samples: readonly MetricSample[],
): MetricSample[] {
  const was = ({ name, labels }: MetricSample): number =>
    before.get(keyOf(name, labels))?.value ?? 0;
  const restarted = samples.some((sample) => sample.value < was(sample));
  return samples.map((sample) => ({
    ...sample,
    value: restarted ? sample.value : sample.value - was(sample),
  }));
}

interface Bucket {
  readonly le: number;
  /** Observations up to `le`. */
  readonly cumulative: number;
}

/** The buckets that differ in nothing but `le`. */
function groupBuckets(samples: readonly MetricSample[]): MetricSample[][] {
  const groups = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = keyOf("", labels);
    groups.set(key, [...groups.get(key) ?? [], sample]);
  }
  return Array.from(groups.values());
}

function bucketsOf(samples: readonly MetricSample[]): Bucket[] {
  return samples.flatMap(({ labels: { le }, value }) =>
    le === undefined ? [] : [{ le: le === "+Inf" ? Infinity : Number(le), cumulative: value }]
  ).toSorted((a, b) => a.le - b.le);
}

function histogramRow(
  name: string,
  labels: Labels,
  buckets: readonly Bucket[],
  sum: number | undefined,
): HistogramRow {
  const count = buckets.at(-1)?.cumulative ?? 0;
  const at = (q: number): number | null => quantile(buckets, q);
  const avg = sum === undefined || count === 0 ? null : sum / count;
  return { name, labels: { ...labels }, count, avg, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** As Prometheus' `histogram_quantile`: linear within a bucket; in the last, open one, its lower bound. */
export function quantile(buckets: readonly Bucket[], q: number): number | null {
  const total = buckets.at(-1)?.cumulative ?? 0;
  if (total === 0) return null;
  const rank = q * total;
  let lower: Bucket = { le: 0, cumulative: 0 };
  for (const bucket of buckets) {
    if (bucket.cumulative >= rank) {
      if (bucket.le === Infinity) return lower.le;
      const inside = bucket.cumulative - lower.cumulative;
      const share = inside === 0 ? 1 : (rank - lower.cumulative) / inside;
      return lower.le + (bucket.le - lower.le) * share;
    }
    lower = bucket;
  }
  return lower.le;
}
