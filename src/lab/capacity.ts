/**
 * Limits that are known, so that a search for a server's capacity has a right answer: a rate beyond which is refused or
 * waits, servers whose service takes time, a signer that is slow. Service is time that passes, not CPU: the lab's own
 * work runs beside it.
 */
import type { Clock } from "../clock.ts";
import { sleep, timerClock } from "../timer.ts";
import { TokenBuckets } from "./bucket.ts";
import { matches, type RequestMatch } from "./faults.ts";
import { Station, type StationOptions } from "./station.ts";

/** A token bucket over all that a limit holds for. */
export interface RateOptions {
  readonly perS: number;
  /** What may come at once after a pause; default half a second's worth. With less, chance alone is refused. */
  readonly burst?: number;
  /** What becomes of the rest: 429 as certctl's limiter gives it (default), or it waits for its turn. */
  readonly beyond?: "refuse" | "queue";
}

/** One limit. A request is held by the first that matches it: its rate, and then its station. */
export interface CapacityLimit extends RequestMatch {
  readonly rate?: RateOptions;
  readonly station?: StationOptions;
}

export interface CapacityOptions {
  readonly limits?: readonly CapacityLimit[];
  /** What signs certificates, for the API, ACME and the scheduler; absent: in no time. */
  readonly signer?: StationOptions;
}

/** `refused`: by a rate (429), or by a queue that is full (503). */
export type Admission = { readonly doneMs: number } | { readonly refused: 429 | 503 };

/** Whoever signs waits for his turn; false where the signer's queue is full, or the lab ends. */
export type SignerTurn = () => Promise<boolean>;

/** By so much the runtime's timers are late, whatever they are set to. */
const TIMER_LATENESS_MS = 1.1;

/**
 * The host's time for service that is looked at from outside: to the nearest turn of the runtime's timers, half a
 * millisecond early to half a millisecond late, where `timerClock` is 1 to 2 late. What is closer does not wait.
 */
export const serviceClock: Clock = {
  nowUs: timerClock.nowUs,
  async sleepUntil(instantUs, signal): Promise<void> {
    const waitMs = Math.round((instantUs - timerClock.nowUs()) / 1000 - TIMER_LATENESS_MS);
    if (waitMs >= 0) await sleep(waitMs, signal);
  },
};

interface Held {
  readonly limit: CapacityLimit;
  readonly bucket?: TokenBuckets;
  readonly station?: Station;
}

export class Capacity {
  readonly #limits: readonly Held[];
  readonly #signer: Station | undefined;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor({ limits = [], signer }: CapacityOptions, clock: Clock) {
    this.#limits = limits.map(heldBy);
    this.#signer = signer && new Station(signer);
    this.#clock = clock;
  }

  /** Of a request that comes now; undefined where no limit holds. */
  admit(request: Parameters<typeof matches>[1]): Admission | undefined {
    const held = this.#limits.find(({ limit }) => matches(limit, request));
    if (held === undefined) return undefined;
    const nowMs = this.#clock.nowUs() / 1000;
    const waitMs = rateWaitMs(held, nowMs);
    if (waitMs === undefined) return { refused: 429 };
    const startMs = nowMs + waitMs;
    if (held.station === undefined) return { doneMs: startMs };
    const doneMs = held.station.arrive(startMs);
    return doneMs === undefined ? { refused: 503 } : { doneMs };
  }

  /** Until the instant that `admit` gave, or the lab ends. */
  async wait(doneMs: number): Promise<void> {
    await this.#clock.sleepUntil(doneMs * 1000, this.#closing.signal);
  }

  readonly signerTurn: SignerTurn = async () => {
    if (this.#signer === undefined) return true;
    const doneMs = this.#signer.arrive(this.#clock.nowUs() / 1000);
    if (doneMs === undefined) return false;
    await this.wait(doneMs);
    return !this.#closing.signal.aborted;
  };

  /** Ends every wait, and lets no other begin. */
  close(): void {
    this.#closing.abort();
  }
}

function heldBy(limit: CapacityLimit): Held {
  const { rate, station } = limit;
  return {
    limit,
    ...(rate && {
      bucket: new TokenBuckets({
        capacity: rate.burst ?? Math.ceil(rate.perS / 2),
        refillPerSecond: rate.perS,
      }),
    }),
    ...(station && { station: new Station(station) }),
  };
}

const EVERYBODY = "everybody";

/** Undefined: refused. */
function rateWaitMs({ limit, bucket }: Held, nowMs: number): number | undefined {
  if (bucket === undefined) return 0;
  if (limit.rate?.beyond === "queue") return bucket.reserve(EVERYBODY, nowMs);
  return bucket.take(EVERYBODY, nowMs).allowed ? 0 : undefined;
}
