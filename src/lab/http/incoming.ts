/** A request as it comes in on a connection: its head is there, its body is read when somebody asks for it. */
import type { Head } from "./head.ts";
import type { LabRequest } from "./message.ts";
import { type Reader, TooLarge } from "./reader.ts";

/** A body that no handler asked for is read up to here, so that the connection can go on (Go's net/http does so too). */
const DRAIN_LIMIT_BYTES = 256 * 1024;
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

export class IncomingRequest implements LabRequest {
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

export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
