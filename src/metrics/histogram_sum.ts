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

/** While a sum is of no more values, no bucket has more, and 32 bits hold each. */
const MOST_IN_32_BITS = 2 ** 32 - 1;

type Page = Uint32Array | Float64Array;

/** Pages lie side by side in pieces of memory: one for each would cost as much again for keeping it. */
const SLAB = 512 * PAGE;
let slab = new Uint32Array();
let free = 0;

const NO_PAGE = new Uint32Array();

function newPage(): Uint32Array {
  if (free === slab.length) {
    slab = new Uint32Array(SLAB);
    free = 0;
  }
  return slab.subarray(free, free += PAGE);
}

export class HistogramSum {
  /** By the index of the bucket. */
  #pages: (Page | undefined)[] = [];
  #isWide = false;
  #count = 0;
  #wholeUs = 0;
  #parts = 0;
  #minUs = Infinity;
  #maxUs = 0;

  add({ count, sumUs, minUs, maxUs, indices, counts }: HistogramData): this {
    if (count === 0) return this;
    if (!this.#isWide && this.#count + count > MOST_IN_32_BITS) this.#widen();
    let at = -1;
    let page: Page = NO_PAGE;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      if (index >>> 7 !== at) {
        at = index >>> 7;
        page = this.#pages[at] ??= this.#isWide ? new Float64Array(PAGE) : newPage();
      }
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

  /** Doubles add up exactly, too, as counts are whole. */
  #widen(): void {
    this.#isWide = true;
    this.#pages = this.#pages.map((page) => page && Float64Array.from(page));
  }

  data(): HistogramData {
    const [indices, counts]: [number[], number[]] = [[], []];
    this.#pages.forEach((page, at) => {
      if (page === undefined) return;
      for (let i = 0; i < PAGE; i++) {
        if (page[i] === 0) continue;
        indices.push(at * PAGE + i);
        counts.push(page[i]!);
      }
    });
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
