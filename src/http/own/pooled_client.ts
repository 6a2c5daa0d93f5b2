/** What all clients share: a pool for each origin, requests prepared once, signals heard once. */
import { nowUs } from "../../clock.ts";
import {
  INTERRUPTED,
  LiveExchange,
  type Pool,
  type Prepared,
  refuse,
  SENT_TOO_LATE,
} from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { Exchange, HttpClient, HttpRequest, SendOptions } from "../http.ts";
import { unsendable } from "./http1/request.ts";
import { type Origin, originOf } from "../stream.ts";

export class PooledClient implements HttpClient {
  readonly #makePool: (origin: Origin) => Pool;
  readonly #pools = new Map<string, Pool>();
  readonly #prepared = new WeakMap<HttpRequest, Prepared | Failure>();
  /** Signals that are listened to: one listener for each signal, not for each request. */
  readonly #signals = new WeakSet<AbortSignal>();
  #closed = false;

  constructor(makePool: (origin: Origin) => Pool) {
    this.#makePool = makePool;
  }

  send(request: HttpRequest, options: SendOptions): Promise<Exchange> {
    const startedUs = nowUs();
    const exchange = new LiveExchange(request, startedUs);
    const prepared = this.#prepare(request);
    if ("class" in prepared) return Promise.resolve(refuse(exchange, prepared));
    const refusal = this.#refusal(options.signal);
    if (refusal !== undefined) return Promise.resolve(refuse(exchange, refusal));
    const deadlineUs = startedUs + options.timeoutMs * 1000;
    return new Promise((resolve) => {
      prepared.pool.submit({ exchange, prepared, options, deadlineUs, resolve });
    });
  }

  open(url: URL, count: number, timeoutMs: number): Promise<number> {
    return this.#closed ? Promise.resolve(0) : this.#poolFor(url).open(count, timeoutMs);
  }

  close(): void {
    this.#closed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #refusal(signal: AbortSignal | undefined): Failure | undefined {
    if (this.#closed) return SENT_TOO_LATE;
    if (signal === undefined) return undefined;
    if (signal.aborted) return INTERRUPTED;
    if (!this.#signals.has(signal)) this.#listen(signal);
  }

  #listen(signal: AbortSignal): void {
    this.#signals.add(signal);
    signal.addEventListener("abort", () => {
      for (const pool of this.#pools.values()) {
        pool.interrupt((job) => job.options.signal === signal, INTERRUPTED);
      }
    }, { once: true });
  }

  #prepare(request: HttpRequest): Prepared | Failure {
    const known = this.#prepared.get(request);
    if (known !== undefined) return known;
    const made = unsendable(request) ?? { pool: this.#poolFor(request.url) };
    this.#prepared.set(request, made);
    return made;
  }

  #poolFor(url: URL): Pool {
    const key = url.origin;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = this.#makePool(originOf(url));
    this.#pools.set(key, pool);
    return pool;
  }
}
