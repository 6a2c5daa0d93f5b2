/**
 * A run in slices of equal width, at most so many that the memory of a long run stays that of a short one: when there
 * are more, each two neighbours become one and the width doubles. Slices of several workers add up.
 */
import { Histogram } from "./histogram.ts";
import type { Slice } from "./recording.ts";

export const MAX_SLICES = 600;

/** A series over time. */
export interface TimeSeries {
  readonly widthS: number;
  /** Ascending; slices in which nothing happened are left out. */
  readonly slices: readonly Slice[];
}

export class SliceSeries {
  readonly #maxSlices: number;
  #widthS: number;
  /** By the second in which they start. */
  #slices = new Map<number, Slice>();

  /** @param widthS A power of two: slices are at least as wide. */
  constructor(maxSlices: number = MAX_SLICES, widthS = 1) {
    this.#maxSlices = maxSlices;
    this.#widthS = widthS;
  }

  add(slice: Slice): void {
    while (slice.second >= this.#widthS * this.#maxSlices) this.#halve();
    this.#put(slice);
  }

  timeSeries(): TimeSeries {
    const slices = Array.from(this.#slices.values()).sort((a, b) => a.second - b.second);
    return { widthS: this.#widthS, slices };
  }

  #halve(): void {
    const before = this.#slices.values();
    this.#widthS *= 2;
    this.#slices = new Map();
    for (const slice of before) this.#put(slice);
  }

  #put(slice: Slice): void {
    const second = slice.second - (slice.second % this.#widthS);
    const there = this.#slices.get(second);
    this.#slices.set(second, { ...(there ? addSlices(there, slice) : slice), second });
  }
}

/** Two slices as one; it starts where the first does. */
export function addSlices(a: Slice, b: Slice): Slice {
  return {
    second: a.second,
    count: a.count + b.count,
    failed: a.failed + b.failed,
    dropped: a.dropped + b.dropped,
    maxLagUs: Math.max(a.maxLagUs, b.maxLagUs),
    responseTime: Histogram.from(a.responseTime, b.responseTime).toData(),
    newestFailure: b.newestFailure ?? a.newestFailure,
  };
}
