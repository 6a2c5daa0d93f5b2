/**
 * The road over Deno's own sockets: the cheapest there is, but it cannot skip verification and shows nothing of the
 * peer's certificate. `pinned_road.ts` decides where it may be taken.
 */
import { nowUs } from "../schedule/clock.ts";
import { after, type Timer } from "../timer.ts";
import { classify, type Stage, timedOut } from "./classify.ts";
import { closingSockets } from "./closing_sockets.ts";
import type { Failure } from "./failure.ts";
import type { PeerIdentity } from "./http.ts";
import { type Addresses, isLiteral, resolve } from "./resolve.ts";
import type {
  Alpn,
  ByteStream,
  ConnectPhases,
  Dial,
  DialResult,
  DialWish,
  Origin,
  StreamSink,
} from "./stream.ts";

/** A TLS record holds at most this much, and a read returns no more than one. */
const READ_BYTES = 16 * 1024;
/** Small answers share a buffer of this size: making one for each costs more than reading the answer. */
const ARENA_BYTES = 2 * READ_BYTES;

/** What a TLS connection is verified by. */
export interface Trust {
  /** PEM. They are trusted beside Deno's default roots; the name is not checked. */
  readonly caCerts: readonly string[];
  /** The identity to report, which these certificates make sure of. */
  readonly peer: PeerIdentity;
}

export interface NativeDialOptions extends DialWish {
  readonly origin: Origin;
  /** Absent for plain TCP. */
  readonly trust?: Trust;
  readonly alpn: Alpn;
}

export class NativeDial implements Dial {
  readonly phases: ConnectPhases = {};
  readonly #options: NativeDialOptions;
  readonly #peer: string;
  readonly #timer: Timer;
  #done: ((result: DialResult) => void) | undefined;
  #stage: Stage = "dns";
  #stageStartedUs = nowUs();
  #conn: Deno.Conn | undefined;

  constructor(options: NativeDialOptions, done: (result: DialResult) => void) {
    const { origin: { hostname, port }, timeoutMs } = options;
    this.#options = options;
    this.#peer = `${hostname}:${port}`;
    this.#done = done;
    this.#timer = after(
      timeoutMs,
      () => this.cancel(timedOut(this.#stage, this.#peer, timeoutMs)),
    );
    if (isLiteral(hostname)) void this.#run([hostname]);
    else this.#resolve(hostname);
  }

  cancel(failure: Failure): void {
    this.#finish(failure);
    closeQuietly(this.#conn);
  }

  #resolve(hostname: string): void {
    resolve(hostname, (error, addresses) => {
      if (this.#done === undefined) return;
      if (addresses === undefined) return this.#finish(this.#failure(error));
      this.phases.dnsUs = this.#lap();
      void this.#run(addresses);
    });
  }

  async #run(addresses: Addresses): Promise<void> {
    try {
      const conn = await this.#connect(addresses);
      const { trust } = this.#options;
      if (trust === undefined) {
        this.#deliver({ stream: new ConnStream(conn, false), protocol: "http/1.1" });
      } else await this.#secure(conn, trust);
    } catch (error) {
      closeQuietly(this.#conn);
      this.#finish(this.#failure(error));
    }
  }

  async #connect([first, ...others]: Addresses): Promise<Deno.TcpConn> {
    this.#stage = "connect";
    const { port } = this.#options.origin;
    let connecting = Deno.connect({ hostname: first, port });
    for (const hostname of others) {
      connecting = connecting.catch(() => Deno.connect({ hostname, port }));
    }
    const conn = await connecting;
    this.#keep(conn);
    conn.setNoDelay(true);
    this.phases.connectUs = this.#lap();
    return conn;
  }

  async #secure(tcp: Deno.TcpConn, { caCerts, peer }: Trust): Promise<void> {
    this.#stage = "tls";
    const conn = await Deno.startTls(tcp, {
      hostname: this.#options.origin.hostname,
      caCerts: [...caCerts],
      alpnProtocols: [...this.#options.alpn],
      unsafelyDisableHostnameVerification: true,
    });
    this.#keep(conn);
    const { alpnProtocol } = await conn.handshake();
    this.phases.tlsUs = this.#lap();
    const protocol = alpnProtocol === "h2" ? "h2" : "http/1.1";
    this.#deliver({ stream: new ConnStream(conn, true), peer, protocol });
  }

  /** Remembers what must be closed when the dial is given up; throws when it has been. */
  #keep(conn: Deno.Conn): void {
    this.#conn = conn;
    if (this.#done === undefined) throw new Error("given up");
  }

  #deliver(result: Exclude<DialResult, Failure>): void {
    if (this.#done === undefined) result.stream.destroy();
    else this.#finish(result);
  }

  #failure(error: unknown): Failure {
    return classify(error, this.#stage, this.#peer);
  }

  #lap(): number {
    const now = nowUs();
    const took = now - this.#stageStartedUs;
    this.#stageStartedUs = now;
    return took;
  }

  #finish(result: DialResult): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#timer.clear();
    done(result);
  }
}

class ConnStream implements ByteStream {
  readonly #conn: Deno.Conn;
  readonly #secure: boolean;
  /** Bytes handed over while an earlier write was under way. */
  readonly #queue: Uint8Array[] = [];
  #sink: StreamSink | undefined;
  #destroyed = false;
  writing = false;

  constructor(conn: Deno.Conn, secure: boolean) {
    this.#conn = conn;
    this.#secure = secure;
  }

  start(sink: StreamSink): void {
    this.#sink = sink;
    void this.#read(sink);
  }

  write(bytes: Uint8Array): void {
    if (this.writing) this.#queue.push(bytes);
    else void this.#write(bytes);
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (this.#secure) closingSockets.add(nowUs());
    closeQuietly(this.#conn);
  }

  async #read(sink: StreamSink): Promise<void> {
    let arena = new Uint8Array(ARENA_BYTES), used = 0;
    try {
      while (!this.#destroyed) {
        if (used > ARENA_BYTES - READ_BYTES) [arena, used] = [new Uint8Array(ARENA_BYTES), 0];
        const count = await this.#conn.read(arena.subarray(used, used + READ_BYTES));
        if (this.#destroyed) return;
        if (count === null) return sink.onEnd();
        const from = used;
        used += count;
        sink.onData(arena.subarray(from, used));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.writing = true;
    try {
      for (let next: Uint8Array | undefined = bytes; next; next = this.#queue.shift()) {
        let sent = await this.#conn.write(next);
        while (sent < next.length) sent += await this.#conn.write(next.subarray(sent));
      }
    } catch (error) {
      this.#fail(error);
    }
    this.writing = false;
  }

  #fail(error: unknown): void {
    if (this.#destroyed) return;
    // A TCP end without TLS's own is common among servers; it ends the answer all the same.
    if (error instanceof Deno.errors.UnexpectedEof) this.#sink?.onEnd();
    else this.#sink?.onError(error);
  }
}

function closeQuietly(conn: Deno.Conn | undefined): void {
  try {
    conn?.close();
  } catch {
    // Closed already, or handed over to TLS.
  }
}
