/**
 * The HTTP/1.1 connections to one origin. The one used last is used next; where none is idle a new one is opened, and
 * only a closed set (`maxConnections`) makes requests wait, in order, which is their blocked time.
 */
import { nowUs } from "../../../clock.ts";
import { CLIENT_CLOSED, type Job, type Pool, settle } from "../../exchange.ts";
import type { Failure } from "../../failure.ts";
import type { ClientOptions } from "../../http.ts";
import type { Connected, Dial, Dialer, Origin } from "../../stream.ts";
import { WaitingJobs } from "../waiting.ts";
import { type ConnectionOwner, Http1Connection } from "./connection.ts";
import { IDEMPOTENT } from "../../idempotent.ts";

/** Connections that `open` has on the way at one time: a handshake costs the server, and this is no test of it. */
const OPENING_AT_ONCE = 32;

export class Http1Pool implements Pool, ConnectionOwner {
  readonly #origin: Origin;
  readonly #name: string;
  readonly #dialer: Dialer;
  readonly #options: ClientOptions;
  readonly #max: number;
  readonly #open = new Set<Http1Connection>();
  readonly #idle: Http1Connection[] = [];
  /** Connections that are kept for somebody, and those of them that are idle, by name. */
  readonly #kept = new Map<Http1Connection, string>();
  readonly #idleOf = new Map<string, Http1Connection>();
  /** Connections being made, with the job that each is for, if any. */
  readonly #dials = new Map<Dial, Job | undefined>();
  readonly #waiting = new WaitingJobs(({ options }) =>
    `No connection to ${this.#name} came free within ${options.timeoutMs} ms ` +
    `(max_connections is ${this.#max})`
  );

  constructor(origin: Origin, dialer: Dialer, options: ClientOptions) {
    this.#origin = origin;
    this.#name = `${origin.hostname}:${origin.port}`;
    this.#dialer = dialer;
    this.#options = options;
    this.#max = options.maxConnections ?? Infinity;
  }

  submit(job: Job): void {
    if (!job.options.fresh) {
      const idle = this.#idleFor(job);
      if (idle !== undefined) {
        job.exchange.begin();
        return idle.run(job);
      }
    } else if (this.#full) this.#idle[0]?.close();
    if (this.#full) this.#waiting.add(job);
    else this.#dial(job);
  }

  #idleFor(job: Job): Http1Connection | undefined {
    const name = this.#nameOf(job);
    if (name === undefined) return this.#idle.pop();
    const idle = this.#idleOf.get(name);
    this.#idleOf.delete(name);
    return idle;
  }

  /** Where connections are a closed set nobody has one of their own. */
  #nameOf({ options: { connection, fresh } }: Job): string | undefined {
    return fresh || this.#max !== Infinity ? undefined : connection;
  }

  /** Takes a connection that was made elsewhere, for a job or for the next one. */
  adopt(connected: Connected, job?: Job): void {
    const connection = this.#connection(connected, job?.options.fresh === true);
    const name = job && this.#nameOf(job);
    if (name !== undefined) this.#kept.set(connection, name);
    if (job === undefined) this.onIdle(connection);
    else connection.run(job);
  }

  async open(count: number, timeoutMs: number): Promise<number> {
    let left = count - this.#idle.length - this.#dials.size;
    const some = async (): Promise<void> => {
      while (left-- > 0 && !this.#full && await this.#dialIdle(timeoutMs));
    };
    await Promise.all(Array.from({ length: Math.min(left, OPENING_AT_ONCE) }, some));
    return this.#idle.length;
  }

  interrupt(matches: (job: Job) => boolean, failure: Failure): void {
    for (const [dial, job] of [...this.#dials]) {
      if (job !== undefined && matches(job)) dial.cancel(failure);
    }
    this.#waiting.fail(matches, failure);
    for (const connection of [...this.#open]) {
      if (connection.job !== undefined && matches(connection.job)) connection.fail(failure);
    }
  }

  close(): void {
    this.#waiting.fail(() => true, CLIENT_CLOSED);
    for (const dial of [...this.#dials.keys()]) dial.cancel(CLIENT_CLOSED);
    for (const connection of [...this.#open]) connection.close();
  }

  onIdle(connection: Http1Connection): void {
    const name = this.#kept.get(connection);
    if (name !== undefined) {
      // A second one was made while the first was busy.
      if (this.#idleOf.has(name)) connection.close();
      else this.#idleOf.set(name, connection);
      return;
    }
    const next = this.#waiting.first;
    if (next !== undefined && !next.options.fresh) {
      this.#waiting.shift();
      connection.run(next);
      return;
    }
    this.#idle.push(connection);
    // A fresh handshake at the head of the queue takes the place, not the connection.
    if (next !== undefined) connection.close();
  }

  onClosed(connection: Http1Connection): void {
    this.#open.delete(connection);
    const name = this.#kept.get(connection);
    if (name !== undefined) {
      this.#kept.delete(connection);
      if (this.#idleOf.get(name) === connection) this.#idleOf.delete(name);
    }
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#serveWaiting();
  }

  /**
   * A server may close a connection that it holds for idle while a request is on its way. Where the request is
   * idempotent and no byte of an answer came, it is sent once more on a new connection, as RFC 9112 section 9.3.1
   * allows. The time of both is in the exchange, and `retried` tells of it.
   */
  onLost(job: Job, failure: Failure): boolean {
    const { exchange } = job;
    const lost = failure.class === "closed" || failure.class === "reset";
    if (!lost || !exchange.reused || !IDEMPOTENT.has(exchange.request.method)) return false;
    exchange.resend();
    this.#dial(job);
    return true;
  }

  get #full(): boolean {
    return this.#open.size + this.#dials.size >= this.#max;
  }

  /** A place has come free. */
  #serveWaiting(): void {
    if (this.#full) return;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#dial(next);
  }

  #dial(job: Job): void {
    const timeoutMs = Math.max(0, (job.deadlineUs - nowUs()) / 1000);
    const dial = this.#dialer(this.#origin, { timeoutMs }, (result) => {
      this.#dials.delete(dial);
      job.exchange.setPhases(dial.phases);
      if ("stream" in result) this.adopt(result, job);
      else {
        settle(job, result);
        this.#serveWaiting();
      }
    });
    this.#dials.set(dial, job);
  }

  /** Opens a connection for nobody yet; false when that failed. */
  #dialIdle(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const dial = this.#dialer(this.#origin, { timeoutMs }, (result) => {
        this.#dials.delete(dial);
        if ("stream" in result) this.adopt(result);
        else this.#serveWaiting();
        resolve("stream" in result);
      });
      this.#dials.set(dial, undefined);
    });
  }

  #connection(connected: Connected, single: boolean): Http1Connection {
    const connection = new Http1Connection({
      ...connected,
      name: this.#name,
      maxBodyBytes: this.#options.maxBodyBytes,
      single,
      owner: this,
    });
    this.#open.add(connection);
    return connection;
  }
}
