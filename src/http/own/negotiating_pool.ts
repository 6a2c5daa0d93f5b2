/**
 * The connections to an origin whose protocol is not known yet (`protocol: auto`): the first connection offers HTTP/2
 * and HTTP/1.1 by ALPN (RFC 7301), and what the server chooses holds for all others.
 */
import { nowUs } from "../../clock.ts";
import { CLIENT_CLOSED, type Job, type Pool, settle } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { Connected, Dial, Dialer, Origin } from "../stream.ts";
import { WaitingJobs } from "./waiting.ts";

/** A pool that can take a connection made before it was. */
interface AdoptingPool extends Pool {
  adopt(connected: Connected, job?: Job): void;
}

interface NegotiatingOptions {
  readonly origin: Origin;
  /** Offers both protocols. */
  readonly dialer: Dialer;
  poolFor(protocol: Connected["protocol"]): AdoptingPool;
}

export class NegotiatingPool implements Pool {
  readonly #options: NegotiatingOptions;
  readonly #waiting: WaitingJobs;
  #chosen: AdoptingPool | undefined;
  #dial: Dial | undefined;
  #dialJob: Job | undefined;

  constructor(options: NegotiatingOptions) {
    this.#options = options;
    const { hostname, port } = options.origin;
    this.#waiting = new WaitingJobs(({ options: { timeoutMs } }) =>
      `No connection to ${hostname}:${port} within ${timeoutMs} ms`
    );
  }

  submit(job: Job): void {
    if (this.#chosen !== undefined) this.#chosen.submit(job);
    else if (this.#dial !== undefined) this.#waiting.add(job);
    else this.#negotiate((job.deadlineUs - nowUs()) / 1000, job);
  }

  async open(count: number, timeoutMs: number): Promise<number> {
    if (this.#chosen === undefined && this.#dial === undefined && count > 0) {
      await new Promise<void>((resolve) => this.#negotiate(timeoutMs, undefined, resolve));
    }
    return await this.#chosen?.open(count, timeoutMs) ?? 0;
  }

  interrupt(matches: (job: Job) => boolean, failure: Failure): void {
    this.#waiting.fail(matches, failure);
    if (this.#dialJob !== undefined && matches(this.#dialJob)) this.#dial?.cancel(failure);
    this.#chosen?.interrupt(matches, failure);
  }

  close(): void {
    this.#waiting.fail(() => true, CLIENT_CLOSED);
    this.#dial?.cancel(CLIENT_CLOSED);
    this.#chosen?.close();
  }

  #negotiate(timeoutMs: number, job: Job | undefined, done?: () => void): void {
    const { origin, dialer, poolFor } = this.#options;
    this.#dialJob = job;
    const dial = dialer(origin, { timeoutMs: Math.max(0, timeoutMs) }, (result) => {
      this.#dial = this.#dialJob = undefined;
      job?.exchange.setPhases(dial.phases);
      if ("stream" in result) this.#choose(poolFor(result.protocol), result, job);
      else this.#fail(result, job);
      done?.();
    });
    this.#dial = dial;
  }

  #choose(pool: AdoptingPool, connected: Connected, job: Job | undefined): void {
    this.#chosen = pool;
    pool.adopt(connected, job);
    for (let next; (next = this.#waiting.shift()) !== undefined;) pool.submit(next);
  }

  /** One of those that wait tries next, so that each failure is its own. */
  #fail(failure: Failure, job: Job | undefined): void {
    if (job !== undefined) settle(job, failure);
    const next = this.#waiting.shift();
    if (next !== undefined) this.submit(next);
  }
}
