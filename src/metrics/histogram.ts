/**
 * Durations in microseconds, counted in the buckets of HdrHistogram with three significant digits: a bucket is never
 * wider than a thousandth of its values, whole microseconds up to 2048, so memory grows with the logarithm of the
 * largest value and not with the number of values. Count, sum, minimum and maximum are kept exactly beside the buckets.
 *
 * The bucket layout is the one of http://hdrhistogram.org (lowest value 1, 3 digits), so that `hdr_codec.ts` can write
 * what every HdrHistogram reads. It is written out here because `record` is on the hot path of every request, several
 * times, and costs 5-9 ns where hdr-histogram-js's `recordValue` costs 50-65.
 */

/** One more than the index of any value that a double holds exactly (2^53 µs). */
export const BUCKET_LIMIT = 46 * 1024;

/** Sub-buckets of the first bucket; each further bucket has the upper half of as many, twice as wide. */
const SUB_BUCKETS = 2048;
const HALF = SUB_BUCKETS / 2;
const HALF_BITS = 10;
const INT32_MAX = 0x7fffffff;

/** A histogram as plain data: structured clone, sparse, ascending. */
export interface HistogramData {
  readonly count: number;
  readonly sumUs: number;
  /** 0 when `count` is 0, as is `maxUs`. */
  readonly minUs: number;
  readonly maxUs: number;
  /** Indices of the buckets that hold something, and how much each holds. */
  readonly indices: Uint32Array;
  readonly counts: Float64Array;
}

export class Histogram {
  #counts = new Float64Array(SUB_BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  get count(): number {
    return this.#count;
  }
  /** Exact, as are `minUs`, `maxUs` and `meanUs`; all are 0 when nothing was recorded. */
  get sumUs(): number {
    return this.#sum;
  }
  get minUs(): number {
    return this.#count === 0 ? 0 : this.#min;
  }
  get maxUs(): number {
    return this.#max;
  }
  get meanUs(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Records a duration; a negative one, which only a stepping clock could give, is recorded as 0. */
  record(valueUs: number): void {
    const value = valueUs > 0 ? valueUs : 0;
    const index = bucketIndex(value);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index]!++;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Adds every value of another histogram; exact, and in any order the same. */
  add(other: Histogram | HistogramData): this {
    if (other.count === 0) return this;
    if (other instanceof Histogram) this.#addDense(other.#counts);
    else this.#addSparse(other.indices, other.counts);
    this.#count += other.count;
    this.#sum += other.sumUs;
    this.#min = Math.min(this.#min, other.minUs);
    this.#max = Math.max(this.#max, other.maxUs);
    return this;
  }

  /**
   * The smallest recorded value, to a bucket's width, that at least `percentile` percent of all values do not exceed:
   * the upper end of its bucket, as in HdrHistogram, yet never beyond the exact minimum and maximum. 0 when empty.
   */
  percentile(percentile: number): number {
    if (this.#count === 0) return 0;
    const rank = percentileRank(percentile, this.#count);
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank) return Math.min(Math.max(bucketHigh(i), this.#min), this.#max);
    }
    return this.#max;
  }

  /** Buckets that hold something, ascending: highest value (whole microseconds) and count. */
  *buckets(): Generator<{ index: number; highUs: number; count: number }> {
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index]!;
      if (count > 0) yield { index, highUs: bucketHigh(index), count };
    }
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  toData(): HistogramData {
    const used: number[] = [];
    this.#counts.forEach((count, index) => {
      if (count > 0) used.push(index);
    });
    return {
      count: this.#count,
      sumUs: this.#sum,
      minUs: this.minUs,
      maxUs: this.#max,
      indices: Uint32Array.from(used),
      counts: Float64Array.from(used, (index) => this.#counts[index]!),
    };
  }

  static from(...parts: readonly (Histogram | HistogramData | undefined)[]): Histogram {
    const sum = new Histogram();
    for (const part of parts) if (part) sum.add(part);
    return sum;
  }

  #addDense(counts: Float64Array): void {
    if (counts.length > this.#counts.length) this.#grow(counts.length - 1);
    for (let i = 0; i < counts.length; i++) this.#counts[i]! += counts[i]!;
  }

  #addSparse(indices: Uint32Array, counts: Float64Array): void {
    const last = indices.at(-1) ?? 0;
    if (last >= this.#counts.length) this.#grow(last);
    for (let i = 0; i < indices.length; i++) this.#counts[indices[i]!]! += counts[i]!;
  }

  #grow(index: number): void {
    const grown = new Float64Array((Math.floor(index / HALF) + 1) * HALF);
    grown.set(this.#counts);
    this.#counts = grown;
  }
}

/** 1-based rank of a percentile among `count` values; the factor keeps 99.9 % of 1,000 from being rounded up to 1,000. */
export function percentileRank(percentile: number, count: number): number {
  const rank = Math.ceil((percentile / 100) * count * (1 - 4 * Number.EPSILON));
  return Math.min(Math.max(rank, 1), count);
}

/** Bucket of a value in microseconds, fractions cut off. */
export function bucketIndex(value: number): number {
  if (value > INT32_MAX) return wideBucketIndex(value);
  const exponent = 31 - Math.clz32(value | (SUB_BUCKETS - 1)) - HALF_BITS;
  return exponent * HALF + (value >>> exponent);
}

/** The same beyond 32 bits (36 minutes). */
function wideBucketIndex(value: number): number {
  let sub = value;
  let exponent = 0;
  for (; sub >= SUB_BUCKETS; exponent++) sub /= 2;
  return exponent * HALF + Math.floor(sub);
}

/** Highest whole microsecond that falls into a bucket. */
export function bucketHigh(index: number): number {
  const exponent = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - exponent * HALF + 1) * 2 ** exponent - 1;
}
