/**
 * Values over time, such as jobs in flight: of each second the greatest and the last. A long run's memory stays that of a
 * short one's, as with slices: beyond `MAX_SLICES` each two neighbours become one. Parts add up exactly, in any order.
 */
import { MAX_SLICES } from "./slices.ts";
import { own } from "./own.ts";

/** A value within a second of the run (or within more, once neighbours were made one). */
export interface GaugeSlice {
  /** Whole seconds from the run's start to the slice's. */
  readonly second: number;
  readonly max: number;
  /** The value at `lastUs`, in microseconds from the run's start. */
  readonly last: number;
  readonly lastUs: number;
}

/** By name, each ascending. */
export type Gauges = Readonly<Record<string, readonly GaugeSlice[]>>;

export class GaugeSeries {
  #widthS = 1;
  #slices = new Map<number, GaugeSlice>();

  /** `atUs`: from the run's start. */
  record(value: number, atUs: number): void {
    const second = Math.max(0, Math.floor(atUs / 1e6));
    this.add({ second, max: value, last: value, lastUs: atUs });
  }

  /** How wide slices are follows from the last one's second, so it needs no telling. */
  add(slice: GaugeSlice): this {
    while (slice.second >= this.#widthS * MAX_SLICES) this.#halve();
    const second = slice.second - slice.second % this.#widthS;
    const there = this.#slices.get(second);
    this.#slices.set(second, { ...(there ? addGaugeSlices(there, slice) : slice), second });
    return this;
  }

  slices(): GaugeSlice[] {
    return Array.from(this.#slices.values()).sort((a, b) => a.second - b.second);
  }

  #halve(): void {
    const before = this.#slices.values();
    this.#widthS *= 2;
    this.#slices = new Map();
    for (const slice of before) this.add(slice);
  }
}

export function addGaugeSlices(a: GaugeSlice, b: GaugeSlice): GaugeSlice {
  const later = a.lastUs > b.lastUs || (a.lastUs === b.lastUs && a.last > b.last) ? a : b;
  return { ...later, max: Math.max(a.max, b.max) };
}

export function addGauges(a: Gauges, b: Gauges): Gauges {
  const sum: Record<string, readonly GaugeSlice[]> = { ...a };
  for (const [name, slices] of Object.entries(b)) {
    const series = new GaugeSeries();
    for (const slice of [...own(sum, name) ?? [], ...slices]) series.add(slice);
    sum[name] = series.slices();
  }
  return sum;
}

/** How wide a series' slices are: as wide as its last needs it. */
export function gaugeWidthS(lastSecond: number): number {
  let widthS = 1;
  while (lastSecond >= widthS * MAX_SLICES) widthS *= 2;
  return widthS;
}
