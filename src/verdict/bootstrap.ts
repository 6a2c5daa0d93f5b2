/**
 * How sure a run's figures are, from its own slices: the circular block bootstrap (D. N. Politis and J. P. Romano,
 * "A circular block-resampling procedure for stationary data", 1992; after H. R. Künsch, 1989). Requests of one second
 * are alike, and so are neighbouring seconds; drawing whole blocks of seconds keeps that, where drawing single requests
 * would make every interval far too narrow.
 */
import { bucketHigh, Histogram } from "../metrics/histogram.ts";
import { unpacked } from "../metrics/stats.ts";
import type { SummarySeries } from "../metrics/summary_schema.ts";

export const PERCENTILES = [50, 95, 99] as const;

/** Resamples: the standard error of a standard error is then about 2 %. */
const RESAMPLES = 1000;

/** Blocks that a run is cut into at the most, so that a disturbance of a fifteenth of it stays whole. */
const MAX_BLOCKS = 15;

/** Slices that are drawn from at the most. */
const MAX_SLICES = 60;

/** Fewer blocks say nothing of how much they vary. */
const MIN_BLOCKS = 5;

export interface Uncertainty {
  /** Standard errors of the logarithms of p50, p95, p99. */
  readonly logPercentiles: readonly number[];
  /** Standard error of the failed share. */
  readonly errorRate: number;
  /** Degrees of freedom: independent blocks, less one. */
  readonly freedom: number;
}

/** One slice with its buckets as places in the list of all buckets that the run has used. */
interface Counts {
  readonly places: Uint32Array;
  readonly counts: Float64Array;
  readonly count: number;
  readonly failed: number;
}

/** Undefined where the run is too short to tell. */
export function uncertaintyOf(
  timeSeries: SummarySeries["course"],
  random: () => number,
): Uncertainty | undefined {
  const { slices, valuesUs } = prepare(timeSeries);
  const blockLength = blockLengthOf(slices.length);
  const blocks = Math.floor(slices.length / blockLength);
  if (blocks < MIN_BLOCKS) return undefined;
  const logs = PERCENTILES.map(() => new Float64Array(RESAMPLES));
  const errorRates = new Float64Array(RESAMPLES);
  const buckets = new Float64Array(valuesUs.length);
  for (let i = 0; i < RESAMPLES; i++) {
    const { count, failed } = resample(slices, blockLength, buckets, random);
    errorRates[i] = failed / count;
    percentilesOf(buckets, valuesUs).forEach((us, p) => logs[p]![i] = Math.log(Math.max(1, us)));
  }
  return {
    logPercentiles: logs.map(deviation),
    errorRate: deviation(errorRates),
    freedom: blocks - 1,
  };
}

/** n^(1/3) slices, the usual order for a variance, or longer for a long run. */
export function blockLengthOf(slices: number): number {
  return Math.max(1, Math.ceil(Math.cbrt(slices)), Math.ceil(slices / MAX_BLOCKS));
}

function prepare(timeSeries: SummarySeries["course"]): { slices: Counts[]; valuesUs: number[] } {
  const parts = groupsOf(timeSeries.slices.filter(({ count }) => count > 0)).map((group) => ({
    data: Histogram.from(...group.map((slice) => unpacked(slice.response_time))).toData(),
    count: group.reduce((sum, { count }) => sum + count, 0),
    failed: group.reduce((sum, { failed }) => sum + failed, 0),
  }));
  const used = new Set(parts.flatMap(({ data }) => Array.from(data.indices)));
  const ascending = Array.from(used).sort((a, b) => a - b);
  const placeOf = new Map(ascending.map((index, place) => [index, place]));
  return {
    slices: parts.map(({ data, count, failed }) => ({
      places: data.indices.map((index) => placeOf.get(index) ?? 0),
      counts: data.counts,
      count,
      failed,
    })),
    valuesUs: ascending.map(bucketHigh),
  };
}

/** Neighbours together, so that a long run costs no more than a short one; blocks are longer than that anyway. */
function groupsOf<T>(slices: readonly T[]): T[][] {
  const size = Math.ceil(slices.length / MAX_SLICES);
  const groups: T[][] = [];
  for (let at = 0; at < slices.length; at += size) groups.push(slices.slice(at, at + size));
  return groups;
}

/** Fills `buckets` with as many slices as there are, drawn in blocks that run on from the last to the first. */
function resample(
  slices: readonly Counts[],
  blockLength: number,
  buckets: Float64Array,
  random: () => number,
): { count: number; failed: number } {
  buckets.fill(0);
  let [count, failed, start] = [0, 0, 0];
  for (let i = 0; i < slices.length; i++) {
    if (i % blockLength === 0) start = Math.floor(random() * slices.length);
    const slice = slices[(start + (i % blockLength)) % slices.length]!;
    for (let k = 0; k < slice.places.length; k++) buckets[slice.places[k]!]! += slice.counts[k]!;
    count += slice.count;
    failed += slice.failed;
  }
  return { count, failed };
}

function percentilesOf(buckets: Float64Array, valuesUs: readonly number[]): number[] {
  const count = buckets.reduce((sum, n) => sum + n, 0);
  const ranks = PERCENTILES.map((p) => percentileRank(p, count));
  const found: number[] = [];
  let seen = 0;
  for (let i = 0; i < buckets.length && found.length < ranks.length; i++) {
    seen += buckets[i]!;
    while (found.length < ranks.length && seen >= ranks[found.length]!) found.push(valuesUs[i]!);
  }
  return ranks.map((_, i) => found[i] ?? 0);
}

/** 1-based rank of a percentile among `count` values; the factor keeps 99.9 % of 1,000 from being rounded up to 1,000. */
function percentileRank(percentile: number, count: number): number {
  const rank = Math.ceil((percentile / 100) * count * (1 - 4 * Number.EPSILON));
  return Math.min(Math.max(rank, 1), count);
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
