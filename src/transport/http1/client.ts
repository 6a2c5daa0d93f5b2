/** The measured client: HTTP/1.1 over one road, a pool for each origin. */
import { nowUs } from "../../schedule/clock.ts";
import type { Failure } from "../failure.ts";
import type { ClientOptions, Exchange, HttpClient, HttpRequest, SendOptions } from "../http.ts";
import { originOf, type Road } from "../stream.ts";
import { Http1Exchange } from "./exchange.ts";
import { Http1Pool } from "./pool.ts";
import { serialise, unsendable } from "./request.ts";

/** What is derived from a request once, by its identity. */
interface Prepared {
  readonly pool: Http1Pool;
  readonly bytes: Uint8Array;
  /** The same with `Connection: close`, made when first wanted. */
  freshBytes?: Uint8Array;
}

const INTERRUPTED: Failure = { class: "interrupted", message: "The run was stopped" };
const CLOSED: Failure = { class: "client", message: "Cannot send a request: the client is closed" };

export class Http1Client implements HttpClient {
  readonly #road: Road;
  readonly #options: ClientOptions;
  readonly #pools = new Map<string, Http1Pool>();
  readonly #prepared = new WeakMap<HttpRequest, Prepared | Failure>();
  /** Signals that are listened to: one listener for each signal, not for each request. */
  readonly #signals = new WeakSet<AbortSignal>();
  #closed = false;

  constructor(road: Road, options: ClientOptions) {
    this.#road = road;
    this.#options = options;
  }

  send(request: HttpRequest, options: SendOptions): Promise<Exchange> {
    const startedUs = nowUs();
    const exchange = new Http1Exchange(request, startedUs);
    const prepared = this.#prepare(request);
    const refusal = this.#refusal(prepared, options.signal);
    if (refusal !== undefined) return Promise.resolve(refuse(exchange, refusal));
    return new Promise((resolve) => {
      const { pool } = prepared as Prepared;
      const bytes = bytesFor(prepared as Prepared, request, options);
      const deadlineUs = startedUs + options.timeoutMs * 1000;
      pool.submit({ exchange, bytes, options, deadlineUs, resolve });
    });
  }

  open(url: URL, count: number, timeoutMs: number): Promise<number> {
    return this.#closed ? Promise.resolve(0) : this.#poolFor(url).open(count, timeoutMs);
  }

  close(): void {
    this.#closed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #refusal(prepared: Prepared | Failure, signal: AbortSignal | undefined): Failure | undefined {
    if (this.#closed) return CLOSED;
    if (!("pool" in prepared)) return prepared;
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
    const made = unsendable(request) ??
      { pool: this.#poolFor(request.url), bytes: serialise(request, false) };
    this.#prepared.set(request, made);
    return made;
  }

  #poolFor(url: URL): Http1Pool {
    const key = url.origin;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new Http1Pool(originOf(url), this.#road, this.#options);
    this.#pools.set(key, pool);
    return pool;
  }
}

function bytesFor(prepared: Prepared, request: HttpRequest, options: SendOptions): Uint8Array {
  if (!options.fresh) return prepared.bytes;
  return prepared.freshBytes ??= serialise(request, true);
}

function refuse(exchange: Http1Exchange, failure: Failure): Exchange {
  exchange.failure = failure;
  exchange.endedUs = exchange.startedUs;
  return exchange;
}
