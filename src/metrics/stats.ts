/** From histograms in microseconds to the summary's figures in milliseconds, and back. */
import { type BucketRoom, decodeBuckets, encodeHdr } from "./hdr_codec.ts";
import { Histogram, type HistogramData } from "./histogram.ts";
import type { Stats, SummaryHistogram } from "./summary_schema.ts";

/** Microseconds as milliseconds, to a tenth of a microsecond. */
export function msOf(us: number): number {
  return Math.round(us * 10) / 10_000;
}

/** A number without the digits that arithmetic made up. */
export function rounded(value: number, decimals = 3): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/** `part` of `whole`, 0..1; null when there is no whole. */
export function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : rounded(part / whole, 6);
}

/** How many cores a CPU time was, while a run took so long: 1.5 is one core and half of another. */
export function coresOf(cpuS: number, durationS: number): number {
  return durationS <= 0 ? 0 : rounded(cpuS / durationS);
}

/** Null where nothing was recorded. */
export function statsOf(data: HistogramData | undefined): Stats | null {
  if (!data || data.count === 0) return null;
  const histogram = Histogram.from(data);
  const percentile = (p: number): number => msOf(histogram.percentile(p));
  return {
    count: data.count,
    min: msOf(histogram.minUs),
    avg: msOf(histogram.meanUs),
    p50: percentile(50),
    p90: percentile(90),
    p95: percentile(95),
    p99: percentile(99),
    p999: percentile(99.9),
    max: msOf(histogram.maxUs),
  };
}

export function packed(data: HistogramData | undefined): SummaryHistogram | null {
  if (!data || data.count === 0) return null;
  const { count, sumUs, minUs, maxUs } = data;
  const hdr = encodeHdr(Histogram.from(data));
  return { count, sum_us: sumUs, min_us: minUs, max_us: maxUs, hdr };
}

/** @throws {RangeError} when the encoded buckets are damaged, or do not hold what is said beside them. */
export function unpacked(histogram: SummaryHistogram | null | undefined): Histogram {
  return histogram ? Histogram.from(unpackedData(histogram)) : new Histogram();
}

/** The same as plain data, its buckets in `room` where one is given. */
export function unpackedData(histogram: SummaryHistogram, room?: BucketRoom): HistogramData {
  const { count, sum_us: sumUs, min_us: minUs, max_us: maxUs } = histogram;
  const decoded = decodeBuckets(histogram.hdr, { sumUs, minUs, maxUs }, room);
  if (decoded.count === count) return decoded;
  throw new RangeError(
    `Cannot read a histogram as its buckets hold ${decoded.count} values: ${count} are said`,
  );
}
