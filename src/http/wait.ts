/**
 * Waiting for what a server does in its own time, by asking again: the one way, for ACME's orders, for jobs and for
 * plans. What the waiting takes is observed apart from what the asking takes.
 */
import type { Clock } from "../clock.ts";
import type { Failure } from "./failure.ts";
import type { Exchange } from "./http.ts";
import { retryAfterMs } from "./retry_after.ts";

export interface WaitOptions {
  readonly clock: Clock;
  /** What is waited for, as messages name it: `the order /acme/order/1`. */
  readonly what: string;
  /** Least pause between an answer and the next poll, whatever Retry-After says. */
  readonly intervalMs: number;
  /** Each pause is twice the one before, up to this; left out: all are `intervalMs`. */
  readonly maxIntervalMs?: number;
  /** From the making of the wait to the last poll. */
  readonly timeoutMs: number;
  /** The plan's option that says so; for messages. */
  readonly timeoutOption: string;
  /** Pause as long as an answer asks for, where that is longer. */
  readonly honourRetryAfter: boolean;
  /** Ends a pause at once. */
  readonly signal: AbortSignal;
  /** Told each pause, as `poll_wait`. Microseconds. */
  readonly observe: (name: string, durationUs: number) => void;
}

/**
 * Pauses before the next poll. A Failure: there is no time for another one, or the run was stopped. `why` is what the
 * server has said has gone wrong so far.
 */
export type Wait = (last: Exchange, why?: string) => Promise<Failure | undefined>;

/**
 * A wait for one thing, which begins now. Its pauses are never shorter than the interval and never longer than what is
 * left of the timeout, at which comes the last poll.
 *
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { timerClock } from "../timer.ts";
 * import type { Failure } from "./failure.ts";
 * import type { Exchange } from "./http.ts";
 *
 * let pauses = 0;
 * const wait = createWait({
 *   clock: timerClock,
 *   what: "the job 17",
 *   intervalMs: 1,
 *   maxIntervalMs: 4,
 *   timeoutMs: 5,
 *   timeoutOption: "wait_until.timeout",
 *   honourRetryAfter: true,
 *   signal: new AbortController().signal,
 *   observe: () => void pauses++,
 * });
 * const stillRunning = { header: () => undefined } as unknown as Exchange;
 * let failure: Failure | undefined;
 * while (failure === undefined) failure = await wait(stillRunning);
 * assertEquals(failure.class, "timeout");
 * assert(pauses > 0);
 * ```
 */
export function createWait(options: WaitOptions): Wait {
  const { clock, what, intervalMs, maxIntervalMs = intervalMs, timeoutMs, signal } = options;
  const beganUs = clock.nowUs();
  let longestMs = 0;
  let pauseMs = intervalMs;
  return async (last, why) => {
    const startedUs = clock.nowUs();
    const askedMs = options.honourRetryAfter
      ? retryAfterMs(last.header("retry-after"), startedUs / 1000) ?? 0
      : 0;
    longestMs = Math.max(askedMs, longestMs);
    const passedMs = (startedUs - beganUs) / 1000;
    const leftMs = timeoutMs - passedMs;
    if (leftMs < intervalMs) return tooLong(options, { passedMs, longestMs, why });
    const waitMs = Math.min(Math.max(askedMs, pauseMs), leftMs);
    pauseMs = Math.max(intervalMs, Math.min(pauseMs * 2, maxIntervalMs));
    await clock.sleepUntil(startedUs + waitMs * 1000, signal);
    options.observe("poll_wait", clock.nowUs() - startedUs);
    return signal.aborted ? interrupted(what) : undefined;
  };
}

function interrupted(what: string): Failure {
  return { class: "interrupted", message: `Interrupted while waiting for ${what}` };
}

interface Patience {
  readonly passedMs: number;
  /** The longest Retry-After; 0: none. */
  readonly longestMs: number;
  readonly why: string | undefined;
}

function tooLong(
  { what, timeoutMs, timeoutOption }: WaitOptions,
  { passedMs, longestMs, why }: Patience,
): Failure {
  const asks = longestMs === 0 ? "" : `; Retry-After asked for ${Math.ceil(longestMs / 1000)} s`;
  const reason = why === undefined ? "" : `: ${why}`;
  return {
    // With the server's own reason it is no longer time that was missing.
    class: why === undefined ? "timeout" : "unexpected_body",
    message: `Gave up on ${what} after ${(passedMs / 1000).toFixed(1)} s of at most ` +
      `${timeoutMs / 1000} s (${timeoutOption})${asks}${reason}`,
  };
}
