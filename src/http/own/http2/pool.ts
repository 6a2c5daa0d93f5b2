/**
 * The HTTP/2 connections to one origin: requests share one until it is full, then another is opened. Requests that find
 * it being made wait for it, which is their blocked time.
 */
import { nowUs } from "../../../clock.ts";
import { CLIENT_CLOSED, type Job, type Pool, settle } from "../../exchange.ts";
import type { Failure } from "../../failure.ts";
import type { ClientOptions } from "../../http.ts";
import { IDEMPOTENT } from "../../idempotent.ts";
import type { Connected, Dial, Dialer, DialResult, Origin } from "../../stream.ts";
import { WaitingJobs } from "../waiting.ts";
import { Http2Connection, type Http2Owner, USUAL_STREAMS } from "./connection.ts";

/** How often one request is sent again that servers say they have not touched. */
const MAX_RESENDS = 5;

export class Http2Pool implements Pool, Http2Owner {
  readonly #origin: Origin;
  readonly #name: string;
  readonly #dialer: Dialer;
  readonly #options: ClientOptions;
  readonly #max: number;
  /** Streams at a time that a connection is taken to have, until it says: as many as the last one said. */
  #streams = USUAL_STREAMS;
  readonly #shared = new Set<Http2Connection>();
  /** Connections for one fresh request. */
  readonly #single = new Set<Http2Connection>();
  /** Connections being made, with the job that each was begun for, if any. */
  readonly #dials = new Map<Dial, Job | undefined>();
  readonly #waiting = new WaitingJobs(({ options }) =>
    `No connection to ${this.#name} had room within ${options.timeoutMs} ms`
  );

  constructor(origin: Origin, dialer: Dialer, options: ClientOptions) {
    this.#origin = origin;
    this.#name = `${origin.hostname}:${origin.port}`;
    this.#dialer = dialer;
    this.#options = options;
    this.#max = options.maxConnections ?? Infinity;
  }

  submit(job: Job): void {
    const connection = job.options.fresh ? undefined : this.#withRoom();
    if (connection !== undefined) {
      job.exchange.begin();
      connection.run(job);
    } else if (this.#mustWait(job)) this.#waiting.add(job);
    else this.#dial(job);
  }

  /** One connection serves many requests, so one is what is opened, and all `count` requests find it. */
  async open(count: number, timeoutMs: number): Promise<number> {
    if (count > 0 && this.#withRoom() === undefined && this.#dials.size === 0 && !this.#full) {
      await new Promise<void>((resolve) => this.#dialIdle(timeoutMs, resolve));
    }
    return this.#withRoom() === undefined ? 0 : count;
  }

  interrupt(matches: (job: Job) => boolean, failure: Failure): void {
    for (const [dial, job] of [...this.#dials]) {
      if (job !== undefined && matches(job)) dial.cancel(failure);
    }
    this.#waiting.fail(matches, failure);
    for (const connection of this.#all()) connection.interrupt(matches, failure);
  }

  close(): void {
    this.#waiting.fail(() => true, CLIENT_CLOSED);
    for (const dial of [...this.#dials.keys()]) dial.cancel(CLIENT_CLOSED);
    for (const connection of this.#all()) connection.close();
  }

  onRoom(connection: Http2Connection): void {
    if (this.#single.has(connection)) return connection.close();
    for (let next; connection.hasRoom && (next = this.#waiting.first) !== undefined;) {
      // A fresh handshake at the head of the queue waits for a place, not for a stream.
      if (next.options.fresh) return;
      this.#waiting.shift();
      connection.run(next);
    }
  }

  onLimit(connection: Http2Connection, streams: number): void {
    this.#streams = Math.max(1, streams);
    if (this.#single.has(connection)) return;
    this.onRoom(connection);
    this.#serveWaiting();
  }

  onClosed(connection: Http2Connection): void {
    this.#single.delete(connection);
    this.#shared.delete(connection);
    this.#serveWaiting();
  }

  /**
   * Once more, on another connection that is there or made for it, where nothing can happen twice: as for HTTP/1.1, or
   * by the server's own word, and then more than once, for it takes a connection's first word to know how many streams
   * it has.
   */
  onLost(job: Job, failure: Failure, untouched: boolean): boolean {
    const { exchange } = job;
    const lost = failure.class === "closed" || failure.class === "reset";
    const harmless = exchange.reused && IDEMPOTENT.has(exchange.request.method);
    const most = untouched ? MAX_RESENDS : harmless ? 1 : 0;
    if (!lost || exchange.resends >= most) return false;
    exchange.resend();
    this.submit(job);
    return true;
  }

  get #full(): boolean {
    return this.#shared.size + this.#single.size + this.#dials.size >= this.#max;
  }

  #all(): Http2Connection[] {
    return [...this.#shared, ...this.#single];
  }

  #withRoom(): Http2Connection | undefined {
    for (const connection of this.#shared) if (connection.hasRoom) return connection;
  }

  /** No more connections are allowed, or those on the way, each with a request of its own, will have room for one more. */
  #mustWait({ options }: Job): boolean {
    if (this.#full) return true;
    return !options.fresh && this.#waiting.size < this.#dials.size * (this.#streams - 1);
  }

  #serveWaiting(): void {
    for (let next; (next = this.#waiting.first) !== undefined && !this.#mustWait(next);) {
      this.#waiting.shift();
      this.#dial(next);
    }
  }

  #dial(job: Job): void {
    const timeoutMs = Math.max(0, (job.deadlineUs - nowUs()) / 1000);
    const dial = this.#dialer(this.#origin, { timeoutMs }, (result) => {
      this.#dials.delete(dial);
      job.exchange.setPhases(dial.phases);
      this.#dialled(result, job);
    });
    this.#dials.set(dial, job);
  }

  #dialIdle(timeoutMs: number, done: () => void): void {
    const dial = this.#dialer(this.#origin, { timeoutMs }, (result) => {
      this.#dials.delete(dial);
      this.#dialled(result, undefined);
      done();
    });
    this.#dials.set(dial, undefined);
  }

  #dialled(result: DialResult, job: Job | undefined): void {
    if (!("stream" in result)) return this.#failed(result, job);
    if (result.protocol === "h2") return this.adopt(result, job);
    result.stream.destroy();
    const why = this.#origin.secure ? "ALPN did not choose h2" : "it is spoken over https only";
    const message = `The server at ${this.#name} cannot be asked over HTTP/2: ${why}`;
    this.#failed({ class: "protocol", message }, job);
  }

  /** What waited for this connection shares its failure. */
  #failed(failure: Failure, job: Job | undefined): void {
    if (job !== undefined) settle(job, failure);
    if (this.#dials.size === 0 && this.#shared.size === 0) this.#waiting.fail(() => true, failure);
    else this.#serveWaiting();
  }

  /** Takes a connection that was made, here or elsewhere, for a job and for whatever waits. */
  adopt({ stream, certificate }: Connected, job?: Job): void {
    const connection = new Http2Connection({
      stream,
      certificate,
      name: this.#name,
      maxBodyBytes: this.#options.maxBodyBytes,
      streams: this.#streams,
      owner: this,
    });
    const single = job?.options.fresh === true;
    (single ? this.#single : this.#shared).add(connection);
    if (job !== undefined) connection.run(job);
    if (!single) this.onRoom(connection);
  }
}
