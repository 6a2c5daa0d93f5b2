/**
 * Timers for any length of time. The runtime's own hold 31 bits of milliseconds (24.8 days) and fire at once beyond;
 * these are set again until the whole time is over.
 */
// @ts-types="./std_async.d.ts"
import { deadline } from "@std/async/deadline";
// @ts-types="./std_async.d.ts"
import { delay } from "@std/async/delay";
import { type Clock, nowUs } from "./clock.ts";

/** The longest time that `setTimeout` waits for. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Timer {
  clear(): void;
}

/** Calls `act` once, `ms` from now; at once (in a later turn) when that is not above 0. */
export function after(ms: number, act: () => void, longestMs: number = LONGEST_TIMER_MS): Timer {
  let handle: ReturnType<typeof setTimeout>;
  const arm = (leftMs: number): void => {
    const partMs = timerMs(leftMs, longestMs);
    handle = setTimeout(() => leftMs > partMs ? arm(leftMs - partMs) : act(), partMs);
  };
  arm(ms);
  return { clear: () => clearTimeout(handle) };
}

/** What `setTimeout` can be given for `ms`, for those that look at the clock when it fires and set it again. */
export function timerMs(ms: number, longestMs: number = LONGEST_TIMER_MS): number {
  return Math.max(0, Math.min(ms, longestMs));
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return delay(Math.ceil(ms), { signal }).catch(() => {});
}

/** What the promise resolves to; undefined when it has not within `ms`, or rejects. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return deadline(promise, timerMs(ms)).catch(() => undefined);
}

/** Good enough where nothing is measured: to the millisecond. */
export const timerClock: Clock = {
  nowUs,
  sleepUntil: (instantUs, signal) => sleep((instantUs - nowUs()) / 1000, signal),
};
