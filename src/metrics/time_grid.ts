/**
 * Slices of several machines on one grid of time. Each machine's are moved by whole slices, to the nearest: a slice has a
 * histogram, which cannot be divided, so a curve over time is off by half a slice at most, and nothing else is. As with
 * one run's slices, there are `MAX_SLICES` at most, then each two neighbours become one. In any order the same.
 */
import { MAX_SLICES } from "./slices.ts";

/** How slices become the sum of those in one place; sums may be changed in place. */
interface Adding<Slice, Sum> {
  readonly empty: () => Sum;
  readonly add: (sum: Sum, slice: Slice) => Sum;
  readonly join: (sum: Sum, other: Sum) => Sum;
}

export class TimeGrid<Slice, Sum> {
  readonly #adding: Adding<Slice, Sum>;
  #widthS = 1;
  /** Of those that were put here. */
  #narrowestS = Infinity;
  /** By the second of the grid in which they start. */
  #sums = new Map<number, Sum>();
  #first = Infinity;
  #last = -Infinity;

  constructor(adding: Adding<Slice, Sum>) {
    this.#adding = adding;
  }

  /**
   * @param originS Where on the grid the seconds of these slices are counted from.
   * @param widthS How wide they are: a power of two.
   */
  add(originS: number, widthS: number, slices: Iterable<readonly [second: number, Slice]>): void {
    const moved = inWholeSlices(originS, widthS);
    for (const [second, slice] of slices) {
      this.#narrowestS = Math.min(this.#narrowestS, widthS);
      this.#first = Math.min(this.#first, moved);
      this.#last = Math.max(this.#last, moved + second);
      while (this.#widthS < widthS || this.#isTooNarrow()) this.#widen();
      const start = this.#onGrid(moved + second);
      const sum = this.#sums.get(start) ?? this.#adding.empty();
      this.#sums.set(start, this.#adding.add(sum, slice));
    }
  }

  /**
   * Ascending, seconds counted from the whole's start.
   * @param originS The least with which slices were added, here or to another grid of the run.
   */
  slices(originS: number): { readonly widthS: number; readonly slices: [number, Sum][] } {
    if (this.#sums.size === 0) return { widthS: 1, slices: [] };
    const start = inWholeSlices(originS, this.#narrowestS);
    this.#first = Math.min(this.#first, start);
    while (this.#isTooNarrow()) this.#widen();
    const from = this.#onGrid(start);
    const slices = Array.from(this.#sums, ([second, sum]): [number, Sum] => [second - from, sum]);
    return { widthS: this.#widthS, slices: slices.sort(([a], [b]) => a - b) };
  }

  #isTooNarrow(): boolean {
    return this.#onGrid(this.#last) - this.#onGrid(this.#first) >= this.#widthS * MAX_SLICES;
  }

  #widen(): void {
    const before = this.#sums;
    this.#widthS *= 2;
    this.#sums = new Map();
    for (const [second, sum] of before) {
      const start = this.#onGrid(second);
      const there = this.#sums.get(start);
      this.#sums.set(start, there === undefined ? sum : this.#adding.join(there, sum));
    }
  }

  #onGrid(second: number): number {
    return Math.floor(second / this.#widthS) * this.#widthS;
  }
}

/** By how much slices of that width are moved: the nearest whole number of them, in seconds. */
function inWholeSlices(seconds: number, widthS: number): number {
  return Math.round(seconds / widthS) * widthS;
}
