/**
 * A TLS listener whose certificate changes without a connection being refused. Deno's own has one certificate for life,
 * and no two listeners hand a port over without a gap. So the port's listener is plain TCP, and each connection goes on
 * to the TLS listener of the certificate that is chosen for it, on a port of loopback of its own.
 */
import type { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { KeyPair } from "./server.ts";
import { Relay } from "./relay.ts";

export interface FrontOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** The certificate for the connection that has just come. */
  readonly choose: () => KeyPair;
  /** Certificates that may be chosen again; listeners of others end. */
  readonly keeps: (pair: KeyPair) => boolean;
}

const LOOPBACK = "127.0.0.1";

/** What a server needs of a listener. */
export type Accepting = Pick<Deno.Listener, "accept" | "close" | "addr">;

export class FrontListener implements Accepting {
  readonly #options: FrontOptions;
  readonly #listener: Deno.TcpListener;
  readonly #backends = new Map<KeyPair, Deno.TlsListener>();
  readonly #relays = new Map<Deno.Conn, Relay>();
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: options.hostname, port: options.port });
  }

  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /** Number of certificates that it listens with. */
  get size(): number {
    return this.#backends.size;
  }

  /** One at a time: what a caller has not asked for yet waits in the kernel. */
  async accept(): Promise<Deno.TlsConn> {
    const outer = await this.#listener.accept();
    if (this.#isClosed) {
      outer.close();
      throw new Deno.errors.BadResource("the listener is closed");
    }
    let inner: Deno.TcpConn | undefined;
    try {
      const backend = this.#backend();
      inner = await Deno.connect({ ...backend.addr, transport: "tcp" });
      outer.setNoDelay(true);
      inner.setNoDelay(true);
      const conn = await ownOf(backend, inner);
      const relay = new Relay(outer, inner);
      this.#relays.set(conn, relay);
      this.#track(relay.run().finally(() => this.#relays.delete(conn)));
      return conn;
    } catch (error) {
      outer.close();
      inner?.close();
      throw error;
    }
  }

  /** The connection is about to be ended by the server while its peer may still be sending. */
  expectEnd(conn: Deno.Conn, onUnanswered: () => void): void {
    this.#relays.get(conn)?.expectEnd(onUnanswered);
  }

  /** Of the port and of every connection. */
  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    for (const backend of this.#backends.values()) backend.close();
    this.#backends.clear();
    for (const relay of this.#relays.values()) relay.close();
  }

  /** Once closed: resolves when nothing runs any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #track(running: Promise<void>): void {
    this.#running.add(running);
    running.finally(() => this.#running.delete(running));
  }

  #backend(): Deno.TlsListener {
    const { choose, keeps } = this.#options;
    const pair = choose();
    for (const [other, backend] of this.#backends) {
      if (other === pair || keeps(other)) continue;
      backend.close();
      this.#backends.delete(other);
    }
    let backend = this.#backends.get(pair);
    if (backend === undefined) {
      backend = listenOnLoopback(pair);
      this.#backends.set(pair, backend);
    }
    return backend;
  }
}

function listenOnLoopback({ certificatePem: cert, keyPem: key }: KeyPair): Deno.TlsListener {
  return Deno.listenTls({ hostname: LOOPBACK, port: 0, cert, key, alpnProtocols: ["http/1.1"] });
}

/** Why nothing can be served with them; undefined where it can. */
export function pairProblem(pair: KeyPair): string | undefined {
  try {
    const leaf = new X509Certificate(pair.certificatePem);
    const own = createPublicKey(createPrivateKey(pair.keyPem));
    if (!spkiOf(own).equals(spkiOf(leaf.publicKey))) return "the key is not the certificate's";
    listenOnLoopback(pair).close();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** The other end of our connection; a stranger's, who found the port, is ended. */
async function ownOf(backend: Deno.TlsListener, inner: Deno.TcpConn): Promise<Deno.TlsConn> {
  const { port } = inner.localAddr as Deno.NetAddr;
  for (;;) {
    const conn = await backend.accept();
    if ((conn.remoteAddr as Deno.NetAddr).port === port) return conn;
    conn.close();
  }
}
