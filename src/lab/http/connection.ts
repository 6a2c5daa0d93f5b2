/** One connection of a client: requests are read, handled and answered in turn until one side ends it. */
import type { Capacity } from "../capacity.ts";
import type { Chaos } from "../chaos.ts";
import type { AnswerFault, Effect, ServerName } from "../faults.ts";
import { refusalOf, wrongAnswer } from "./answer.ts";
import { type Head, parseHead } from "./head.ts";
import { IncomingRequest, writeAll } from "./incoming.ts";
import { type Handler, type LabRequest, type LabResponse, plainError } from "./message.ts";
import { Reader, TooLarge } from "./reader.ts";
import { halfOf, responseBytes } from "./wire.ts";

export interface ConnectionOptions {
  readonly conn: Deno.Conn;
  readonly server: ServerName;
  readonly chaos: Chaos;
  /** Absent: no limit. */
  readonly capacity?: Capacity;
  readonly handler: Handler;
  readonly log: (line: string) => void;
  /** The TLS handshake is done; on plain TCP, at once. */
  readonly onOpen: () => void;
  /** A request was read. */
  readonly onRequest: () => void;
}

const LINGER_MS = 500;
const HANDSHAKE_LIMIT_MS = 10_000;
/** For the next request, for all of a request, and for an answer to be taken. */
const WAIT_LIMIT_MS = 60_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #reader: Reader;
  #isOpen = false;
  #isIdle = false;
  #isLast = false;
  readonly #closed = Promise.withResolvers<void>();
  /** Since when the connection waits for its peer; `undefined` while the server is at work. */
  #waitsSinceMs: number | undefined = performance.now();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reader = new Reader((into) => this.#read(into));
  }

  /** Never rejects: what a peer does wrong ends its connection and no more. */
  async serve(): Promise<void> {
    const { conn } = this.#options;
    try {
      if ("handshake" in conn) {
        const handshake = (conn as Deno.TlsConn).handshake();
        if (await Promise.race([handshake, this.#closed.promise]) === undefined) return;
      }
      this.#opened();
      while (await this.#exchange());
    } catch (error) {
      if (error instanceof TooLarge) {
        await this.#write(plainError(431, "431 Request Header Fields Too Large")).catch(() => {});
      }
    } finally {
      this.close();
    }
  }

  /** Deno holds on to one whose handshake is under way until its peer goes. */
  close(): void {
    this.#closed.resolve();
    try {
      this.#options.conn.close();
    } catch {
      // Ended by the reading.
    }
  }

  get conn(): Deno.Conn {
    return this.#options.conn;
  }

  /** The handshake is done. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** At once where no request is being worked on, otherwise after its answer. */
  endWhenIdle(): void {
    this.#isLast = true;
    if (this.#isIdle) this.close();
  }

  /** For how long the peer has kept the connection waiting; 0 while the server is at work. */
  waitedMs(nowMs: number): number {
    return nowMs - (this.#waitsSinceMs ?? nowMs);
  }

  /** Whether the peer has had its time. */
  isOverdue(nowMs: number): boolean {
    return this.waitedMs(nowMs) > (this.#isOpen ? WAIT_LIMIT_MS : HANDSHAKE_LIMIT_MS);
  }

  async #read(into: Uint8Array): Promise<number | null> {
    this.#waitsSinceMs ??= performance.now(); // of a body: from its first byte on
    return await this.#options.conn.read(into);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#waitsSinceMs = performance.now();
    this.#options.onOpen();
  }

  /** Whether the connection goes on. */
  async #exchange(): Promise<boolean> {
    this.#waitsSinceMs = performance.now();
    this.#isIdle = true;
    const text = await this.#reader.head();
    this.#isIdle = false;
    if (text === undefined) return false;
    this.#waitsSinceMs = undefined;
    const head = parseHead(text);
    if (head === undefined) {
      await this.#write(plainError(400, "400 Bad Request"));
      return false;
    }
    return await this.#answer(head);
  }

  async #answer(head: Head): Promise<boolean> {
    const { chaos, capacity, server, onRequest } = this.#options;
    onRequest();
    await chaos.stall(server);
    const admission = capacity?.admit({ server, method: head.method, path: head.path });
    const effect = chaos.effect(server, head.method, head.path);
    const request = new IncomingRequest(head, this.#reader, this.#options.conn);
    const startedMs = performance.now();
    const response = admission && refusalOf(admission) ||
      effect?.rule && wrongAnswer(effect.rule, server) ||
      await this.#handle(request);
    this.#waitsSinceMs = undefined;
    // The answer's making is part of the service.
    if (admission && "doneMs" in admission) await capacity?.wait(admission.doneMs);
    if (effect) await this.#delay(effect, performance.now() - startedMs);
    if (!await request.drain()) {
      await this.#write(response, head);
      await this.#linger();
      return false;
    }
    this.#waitsSinceMs = undefined;
    if (effect?.rule && await this.#break(effect.rule.answer, response, head)) return false;
    const keepAlive = head.keepAlive && !this.#isLast;
    await this.#write(response, head, keepAlive);
    return keepAlive;
  }

  /** A handler that throws is a mistake of the lab's: 500, and a line in the log. */
  async #handle(request: LabRequest): Promise<LabResponse> {
    try {
      return await this.#options.handler(request);
    } catch (error) {
      this.#options.log(`${request.method} ${request.path} failed: ${error}`);
      return plainError(500, `{"error":"Internal Server Error"}`);
    }
  }

  /**
   * Reads on for a while after the last answer: a connection that is closed with unread data in it is reset, and takes
   * the answer along (RFC 9112 section 9.6).
   */
  async #linger(): Promise<void> {
    const { conn } = this.#options;
    const timer = setTimeout(() => this.close(), LINGER_MS);
    const dropped = new Uint8Array(16 * 1024);
    try {
      await conn.closeWrite();
      while (await conn.read(dropped) !== null);
    } catch {
      // The time is over, or the peer has gone.
    } finally {
      clearTimeout(timer);
    }
  }

  async #delay({ delayMs, slowdown }: Effect, tookMs: number): Promise<void> {
    const waitMs = delayMs + slowdown * tookMs;
    if (waitMs > 0) await this.#options.chaos.sleep(waitMs);
  }

  /** Faults of the wire; whether there was one, which is the end of the connection. */
  async #break(answer: AnswerFault, response: LabResponse, head: Head): Promise<boolean> {
    const { conn, chaos } = this.#options;
    switch (answer) {
      case "close":
        return true;
      case "silence":
        await chaos.sleep();
        return true;
      case "garbage":
        await writeAll(conn, GARBAGE);
        return true;
      case "half":
        await writeAll(conn, halfOf(responseBytes(response, head.method, true)));
        return true;
      default:
        return false;
    }
  }

  #write(response: LabResponse, head?: Head, keepAlive = false): Promise<void> {
    const bytes = responseBytes(response, head?.method ?? "GET", keepAlive);
    this.#waitsSinceMs = performance.now();
    return writeAll(this.#options.conn, bytes);
  }
}

const GARBAGE = new TextEncoder().encode(
  "\u0016\u0003\u0001 this is not HTTP\r\n\r\n\u0000\u0001\u0002",
);
