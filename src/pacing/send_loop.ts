/**
 * The one send loop. It asks the arrivals what is due, sleeps until then, and launches; it never waits for an answer,
 * and what it could not launch in time it launches late, with the planned instant unchanged.
 */
import { setImmediate } from "node:timers";
import type { Arrival, Arrivals } from "./arrivals.ts";
import type { Clock } from "../clock.ts";

export interface DriveOptions {
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  /** Instant of the scenario's start on the clock. */
  readonly originUs: number;
  readonly maxInFlight: number;
  /** Goes through the flow; tells whether it found nobody to talk to. Must not reject. */
  readonly launch: (arrival: Arrival) => Promise<{ readonly unconnected: boolean }>;
  /** The arrival found `maxInFlight` others in flight, and is not sent. */
  readonly drop: (arrival: Arrival) => void;
  /** Aborted: no new arrivals. Those in flight go on. */
  readonly signal: AbortSignal;
  /** Lets sockets and timers run; the default waits for the event loop's next round. */
  readonly yieldToLoop?: () => Promise<void>;
}

/** Launches in a row before sockets are heard: a loop that is behind must not starve the answers it waits for. */
const BURST = 64;

/** Resolves when the last arrival has been launched or dropped and all launched ones have run their course. */
export async function drive(options: DriveOptions): Promise<void> {
  const { arrivals, clock, originUs, signal } = options;
  const yieldToLoop = options.yieldToLoop ?? nextRound;
  const inFlight = new InFlight(options);
  let burst = 0;
  while (!signal.aborted) {
    const dueUs = arrivals.peekUs();
    if (dueUs === undefined) {
      if (inFlight.size === 0) break;
      await inFlight.completion();
    } else if (clock.nowUs() < originUs + dueUs) {
      burst = 0;
      await inFlight.sleepUntil(originUs + dueUs, originUs + (arrivals.peekUs(1) ?? Infinity));
    } else {
      inFlight.launch(arrivals.take());
      if (++burst % BURST === 0) await yieldToLoop();
    }
  }
  while (inFlight.size > 0) await inFlight.completion();
}

/** The arrivals on their way, and the waits that a completion or the end of the run cuts short. */
class InFlight {
  size = 0;
  readonly #options: DriveOptions;
  #completed: (() => void) | undefined;
  /** Kept from sleep to sleep until it is used. */
  #interrupt = new AbortController();
  #asleep = false;

  constructor(options: DriveOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#wake());
  }

  launch(arrival: Arrival): void {
    if (this.size >= this.#options.maxInFlight) {
      this.#options.drop(arrival);
      return;
    }
    this.size++;
    this.#options.launch(arrival).then(({ unconnected }) => this.#complete(arrival, unconnected));
  }

  completion(): Promise<void> {
    return new Promise((resolve) => this.#completed = resolve);
  }

  async sleepUntil(instantUs: number, thenUs: number): Promise<void> {
    this.#asleep = true;
    await this.#options.clock.sleepUntil(instantUs, this.#interrupt.signal, thenUs);
    this.#asleep = false;
  }

  #complete(arrival: Arrival, unconnected: boolean): void {
    const { arrivals, clock, originUs } = this.#options;
    this.size--;
    const before = arrivals.peekUs();
    arrivals.completed(arrival, clock.nowUs() - originUs, unconnected);
    // A user who has the answer may be due again before the instant that the loop sleeps for.
    if (arrivals.peekUs() !== before) this.#wake();
    this.#completed?.();
  }

  #wake(): void {
    if (!this.#asleep) return;
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
  }
}

function nextRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
