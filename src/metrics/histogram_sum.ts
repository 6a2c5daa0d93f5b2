/**
 * Histograms added up one after the other, of which there may be thousands at once, such as one for each slice of each
 * step of a run on a thousand machines: only the stretches of buckets in which something is take room. Exact, and in any
 * order the same to the last bit, the sum of all values included.
 */
import type { HistogramData } from "./histogram.ts";

/** Buckets that are kept together: an eighth of those between a value and its double. */
const PAGE = 128;

/** Of a microsecond: what the exact sums are counted in, so that no order of adding rounds otherwise than another. */
const PART = 2 ** -24;

export class HistogramSum {
  /** By the index of the bucket; counts are whole, so that doubles add up exactly. */
  readonly #pages: (Float64Array | undefined)[] = [];
  #count = 0;
  #wholeUs = 0;
  #parts = 0;
  #minUs = Infinity;
  #maxUs = 0;

  add({ count, sumUs, minUs, maxUs, indices, counts }: HistogramData): this {
    if (count === 0) return this;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      const page = this.#pages[index >>> 7] ??= new Float64Array(PAGE);
      page[index & 127]! += counts[i]!;
    }
    this.#count += count;
    const whole = Math.floor(sumUs);
    this.#wholeUs += whole;
    this.#parts += Math.round((sumUs - whole) / PART);
    this.#minUs = Math.min(this.#minUs, minUs);
    this.#maxUs = Math.max(this.#maxUs, maxUs);
    return this;
  }

  data(): HistogramData {
    const [indices, counts]: [number[], number[]] = [[], []];
    this.#pages.forEach((page, at) =>
      page?.forEach((count, i) => {
        if (count === 0) return;
        indices.push(at * PAGE + i);
        counts.push(count);
      })
    );
    return {
      count: this.#count,
      sumUs: this.#wholeUs + this.#parts * PART,
      minUs: this.#count === 0 ? 0 : this.#minUs,
      maxUs: this.#maxUs,
      indices: Uint32Array.from(indices),
      counts: Float64Array.from(counts),
    };
  }
}
