/**
 * A service station of queueing theory, M/M/c or M/D/c where arrivals are Poisson's: first come, first served, by so
 * many servers at once, each taking its service time. Pure: an arrival is told when it will be done, and that is all
 * the state there is, so no timer's lateness adds up.
 */
import { randomOf } from "../random.ts";

export interface StationOptions {
  /** Served at once, c. */
  readonly servers: number;
  /** Mean service time. The most that the station can do is `servers / serviceMs` a millisecond. */
  readonly serviceMs: number;
  /** Distribution of the service time; default exponential. */
  readonly service?: "exponential" | "constant";
  /** Of exponential service times; default 1. */
  readonly seed?: number;
  /** Most that wait; whoever comes beyond is turned away. Default 10,000. */
  readonly queue?: number;
}

const LONGEST_QUEUE = 10_000;

export class Station {
  readonly #freeMs: Float64Array;
  readonly #serviceMs: () => number;
  readonly #queue: number;
  /** When each of those who wait will be served, in order. */
  readonly #startsMs: number[] = [];

  constructor(options: StationOptions) {
    const { servers, serviceMs, service = "exponential", seed = 1 } = options;
    const random = randomOf(seed);
    this.#freeMs = new Float64Array(servers).fill(-Infinity);
    this.#queue = options.queue ?? LONGEST_QUEUE;
    this.#serviceMs = service === "constant"
      ? () => serviceMs
      : () => -serviceMs * Math.log(1 - random());
  }

  /**
   * When what arrives now is done; undefined where the queue is full. `nowMs` is any clock's, and does not go back. Who
   * has come is served, whether he waits for it or not.
   */
  arrive(nowMs: number): number | undefined {
    while (this.#startsMs.length > 0 && this.#startsMs[0]! <= nowMs) this.#startsMs.shift();
    const server = this.#firstFree();
    const startMs = Math.max(nowMs, this.#freeMs[server]!);
    if (startMs > nowMs) {
      if (this.#startsMs.length >= this.#queue) return undefined;
      this.#startsMs.push(startMs);
    }
    return this.#freeMs[server] = startMs + this.#serviceMs();
  }

  #firstFree(): number {
    let first = 0;
    for (let at = 1; at < this.#freeMs.length; at++) {
      if (this.#freeMs[at]! < this.#freeMs[first]!) first = at;
    }
    return first;
  }
}
