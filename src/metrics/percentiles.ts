/** The percentile curve of a histogram, as HdrHistogram walks it. */
import type { Histogram } from "./histogram.ts";

export interface PercentilePoint {
  /** 0..100 */
  readonly percentile: number;
  readonly us: number;
  /** Values up to and with this one. */
  readonly count: number;
}

/**
 * From 0 to 100 % in steps that halve each time that half of the way to 100 % is done, so that the tail has as many
 * points as the body: HdrHistogram's PercentileIterator. The last point is the maximum.
 */
export function percentilePoints(histogram: Histogram, ticksPerHalf = 5): PercentilePoint[] {
  const points: PercentilePoint[] = [];
  const total = histogram.count;
  let [seen, level] = [0, 0];
  for (const { highUs, count } of histogram.buckets()) {
    seen += count;
    while ((100 * seen) / total >= level) {
      points.push({ percentile: level, us: Math.min(highUs, histogram.maxUs), count: seen });
      level += 100 / ticksAt(level, ticksPerHalf);
      if (seen === total) break;
    }
  }
  if (total > 0) points.push({ percentile: 100, us: histogram.maxUs, count: total });
  return points;
}

/** Into how many steps all of 0..100 % would be cut at the width they have from `level` on. */
function ticksAt(level: number, ticksPerHalf: number): number {
  return ticksPerHalf * 2 ** (Math.floor(Math.log2(100 / (100 - level))) + 1);
}
