/** Octets from a connection to another and back, until both directions have ended. */
import { after } from "../../timer.ts";
import { writeAll } from "./incoming.ts";

const CHUNK_BYTES = 4 * 1024;
/** A TLS 1.3 alert, sealed, has 24 octets; no request is that short. */
const LONGEST_ALERT_BYTES = 40;
/** For a peer that has been told that its connection ends. */
const LINGER_MS = 5_000;

export class Relay {
  readonly #client: Deno.Conn;
  readonly #server: Deno.Conn;
  /** Of the client since the server last said something. */
  #unansweredBytes = 0;
  #serverEnded = false;
  #onUnanswered: (() => void) | undefined;

  constructor(client: Deno.Conn, server: Deno.Conn) {
    this.#client = client;
    this.#server = server;
  }

  /** From now on a request that the end of the connection leaves unanswered is told, once. */
  expectEnd(onUnanswered: () => void): void {
    this.#onUnanswered = onUnanswered;
  }

  close(): void {
    close(this.#client);
    close(this.#server);
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const up = this.#up();
    await this.#down();
    this.#serverEnded = true;
    this.#tellUnanswered();
    const timer = after(LINGER_MS, () => close(this.#client));
    await up;
    timer.clear();
    this.close();
  }

  async #up(): Promise<void> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    try {
      for (;;) {
        const count = await this.#client.read(buffer);
        if (count === null) break;
        this.#unansweredBytes += count;
        if (this.#serverEnded) this.#tellUnanswered();
        else await writeAll(this.#server, buffer.subarray(0, count)).catch(() => {});
      }
      await this.#server.closeWrite();
    } catch {
      // The client has gone without a word: so does its other half.
      close(this.#server);
    }
  }

  async #down(): Promise<void> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    try {
      for (;;) {
        const count = await this.#server.read(buffer);
        if (count === null) break;
        // The server's own farewell answers nothing.
        if (count > LONGEST_ALERT_BYTES) this.#unansweredBytes = 0;
        await writeAll(this.#client, buffer.subarray(0, count));
      }
      await this.#client.closeWrite();
    } catch {
      close(this.#client);
    }
  }

  #tellUnanswered(): void {
    if (this.#unansweredBytes <= LONGEST_ALERT_BYTES) return;
    this.#onUnanswered?.();
    this.#onUnanswered = undefined;
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Ended already.
  }
}
