/**
 * Time as an argument. Instants are microseconds since the Unix epoch on a clock that does not jump within a run;
 * every thread of a run reads the same one, so instants may be compared across threads.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { timerClock } from "./timer.ts";
 *
 * const clock: Clock = timerClock;
 * const startedUs = clock.nowUs();
 * await clock.sleepUntil(startedUs + 2_000); // two milliseconds
 * assert(clock.nowUs() - startedUs >= 2_000);
 * ```
 *
 * Code that is handed a `Clock` runs on `tests/virtual_clock.ts` in no time.
 */
export interface Clock {
  nowUs(): number;
  /**
   * Resolves at `instantUs` or as soon after as the clock can; at once when it has passed, or when `signal` aborts.
   * `thenUs`: for when the caller will sleep next, if it knows, so that a clock can prepare for it.
   */
  sleepUntil(instantUs: number, signal?: AbortSignal, thenUs?: number): Promise<void>;
}

/** Microseconds since the Unix epoch, monotonic within a thread. */
export function nowUs(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/**
 * How far the machine's own clock, which people and daemons set, is ahead of `nowUs()` now: to some microseconds, read
 * where its millisecond flips. Takes a millisecond.
 */
export function wallAheadUs(): number {
  const before = Date.now();
  let atMs = before;
  let atUs = 0;
  while (atMs === before) {
    atMs = Date.now();
    atUs = nowUs();
  }
  return atMs * 1000 - atUs;
}
