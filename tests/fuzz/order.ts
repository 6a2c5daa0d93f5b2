/** What the watching thread and the one that runs the targets tell each other. */

/** Cases that one seed makes: the first cases of a seed are small and special ones, the later ones anything. */
export const CHUNK = 500;

export interface Order {
  /** Of the targets, in the list's order. */
  readonly indices: readonly number[];
  readonly cases: number;
  /** When all of it is to be over (`Date.now()`). */
  readonly untilMs: number;
  readonly seed: number;
  /** Three numbers: the target under way, its cases begun, its seed. */
  readonly counter: SharedArrayBuffer;
}

export interface Outcome {
  readonly index: number;
  readonly cases: number;
  readonly tookMs: number;
  /** With the seed that shows it again. */
  readonly problem?: string;
  readonly seed?: number;
}
