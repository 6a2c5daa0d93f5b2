/**
 * A listener and its connections: HTTP/1.1 written on `Deno.listenTls` (or plain TCP). Not on `node:https`, which
 * costs three times the CPU per request and, before Deno 2.8, has neither sockets to break nor certificates to change;
 * and not on `Deno.serve`, which lets nobody at its connections: a lab has to halve and garble answers.
 */
import { sleep } from "../../timer.ts";
import type { Capacity } from "../capacity.ts";
import type { Chaos } from "../chaos.ts";
import type { ServerName } from "../faults.ts";
import { Connection } from "./connection.ts";
import { type Accepting, FrontListener, type FrontOptions } from "./front.ts";
import type { Handler } from "./message.ts";

/** A certificate chain and its key, PEM. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A certificate for each connection by itself, where it changes while the server runs. */
export type CertificateChoice = Pick<FrontOptions, "choose" | "keeps">;

export interface HttpServerOptions {
  readonly name: ServerName;
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: KeyPair | CertificateChoice;
  readonly chaos: Chaos;
  /** Absent: no limit. */
  readonly capacity?: Capacity;
  readonly handler: Handler;
  /** Takes a line about a mistake of the lab's own. */
  readonly log: (line: string) => void;
  /** Default 10,000: a fleet of 5,000 agents keeps one each. */
  readonly maxConnections?: number;
}

/** What a server saw since it was started. */
export interface ServerCounts {
  readonly connections: number;
  /** Completed TLS handshakes. */
  readonly handshakes: number;
  readonly requests: number;
  /** Connections that are open now. */
  readonly open: number;
}

const OVERDUE_CHECK_MS = 5_000;
/** Beyond this, whoever keeps the server waiting longest makes room. */
const MAX_CONNECTIONS = 10_000;
/** Of them, at once: to end a handshake that is under way costs a search among all descriptors. */
const ROOM_SHARE = 1 / 16;
const ACCEPT_PAUSE_MS = 5;
const LISTEN_TRIES = 500;
const LISTEN_PAUSE_MS = 2;

export class HttpServer {
  readonly #options: HttpServerOptions;
  #tls: KeyPair | CertificateChoice | undefined;
  #listener: Accepting | undefined;
  #port: number;
  readonly #connections = new Set<Connection>();
  readonly #counts = { connections: 0, handshakes: 0, requests: 0 };
  readonly #overdueCheck: ReturnType<typeof setInterval>;
  #accepting: Promise<Deno.Conn> | undefined;
  readonly #running = new Set<Promise<void>>();

  /** Listens at once; throws Deno's error when it cannot. */
  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#port = options.port;
    this.#listen();
    this.#overdueCheck = setInterval(() => this.#closeOverdue(), OVERDUE_CHECK_MS);
  }

  /** `https://127.0.0.1:40123`; loopback where it listens on all addresses. */
  get origin(): string {
    return `${this.#tls ? "https" : "http"}://${reachable(this.#options.hostname)}:${this.#port}`;
  }

  get counts(): ServerCounts {
    return { ...this.#counts, open: this.#connections.size };
  }

  /** New connections see this pair; open ones stay. For an instant in between, connections are refused. */
  async show(pair: KeyPair): Promise<void> {
    if (this.#tls === undefined || this.#tls === pair) return;
    this.#tls = pair;
    if (this.#listener === undefined) return;
    await this.#unlisten();
    await this.#listenAgain();
  }

  /**
   * Ends the connections that wait for a request now, and the others once they have their answer, as nginx does it when
   * it reloads. Their number; a request that came too late is told.
   */
  cut(onUnanswered: () => void): number {
    let cut = 0;
    for (const connection of this.#connections) {
      if (!connection.isOpen) continue;
      cut++;
      if (this.#listener instanceof FrontListener) {
        this.#listener.expectEnd(connection.conn, onUnanswered);
      }
      connection.endWhenIdle();
    }
    return cut;
  }

  /** Stops listening and drops every connection, or listens again on the same port. */
  async setDown(down: boolean): Promise<void> {
    if (down === (this.#listener === undefined)) return;
    if (!down) return await this.#listenAgain();
    await this.#unlisten();
    this.#drop([...this.#connections]);
  }

  async close(): Promise<void> {
    clearInterval(this.#overdueCheck);
    const listener = this.#listener;
    await this.setDown(true);
    await Promise.all(this.#running);
    if (listener instanceof FrontListener) await listener.ended();
  }

  #listen(): void {
    const { hostname } = this.#options;
    const address = { hostname, port: this.#port };
    const listener = listen(address, this.#tls);
    this.#port = (listener.addr as Deno.NetAddr).port;
    this.#listener = listener;
    this.#track(this.#accept(listener));
  }

  /** The port is free once the accept that is under way has ended. */
  async #unlisten(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    await this.#accepting?.catch(() => {});
  }

  async #listenAgain(): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        return this.#listen();
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || tries === LISTEN_TRIES) throw error;
        await sleep(LISTEN_PAUSE_MS);
      }
    }
  }

  async #accept(listener: Accepting): Promise<void> {
    for (;;) {
      let conn: Deno.Conn;
      try {
        await this.#options.chaos.stall(this.#options.name);
        this.#accepting = listener.accept();
        conn = await this.#accepting;
      } catch (error) {
        if (this.#listener !== listener) return;
        // The peer went away before its connection was taken, or descriptors have run out for now.
        if (/too many open files/i.test(String(error))) this.#makeRoom();
        await sleep(ACCEPT_PAUSE_MS);
        continue;
      }
      this.#counts.connections++;
      this.#track(this.#serve(conn));
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    if (this.#connections.size >= (this.#options.maxConnections ?? MAX_CONNECTIONS)) {
      this.#makeRoom();
    }
    const onOpen = (): void => void this.#counts.handshakes++;
    const onRequest = (): void => void this.#counts.requests++;
    const { name: server, ...options } = this.#options;
    const connection = new Connection({ ...options, conn, server, onOpen, onRequest });
    this.#connections.add(connection);
    try {
      await connection.serve();
    } finally {
      connection.close();
      this.#connections.delete(connection);
    }
  }

  #track(promise: Promise<void>): void {
    this.#running.add(promise);
    promise.finally(() => this.#running.delete(promise));
  }

  #closeOverdue(): void {
    const nowMs = performance.now();
    this.#drop([...this.#connections].filter((each) => each.isOverdue(nowMs)));
  }

  /** Closes those that have kept the server waiting longest. */
  #makeRoom(): void {
    const nowMs = performance.now();
    const longestFirst = [...this.#connections].sort((a, b) =>
      b.waitedMs(nowMs) - a.waitedMs(nowMs)
    );
    this.#drop(longestFirst.slice(0, Math.ceil(longestFirst.length * ROOM_SHARE)));
  }

  /** At once out of the count: where a handshake cannot be ended, its connection lasts until the peer goes. */
  #drop(connections: readonly Connection[]): void {
    for (const connection of connections) {
      connection.close();
      this.#connections.delete(connection);
    }
  }
}

function listen(
  address: { readonly hostname: string; readonly port: number },
  tls: KeyPair | CertificateChoice | undefined,
): Accepting {
  if (tls === undefined) return Deno.listen(address);
  if ("choose" in tls) return new FrontListener({ ...address, ...tls });
  const { certificatePem: cert, keyPem: key } = tls;
  return Deno.listenTls({ ...address, cert, key, alpnProtocols: ["http/1.1"] });
}

function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  if (hostname === "::") return "[::1]";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
