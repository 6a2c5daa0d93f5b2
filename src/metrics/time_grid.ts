/**
 * Slices of several machines on one grid of time. Each machine's are moved by whole slices, to the nearest: a slice has a
 * histogram, which cannot be divided, so a curve over time is off by half a slice at most, and nothing else is. As with
 * one run's slices, there are `MAX_SLICES` at most, then each two neighbours become one. In any order the same.
 */
import { MAX_SLICES } from "./slices.ts";

export class TimeGrid<Cell> {
  readonly #join: (into: Cell, other: Cell) => Cell;
  #widthS = 1;
  /** Of those that were put here. */
  #narrowestS = Infinity;
  /** By the second of the grid in which they start. */
  #cells = new Map<number, Cell>();
  #first = Infinity;
  #last = -Infinity;

  constructor(join: (into: Cell, other: Cell) => Cell) {
    this.#join = join;
  }

  /**
   * @param originS Where on the grid the seconds of these slices are counted from.
   * @param widthS How wide they are: a power of two.
   */
  add(originS: number, widthS: number, slices: Iterable<readonly [second: number, Cell]>): void {
    const moved = inWholeSlices(originS, widthS);
    for (const [second, cell] of slices) {
      this.#narrowestS = Math.min(this.#narrowestS, widthS);
      this.#first = Math.min(this.#first, moved);
      this.#last = Math.max(this.#last, moved + second);
      while (this.#widthS < widthS || this.#isTooNarrow()) this.#widen();
      this.#put(moved + second, cell);
    }
  }

  /**
   * Ascending, seconds counted from the whole's start.
   * @param originS The least with which slices were added, here or to another grid of the run.
   */
  slices(originS: number): { readonly widthS: number; readonly slices: [number, Cell][] } {
    if (this.#cells.size === 0) return { widthS: 1, slices: [] };
    const start = inWholeSlices(originS, this.#narrowestS);
    this.#first = Math.min(this.#first, start);
    while (this.#isTooNarrow()) this.#widen();
    const from = this.#onGrid(start);
    const slices = Array.from(this.#cells, ([second, cell]): [number, Cell] => [
      second - from,
      cell,
    ]);
    return { widthS: this.#widthS, slices: slices.sort(([a], [b]) => a - b) };
  }

  #isTooNarrow(): boolean {
    return this.#onGrid(this.#last) - this.#onGrid(this.#first) >= this.#widthS * MAX_SLICES;
  }

  #widen(): void {
    const before = this.#cells;
    this.#widthS *= 2;
    this.#cells = new Map();
    for (const [second, cell] of before) this.#put(second, cell);
  }

  #put(second: number, cell: Cell): void {
    const start = this.#onGrid(second);
    const there = this.#cells.get(start);
    this.#cells.set(start, there === undefined ? cell : this.#join(there, cell));
  }

  #onGrid(second: number): number {
    return Math.floor(second / this.#widthS) * this.#widthS;
  }
}

/** By how much slices of that width are moved: the nearest whole number of them, in seconds. */
function inWholeSlices(seconds: number, widthS: number): number {
  return Math.round(seconds / widthS) * widthS;
}
