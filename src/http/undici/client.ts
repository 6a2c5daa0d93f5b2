/**
 * HTTP by undici behind the same seam as the measured clients: for everything that is not measured, and for a second
 * opinion on what is (`client: undici`). Connections are made by certload's own dial, so failures have the same classes
 * and every certificate is seen; when a request is written comes from undici's diagnostics channel.
 */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import { Client, type Dispatcher, Pool } from "undici";
import { nowUs } from "../../clock.ts";
import { ANSWERED_IN_TLS, classify, type Stage, timedOut, TLS_ALERT } from "../classify.ts";
import { decodeBody } from "../content_coding.ts";
import { dialer } from "../connect.ts";
import { INTERRUPTED, LiveExchange, refuse, SENT_TOO_LATE } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { ClientOptions, Exchange, HttpClient, HttpRequest, SendOptions } from "../http.ts";
import { IDEMPOTENT } from "../idempotent.ts";
import { unsendable } from "../own/http1/request.ts";
import { type Origin, originOf } from "../stream.ts";
import { after } from "../../timer.ts";
import { Connector, type Wire } from "./connector.ts";
import { messageOf } from "../../message_of.ts";

/** undici announces a request and writes its head in one turn, so this tells whose head is written. */
let starting: UndiciExchange | undefined;

subscribe("undici:client:sendHeaders", (message) => {
  const { socket, headers } = message as { socket: Socket; headers: string };
  starting?.written(socket, headers.length);
  starting = undefined;
});

type UndiciOptions = Pick<ClientOptions, "tls" | "maxConnections" | "maxBodyBytes">;

/** HTTP/1.1 alone: undici's HTTP/2 loses what is under way where a server ends a connection. */
export class UndiciClient implements HttpClient {
  readonly #options: UndiciOptions;
  readonly #origins = new Map<string, OriginPool>();
  readonly #underWay = new Set<UndiciExchange>();
  #closed = false;

  constructor(options: UndiciOptions) {
    this.#options = options;
  }

  async send(request: HttpRequest, options: SendOptions): Promise<Exchange> {
    const exchange = new LiveExchange(request, nowUs());
    const refusal = unsendable(request) ?? (this.#closed ? SENT_TOO_LATE : undefined) ??
      (options.signal?.aborted ? INTERRUPTED : undefined);
    if (refusal !== undefined) return refuse(exchange, refusal);
    const deadlineUs = exchange.startedUs + options.timeoutMs * 1000;
    await this.#attempt(exchange, options, deadlineUs);
    if (!mayRepeat(exchange) || nowUs() >= deadlineUs) return exchange;
    exchange.retried = true;
    exchange.reused = false;
    exchange.failure = undefined;
    await this.#attempt(exchange, options, deadlineUs);
    return exchange;
  }

  open(url: URL, count: number, timeoutMs: number): Promise<number> {
    return this.#closed ? Promise.resolve(0) : this.#poolOf(url).connector.open(count, timeoutMs);
  }

  close(): void {
    this.#closed = true;
    for (const each of this.#underWay) each.abort(INTERRUPTED);
    for (const { pool, connector } of this.#origins.values()) {
      pool.destroy().catch(() => {});
      connector.close();
    }
  }

  async #attempt(exchange: LiveExchange, options: SendOptions, deadlineUs: number): Promise<void> {
    const origin = this.#poolOf(exchange.request.url);
    const { maxBodyBytes, maxConnections = Infinity } = this.#options;
    const waits = !options.fresh && origin.underWay >= maxConnections;
    const attempt = new UndiciExchange(exchange, {
      ...options,
      maxBodyBytes,
      deadlineUs,
      origin,
      waits,
    });
    this.#underWay.add(attempt);
    origin.underWay++;
    const single = options.fresh ? origin.single() : undefined;
    try {
      await attempt.sendBy(single ?? origin.pool);
    } finally {
      origin.underWay--;
      this.#underWay.delete(attempt);
      single?.destroy().catch(() => {});
    }
  }

  #poolOf(url: URL): OriginPool {
    let known = this.#origins.get(url.origin);
    if (known === undefined) {
      known = new OriginPool(url.origin, originOf(url), this.#options);
      this.#origins.set(url.origin, known);
    }
    return known;
  }
}

/** undici's limits on time and size are off: the exchange has its own, which are the same for all clients. */
const UNLIMITED = {
  headersTimeout: 0,
  bodyTimeout: 0,
  pipelining: 1,
  keepAliveTimeout: 600_000,
  allowH2: false,
};

class OriginPool {
  underWay = 0;
  readonly connector: Connector;
  readonly pool: Pool;
  readonly #url: string;
  readonly #singles: Connector;

  constructor(url: string, origin: Origin, { tls, maxConnections }: UndiciOptions) {
    this.#url = url;
    const dial = dialer(tls);
    this.connector = new Connector(origin, dial);
    this.#singles = new Connector(origin, dial);
    this.pool = new Pool(url, {
      ...UNLIMITED,
      connections: maxConnections ?? null,
      connect: this.connector.connect,
    });
  }

  single(): Client {
    return new Client(this.#url, { ...UNLIMITED, connect: this.#singles.connect });
  }

  /** Where the oldest attempt to connect stands; `exchange` where there is none. */
  stage(): Stage {
    return this.connector.stage ?? this.#singles.stage ?? "exchange";
  }

  wireOf(socket: Socket): Wire | undefined {
    return this.connector.wireOf(socket) ?? this.#singles.wireOf(socket);
  }

  get peer(): string {
    return this.connector.peer;
  }
}

/** A reused connection that gave no byte of an answer (RFC 9112 section 9.3.1). */
function mayRepeat({ failure, reused, status, ttfbUs, request }: LiveExchange): boolean {
  const lost = failure?.class === "closed" || failure?.class === "reset";
  return lost && reused && status === 0 && ttfbUs === undefined && IDEMPOTENT.has(request.method);
}

interface Attempt extends SendOptions {
  readonly maxBodyBytes: number;
  readonly deadlineUs: number;
  readonly origin: OriginPool;
  /** All connections of a closed set are taken. */
  readonly waits: boolean;
}

/** One request given to undici, filling in an exchange. */
class UndiciExchange implements Dispatcher.DispatchHandler {
  readonly #exchange: LiveExchange;
  readonly #attempt: Attempt;
  readonly #done = Promise.withResolvers<void>();
  readonly #chunks: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #bodyBytes = 0;
  #writtenUs = 0;
  #socket: Socket | undefined;
  #readBefore = 0;
  #over = false;

  constructor(exchange: LiveExchange, attempt: Attempt) {
    this.#exchange = exchange;
    this.#attempt = attempt;
  }

  async sendBy(dispatcher: Dispatcher): Promise<void> {
    const { signal, deadlineUs, origin, timeoutMs, fresh } = this.#attempt;
    const { method, url, headers, body } = this.#exchange.request;
    const onAbort = (): void => this.abort(INTERRUPTED);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = after(
      (deadlineUs - nowUs()) / 1000,
      () =>
        this.abort(timedOut(this.#socket ? "exchange" : origin.stage(), origin.peer, timeoutMs)),
    );
    try {
      dispatcher.dispatch({
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: { ...headers },
        body: body === undefined ? null : body,
        ...(fresh && { reset: true }),
      }, this);
    } catch (error) {
      this.#finish({ class: "client", message: `Cannot send a request: ${messageOf(error)}` });
    }
    await this.#done.promise;
    timer.clear();
    signal?.removeEventListener("abort", onAbort);
  }

  abort(failure: Failure): void {
    this.#finish(failure);
    this.#controller?.abort(new Error(failure.message));
  }

  /** undici writes the request to this socket now. */
  written(socket: Socket, headBytes: number): void {
    const exchange = this.#exchange;
    const { origin } = this.#attempt;
    this.#socket = socket;
    this.#writtenUs = nowUs();
    this.#readBefore = socket.bytesRead;
    const wire = origin.wireOf(socket);
    exchange.reused = wire?.used ?? true;
    const isNew = wire !== undefined && !wire.used;
    if (isNew) {
      if (wire.phases !== undefined) exchange.setPhases(wire.phases);
      wire.used = true;
    }
    // Where this was the second attempt, the durations hold both.
    if (!exchange.retried) this.#begin(isNew ? wire.startedUs : this.#writtenUs);
    exchange.certificate = wire?.certificate;
    exchange.protocol = "http/1.1";
    exchange.bytesSent += headBytes + (exchange.request.body?.length ?? 0);
  }

  /** What came before was the wait for one of a closed set of connections, or the generator's own time. */
  #begin(atUs: number): void {
    const exchange = this.#exchange;
    if (this.#attempt.waits) exchange.blockedUs = Math.max(0, atUs - exchange.startedUs);
    else if (atUs > exchange.startedUs) exchange.startedUs = atUs;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    starting = this;
    if (this.#over) controller.abort(new Error("over"));
  }

  onResponseStarted(): void {
    this.#exchange.ttfbUs ??= nowUs() - this.#writtenUs;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const exchange = this.#exchange;
    exchange.ttfbUs ??= nowUs() - this.#writtenUs;
    if (status < 200 || this.#over) return;
    exchange.status = status;
    exchange.fields = new Map(
      Object.entries(headers).flatMap(([name, value]) =>
        value === undefined
          ? []
          : [[name.toLowerCase(), [value].flat().map((each) => each.trim()).join(", ")]]
      ),
    );
    const announced = Number(exchange.fields.get("content-length") ?? 0);
    if (exchange.request.method !== "HEAD" && announced > this.#attempt.maxBodyBytes) {
      this.#tooLarge();
    }
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > this.#attempt.maxBodyBytes) this.#tooLarge();
    else this.#chunks.push(chunk.slice());
  }

  onResponseEnd(): void {
    this.#finish(undefined);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#finish(failureOf(error, this.#attempt.origin.peer));
  }

  #tooLarge(): void {
    const { maxBodyBytes, origin } = this.#attempt;
    const message = `The answer of ${origin.peer} is larger than ${maxBodyBytes} bytes`;
    this.abort({ class: "too_large", message });
  }

  #finish(failure: Failure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const exchange = this.#exchange;
    exchange.endedUs = nowUs();
    if (this.#attempt.waits && this.#socket === undefined) {
      exchange.blockedUs = exchange.endedUs - exchange.startedUs;
    }
    const { maxBodyBytes } = this.#attempt;
    exchange.body = joined(this.#chunks, Math.min(this.#bodyBytes, maxBodyBytes));
    exchange.failure = failure ??
      decodeBody(exchange, exchange.header("content-encoding"), maxBodyBytes);
    exchange.bytesReceived += Math.max(0, (this.#socket?.bytesRead ?? 0) - this.#readBefore);
    // undici takes a connection as free a round of the event loop later: who asked before would be given a new one.
    setImmediate(() => setImmediate(this.#done.resolve));
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    if (at + chunk.length > length) break;
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** A dial's failure comes as it is; undici's own errors have codes. */
function failureOf(error: Error, peer: string): Failure {
  const dialled = (error as { failure?: Failure }).failure;
  if (dialled !== undefined) return dialled;
  const code = String((error as { code?: unknown }).code ?? "");
  if (code.startsWith("HPE_") || error.name === "HTTPParserError") {
    const { data = "" } = error as { data?: string };
    if (data.charCodeAt(0) === TLS_ALERT) return ANSWERED_IN_TLS;
    return code === "HPE_HEADER_OVERFLOW"
      ? { class: "too_large", message: `The head of the answer of ${peer} is too large` }
      : { class: "protocol", message: `${peer} does not answer in HTTP: ${error.message}` };
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return { class: "too_large", message: `The head of the answer of ${peer} is too large` };
  }
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" || code === "UND_ERR_SOCKET") {
    return {
      class: "closed",
      message: `${peer} closed the connection before the answer was whole`,
    };
  }
  return classify(error, "exchange", peer);
}
