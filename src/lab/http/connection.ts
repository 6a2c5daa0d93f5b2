/** One connection of a client: requests are read, handled and answered in turn until one side ends it. */
import type { Chaos } from "../chaos.ts";
import type { AnswerFault, Effect, ServerName } from "../faults.ts";
import { wrongAnswer } from "./answer.ts";
import { type Head, parseHead } from "./head.ts";
import { type Handler, type LabRequest, type LabResponse, plainError } from "./message.ts";
import { Reader, TooLarge } from "./reader.ts";
import { reset } from "./socket.ts";
import { halfOf, responseBytes } from "./wire.ts";

export interface ConnectionOptions {
  readonly conn: Deno.Conn;
  readonly server: ServerName;
  readonly chaos: Chaos;
  readonly handler: Handler;
  readonly log: (line: string) => void;
  /** The TLS handshake is done; on plain TCP, the first bytes are in. */
  readonly onOpen: () => void;
  /** A request was read. */
  readonly onRequest: () => void;
}

/** A body that no handler asked for is read up to here, so that the connection can go on (Go's net/http does so too). */
const DRAIN_LIMIT_BYTES = 256 * 1024;
const LINGER_MS = 500;
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #reader: Reader;
  #isOpen = false;
  #isClosed = false;
  /** Since when the connection waits for its peer; `undefined` while the server is at work. */
  idleSinceMs: number | undefined = performance.now();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reader = new Reader((into) => this.#read(into));
  }

  /** Never rejects: what a peer does wrong ends its connection and no more. */
  async serve(): Promise<void> {
    try {
      while (await this.#exchange());
    } catch (error) {
      if (error instanceof TooLarge) {
        await this.#write(plainError(431, "431 Request Header Fields Too Large")).catch(() => {});
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Deno holds on to a connection whose handshake is under way, whatever is closed.
    if (!this.#isOpen) reset(this.#options.conn);
    try {
      this.#options.conn.close();
    } catch {
      // Ended by the reading.
    }
  }

  async #read(into: Uint8Array): Promise<number | null> {
    const count = await this.#options.conn.read(into);
    if (!this.#isOpen) this.#options.onOpen();
    this.#isOpen = true;
    return count;
  }

  /** Whether the connection goes on. */
  async #exchange(): Promise<boolean> {
    this.idleSinceMs = performance.now();
    const text = await this.#reader.head();
    if (text === undefined) return false;
    this.idleSinceMs = undefined;
    const head = parseHead(text);
    if (head === undefined) {
      await this.#write(plainError(400, "400 Bad Request"));
      return false;
    }
    return await this.#answer(head);
  }

  async #answer(head: Head): Promise<boolean> {
    const { chaos, server, onRequest } = this.#options;
    onRequest();
    await chaos.stall(server);
    const effect = chaos.effect(server, head.method, head.path);
    const request = new IncomingRequest(head, this.#reader, this.#options.conn);
    const startedMs = performance.now();
    const response = effect?.rule && wrongAnswer(effect.rule, server) ||
      await this.#handle(request);
    if (effect) await this.#delay(effect, performance.now() - startedMs);
    if (!await request.drain()) {
      await this.#write(response, head);
      await this.#linger();
      return false;
    }
    if (effect?.rule && await this.#break(effect.rule.answer, response, head)) return false;
    await this.#write(response, head, head.keepAlive);
    return head.keepAlive;
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
      case "reset":
        reset(conn);
        return true;
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
    return writeAll(this.#options.conn, bytes);
  }
}

const GARBAGE = new TextEncoder().encode(
  "\u0016\u0003\u0001 this is not HTTP\r\n\r\n\u0000\u0001\u0002",
);

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

class IncomingRequest implements LabRequest {
  readonly #head: Head;
  readonly #reader: Reader;
  readonly #conn: Deno.Conn;
  #query: URLSearchParams | undefined;
  #body: Promise<Uint8Array | undefined> | undefined;

  constructor(head: Head, reader: Reader, conn: Deno.Conn) {
    this.#head = head;
    this.#reader = reader;
    this.#conn = conn;
  }

  get method(): string {
    return this.#head.method;
  }

  get path(): string {
    return this.#head.path;
  }

  get query(): URLSearchParams {
    return this.#query ??= new URLSearchParams(this.#head.query);
  }

  get remoteAddress(): string {
    const { remoteAddr } = this.#conn;
    return remoteAddr.transport === "tcp" ? remoteAddr.hostname : "";
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name);
  }

  body(limitBytes: number): Promise<Uint8Array | undefined> {
    return this.#body ??= this.#readBody(limitBytes);
  }

  /** Leaves the connection at the next request; `false` when that is not possible. */
  async drain(): Promise<boolean> {
    return await this.body(DRAIN_LIMIT_BYTES) !== undefined;
  }

  async #readBody(limitBytes: number): Promise<Uint8Array | undefined> {
    const { body: length, expectsContinue } = this.#head;
    if (length === 0) return new Uint8Array();
    if (length !== "chunked" && length > limitBytes) return undefined;
    if (expectsContinue) await writeAll(this.#conn, CONTINUE);
    try {
      return await (length === "chunked"
        ? this.#reader.chunked(limitBytes)
        : this.#reader.exactly(length));
    } catch (error) {
      if (error instanceof TooLarge) return undefined;
      throw error;
    }
  }
}
