/** A signal that aborts when a time is over, or before that with another one. */
import { after, type Timer } from "../timer.ts";

export class TimeLimit {
  readonly signal: AbortSignal;
  readonly #end = new AbortController();
  readonly #timer: Timer;
  /** The time is over, and nothing else aborted it. */
  isOver = false;

  constructor(ms: number, sooner: AbortSignal) {
    this.signal = AbortSignal.any([sooner, this.#end.signal]);
    this.#timer = after(ms, () => {
      this.isOver = !this.signal.aborted;
      this.#end.abort();
    });
  }

  /** What still goes on under it ends. */
  abort(): void {
    this.clear();
    this.#end.abort();
  }

  clear(): void {
    this.#timer.clear();
  }
}

/** Resolves when the signal aborts, at once where it has; never where nobody waits any more. */
export function aborted(signal: AbortSignal, over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { signal: over });
  });
}
