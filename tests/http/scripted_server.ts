/** Servers that do to its connections exactly what a test says: half answers, resets, silence. */
import { createServer, Socket } from "node:net";
import type { Issued } from "./certificates.ts";

export interface Peer {
  /** 0 for the server's first connection. */
  readonly index: number;
  /** Reads one request with its body (Content-Length only); undefined when the client has closed. */
  request(): Promise<Received | undefined>;
  /** Reads one request's head and nothing after it but what came along. */
  head(): Promise<string | undefined>;
  /** What comes next, whatever it is; undefined when the client has closed. */
  bytes(): Promise<Uint8Array | undefined>;
  send(data: string | Uint8Array): Promise<void>;
  /** Closes in order. */
  close(): void;
  /**
   * Closes what it says, and takes what still comes until the client closes too: what a server closes with something
   * unread the system resets, and a reset may overtake what was said.
   */
  end(): Promise<void>;
}

export interface Received {
  readonly head: string;
  readonly body: string;
}

export type Script = (peer: Peer) => Promise<void>;

export interface ScriptedServer {
  readonly port: number;
  readonly url: URL;
  /** Connections accepted so far. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly certificate?: Issued;
  /** Served after the leaf. */
  readonly chain?: readonly Issued[];
  /** What the server chooses from; HTTP/1.1 alone where nothing is said. */
  readonly alpn?: readonly string[];
  /** A free one where it does not matter. */
  readonly port?: number;
}

export function serve(script: Script, options: ServerOptions = {}): ScriptedServer {
  const listener = listen(options);
  const running: Promise<void>[] = [];
  const open = new Set<Deno.Conn>();
  let connections = 0;
  const play = async (conn: Deno.Conn, index: number): Promise<void> => {
    await script(new ScriptedPeer(conn, index)).catch(() => {});
    closeQuietly(conn);
    open.delete(conn);
  };
  const accepting = (async () => {
    for (;;) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      open.add(conn);
      running.push(play(conn, connections++));
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    port,
    url: new URL(`${options.certificate ? "https" : "http"}://localhost:${port}/`),
    get connections(): number {
      return connections;
    },
    async close(): Promise<void> {
      closeQuietly(listener);
      open.forEach(closeQuietly);
      await accepting;
      await Promise.all(running);
    },
  };
}

function listen(
  { certificate, chain = [], alpn = ["http/1.1"], port = 0 }: ServerOptions,
): Deno.Listener {
  const where = { hostname: "127.0.0.1", port };
  if (certificate === undefined) return Deno.listen(where);
  return Deno.listenTls({
    ...where,
    key: certificate.keyPem,
    cert: [certificate, ...chain].map(({ certPem }) => certPem).join("\n"),
    alpnProtocols: [...alpn],
  });
}

class ScriptedPeer implements Peer {
  readonly #conn: Deno.Conn;
  #buffered = "";

  constructor(conn: Deno.Conn, readonly index: number) {
    this.#conn = conn;
  }

  async head(): Promise<string | undefined> {
    let end: number;
    while ((end = this.#buffered.indexOf("\r\n\r\n")) < 0) {
      if (!await this.#more()) return undefined;
    }
    return this.#buffered.slice(0, end);
  }

  async request(): Promise<Received | undefined> {
    const head = await this.head();
    if (head === undefined) return undefined;
    const end = head.length;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    while (this.#buffered.length < end + 4 + length) if (!await this.#more()) return undefined;
    const body = this.#buffered.slice(end + 4, end + 4 + length);
    this.#buffered = this.#buffered.slice(end + 4 + length);
    return { head, body };
  }

  async send(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  close(): void {
    closeQuietly(this.#conn);
  }

  async end(): Promise<void> {
    await this.#conn.closeWrite();
    while (await this.bytes() !== undefined);
  }

  async bytes(): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(65536);
    const count = await this.#conn.read(buffer).catch(() => null);
    return count === null ? undefined : buffer.subarray(0, count);
  }

  async #more(): Promise<boolean> {
    const bytes = await this.bytes();
    if (bytes === undefined) return false;
    this.#buffered += String.fromCharCode(...bytes);
    return true;
  }
}

function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed already, by the script or by the peer.
  }
}

/** Answers every request on every connection with `answer`. */
export function always(answer: string | ((request: Received, peer: Peer) => string)): Script {
  return async (peer) => {
    for (;;) {
      const request = await peer.request();
      if (request === undefined) return;
      await peer.send(typeof answer === "string" ? answer : answer(request, peer));
    }
  };
}

/** An address where nobody listens: the system does not give a port out again soon. */
export function deadUrl(): URL {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return new URL(`http://127.0.0.1:${port}/`);
}

export const canReset = "resetAndDestroy" in Socket.prototype;

/** Resets every connection (TCP RST) as soon as something has come. */
export async function serveResets(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
