/**
 * The clients behind the one seam: for what is measured certload's own or, as a second opinion, undici; for what is not
 * measured undici.
 */
import { dialer } from "./connect.ts";
import type { Pool } from "./exchange.ts";
import type { ClientOptions, Exchange, HttpClient, HttpRequest, SendOptions } from "./http.ts";
import { Http1Pool } from "./own/http1/pool.ts";
import { Http2Pool } from "./own/http2/pool.ts";
import { NegotiatingPool } from "./own/negotiating_pool.ts";
import { PooledClient } from "./own/pooled_client.ts";
import type { Origin } from "./stream.ts";

/**
 * A client for one scenario: connections are kept and shared by its requests. `send` never rejects; what goes wrong is
 * the exchange's `failure`. Durations of an exchange are microseconds, `timeoutMs` milliseconds, `maxBodyBytes` bytes of a
 * body without its Content-Encoding.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("hello"));
 * const client = await createClient({
 *   tls: { insecureSkipVerify: false },
 *   protocol: "http/1.1",
 *   maxBodyBytes: 1024,
 * });
 * const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
 * const answer = await client.send({ method: "GET", url, headers: {} }, { timeoutMs: 5_000 });
 * assertEquals([answer.status, answer.failure, answer.reused], [200, undefined, false]);
 * client.close();
 * await server.shutdown();
 *
 * const refused = await client.send({ method: "GET", url, headers: {} }, { timeoutMs: 5_000 });
 * assertEquals(refused.status, 0);
 * ```
 *
 * undici is loaded only where it is asked for: that takes about as long as all else of a start.
 */
export async function createClient(options: ClientOptions): Promise<HttpClient> {
  if (options.client !== "undici") return ownClient(options);
  const { UndiciClient } = await import("./undici/client.ts");
  return new UndiciClient(options);
}

/**
 * For what is asked beside the load: versions, counters, readiness, set-up and tear-down, conformance. HTTP/1.1 by
 * undici, which is loaded when the first request is sent.
 */
export function unmeasuredClient(options: Pick<ClientOptions, "tls" | "maxBodyBytes">): HttpClient {
  return new LateClient(() => createClient({ ...options, protocol: "http/1.1", client: "undici" }));
}

/** A client that is made when it is first needed. */
class LateClient implements HttpClient {
  readonly #make: () => Promise<HttpClient>;
  #made: Promise<HttpClient> | undefined;
  #closed = false;

  constructor(make: () => Promise<HttpClient>) {
    this.#make = make;
  }

  async send(request: HttpRequest, options: SendOptions): Promise<Exchange> {
    return (await this.#client()).send(request, options);
  }

  async open(url: URL, count: number, timeoutMs: number): Promise<number> {
    return (await this.#client()).open(url, count, timeoutMs);
  }

  close(): void {
    this.#closed = true;
    void this.#made?.then((client) => client.close());
  }

  #client(): Promise<HttpClient> {
    return this.#made ??= this.#make().then((client) => {
      if (this.#closed) client.close();
      return client;
    });
  }
}

function ownClient(options: ClientOptions): HttpClient {
  switch (options.protocol) {
    case "http/1.1":
      return new PooledClient(http1Pools(options));
    case "h2":
      return new PooledClient(http2Pools(options));
    case "auto":
      return new PooledClient(negotiatingPools(options));
  }
}

function http1Pools(options: ClientOptions): (origin: Origin) => Http1Pool {
  const dial = dialer(options.tls, ["http/1.1"], options.connectTo);
  return (origin) => new Http1Pool(origin, dial, options);
}

function http2Pools(options: ClientOptions): (origin: Origin) => Http2Pool {
  const dial = dialer(options.tls, ["h2"]);
  return (origin) => new Http2Pool(origin, dial, options);
}

function negotiatingPools(options: ClientOptions): (origin: Origin) => Pool {
  const dial = dialer(options.tls, ["h2", "http/1.1"]);
  const http1 = http1Pools(options), http2 = http2Pools(options);
  return (origin) => {
    if (!origin.secure) return http1(origin);
    const poolFor = (chosen: string): Http1Pool | Http2Pool =>
      chosen === "h2" ? http2(origin) : http1(origin);
    return new NegotiatingPool({ origin, dialer: dial, poolFor });
  };
}
