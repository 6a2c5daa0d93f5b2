/**
 * Durations in microseconds, counted by hdr-histogram-js with three significant digits: a bucket is never wider than a
 * thousandth of its values, whole microseconds up to 2048, so memory grows with the logarithm of the largest value and
 * not with the number of values. Count, sum, minimum and maximum are kept exactly beside the buckets.
 *
 * Of the library only the counting is imported: its WebAssembly and its encoder would cost each load thread some 25 ms
 * of CPU at its start. `hdr_codec.ts` reads and writes the encoding.
 */
import type { JsHistogram } from "hdr-histogram-js/dist/JsHistogram.js";
import float64 from "hdr-histogram-js/dist/Float64Histogram.js";

const { default: Float64Histogram } = float64;

/**
 * The library's, with the index of a value in whole numbers up to 32 bits (36 minutes): by a logarithm and two powers it
 * takes 70 ns to record a value, and so 20. It is on the hot path of every request, eight times.
 */
class Buckets extends Float64Histogram {
  override countsArrayIndex(value: number): number {
    if (value > 0x7fffffff) return super.countsArrayIndex(value);
    const exponent = 21 - Math.clz32(value | 2047);
    return exponent * 1024 + (value >>> exponent);
  }
}

/** One more than the index of any value that a double holds exactly (2^53 µs). */
export const BUCKET_LIMIT = 44 * 1024;

/** What the buckets alone cannot tell; all 0 when nothing was recorded. */
export interface ExactStats {
  readonly sumUs: number;
  readonly minUs: number;
  readonly maxUs: number;
}

/** A histogram as plain data: structured clone, sparse, ascending. */
export interface HistogramData extends ExactStats {
  readonly count: number;
  /** Indices of the buckets that hold something, and how much each holds. */
  readonly indices: Uint32Array;
  readonly counts: Float64Array;
}

const INDEX = new Buckets(1, 2, 3);

/** How many values are above `limitUs`, to a bucket's width: those of that very bucket are not. */
export function countAbove({ indices, counts }: HistogramData, limitUs: number): number {
  const last = INDEX.countsArrayIndex(Math.floor(limitUs));
  return counts.reduce((sum, count, at) => indices[at]! > last ? sum + count : sum, 0);
}

/**
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const latency = new Histogram();
 * for (const us of [900, 1_000, 1_100, 250_000]) latency.record(us);
 * assertEquals(latency.count, 4);
 * assertEquals(latency.maxUs, 250_000); // exact
 * assertEquals(latency.percentile(50), 1_000); // microseconds, to a thousandth
 * ```
 */
export class Histogram {
  /** The library's, whose own sum, minimum and maximum are those of the buckets. Not to be written to. */
  readonly hdr: JsHistogram;
  #sum: number;
  #min: number;
  #max: number;

  constructor(hdr: JsHistogram = new Buckets(1, 2, 3), exact?: ExactStats) {
    hdr.autoResize = true;
    this.hdr = hdr;
    this.#sum = exact?.sumUs ?? 0;
    this.#min = exact && hdr.totalCount > 0 ? exact.minUs : Infinity;
    this.#max = exact?.maxUs ?? 0;
  }

  get count(): number {
    return this.hdr.totalCount;
  }
  /** Exact, as are `maxUs` and `meanUs`; all are 0 when nothing was recorded. */
  get minUs(): number {
    return this.count === 0 ? 0 : this.#min;
  }
  get maxUs(): number {
    return this.#max;
  }
  get meanUs(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /** Records a duration; a negative one, which only a stepping clock could give, is recorded as 0. */
  record(valueUs: number): void {
    const value = valueUs > 0 ? valueUs : 0;
    this.hdr.recordValue(Math.floor(value));
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Adds every value of another histogram; exact, and in any order the same. */
  add(other: Histogram | HistogramData): this {
    if (other.count === 0) return this;
    if (other instanceof Histogram) this.hdr.add(other.hdr);
    else this.#addSparse(other);
    this.#sum += other instanceof Histogram ? other.#sum : other.sumUs;
    this.#min = Math.min(this.#min, other.minUs);
    this.#max = Math.max(this.#max, other.maxUs);
    return this;
  }

  /**
   * The smallest recorded value, to a bucket's width, that at least `percentile` percent of all values do not exceed:
   * the upper end of its bucket, as in HdrHistogram, yet never beyond the exact minimum and maximum. 0 when empty.
   */
  percentile(percentile: number): number {
    if (this.count === 0) return 0;
    return Math.min(Math.max(this.hdr.getValueAtPercentile(percentile), this.#min), this.#max);
  }

  /**
   * Percentiles to draw a curve by: from 0 to 100 in steps that halve each time that half of the way to 100 is done, so
   * that the tail has as many points as the body. None when empty.
   */
  percentileLevels(ticksPerHalf: number): number[] {
    const levels: number[] = [];
    const iterator = this.hdr.percentileIterator;
    iterator.reset(ticksPerHalf);
    while (iterator.hasNext()) levels.push(iterator.next().percentileLevelIteratedTo);
    return levels;
  }

  clear(): void {
    this.hdr.reset();
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  toData(): HistogramData {
    const { hdr } = this;
    const [indices, counts]: [number[], number[]] = [[], []];
    for (let index = 0, left = hdr.totalCount; left > 0 && index < hdr.countsArrayLength; index++) {
      const count = hdr.getCountAtIndex(index);
      if (count === 0) continue;
      indices.push(index);
      counts.push(count);
      left -= count;
    }
    return {
      count: this.count,
      sumUs: this.#sum,
      minUs: this.minUs,
      maxUs: this.#max,
      indices: Uint32Array.from(indices),
      counts: Float64Array.from(counts),
    };
  }

  static from(...parts: readonly (Histogram | HistogramData | undefined)[]): Histogram {
    const sum = new Histogram();
    for (const part of parts) if (part) sum.add(part);
    return sum;
  }

  /** By index, in a twentieth of the time that the library takes by value. */
  #addSparse({ indices, counts, maxUs }: HistogramData): void {
    const { hdr } = this;
    const last = indices.length - 1;
    const largest = hdr.valueFromIndex(indices[last]!);
    // It makes room for all others.
    hdr.recordValueWithCount(largest, counts[last]!);
    hdr.maxValue = Math.max(
      hdr.maxValue,
      Math.min(hdr.highestEquivalentValue(largest), Math.floor(maxUs)),
    );
    for (let i = 0; i < last; i++) {
      hdr.addToCountAtIndex(indices[i]!, counts[i]!);
      hdr.addToTotalCount(counts[i]!);
    }
  }
}

/** Of the layout alone, which all share. */
const layout = new Buckets(1, 2, 3);

/** Highest whole microsecond that falls into a bucket. */
export function bucketHigh(index: number): number {
  return layout.highestEquivalentValue(layout.valueFromIndex(index));
}

/** How many buckets a histogram has for which `highest` is the highest value. */
export function bucketsBelow(highest: number): number {
  return 1024 * Math.max(2, 1 + Math.floor(layout.countsArrayIndex(highest) / 1024));
}
