/**
 * The road over Deno's own TLS: half the CPU of node:tls per handshake and per request. It cannot skip verification, and
 * shows nothing of the certificate; so the first connection to an origin goes over node:tls, verified as the plan wants,
 * and tells what to trust from then on. Where a trial connection on those terms succeeds, later ones take this road;
 * where it does not, and whenever a handshake fails here, node:tls has the word.
 */
import type { TlsOptions } from "../plan/plan.ts";
import { nowUs } from "../schedule/clock.ts";
import { classify, type Stage, timedOut } from "./classify.ts";
import type { Failure } from "./failure.ts";
import type { PeerIdentity } from "./http.ts";
import { type Addresses, isLiteral, resolve } from "./resolve.ts";
import type {
  ByteStream,
  ConnectPhases,
  Dial,
  DialResult,
  Origin,
  Road,
  StreamSink,
} from "./stream.ts";

/** What the native road trusts for an origin, and whose certificate it is. */
interface Terms {
  readonly caCerts: string[];
  /** The name is not checked where the plan wants no verification: the pinned certificate is the check. */
  readonly checkName: boolean;
  readonly peer?: PeerIdentity;
}

/** `node`: the native road is closed. A promise: a trial is under way, and further connections wait for its end. */
type OriginState = "unknown" | "node" | Promise<void> | Terms;

/** Takes the native road where it is open, and `first` where it is not. */
export function nativeRoad(tls: TlsOptions, first: Road): Road {
  const states = new Map<string, OriginState>();
  const road: Road = (origin, timeoutMs, done) => {
    const key = `${origin.hostname}:${origin.port}`;
    const state = states.get(key) ?? "unknown";
    if (!origin.secure || state === "node") return first(origin, timeoutMs, done);
    const again = (): Dial => road(origin, timeoutMs, done);
    if (state instanceof Promise) {
      return new RelayedDial(done, (follow) => state.then(() => follow(again)));
    }
    if (state !== "unknown") {
      return new RelayedDial(
        done,
        (follow) =>
          follow(() =>
            new NativeDial(origin, state, timeoutMs, (result) => {
              if (!isRefused(result)) return done(result);
              // Another certificate than the one that was trusted: node:tls has the word, for this connection already.
              states.set(key, "unknown");
              follow(again);
            })
          ),
      );
    }
    const trial = Promise.withResolvers<void>();
    states.set(key, trial.promise);
    return first(origin, timeoutMs, (result) => {
      learn(tls, origin, result).then((learnt) => {
        states.set(key, learnt);
        trial.resolve();
      });
      done(result);
    });
  };
  return road;
}

function isRefused(result: DialResult): boolean {
  return !("stream" in result) && (result.class === "tls" || result.class === "tls_verify");
}

/** An attempt that is another's, chosen later or changed on the way. Its phases are those of the last one. */
class RelayedDial implements Dial {
  readonly #done: (result: DialResult) => void;
  #dial: Dial | undefined;
  #cancelled = false;

  constructor(
    done: (result: DialResult) => void,
    lead: (follow: (make: () => Dial) => void) => void,
  ) {
    this.#done = done;
    lead((make) => {
      if (!this.#cancelled) this.#dial = make();
    });
  }

  get phases(): ConnectPhases {
    return this.#dial?.phases ?? {};
  }

  cancel(failure: Failure): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    if (this.#dial === undefined) this.#done(failure);
    else this.#dial.cancel(failure);
  }
}

/** What to trust after a connection over node:tls, once a trial with it has succeeded. */
async function learn(tls: TlsOptions, origin: Origin, result: DialResult): Promise<OriginState> {
  if (!("stream" in result)) return "unknown";
  const checkName = !tls.insecureSkipVerify;
  const caCerts = checkName ? [tls.caPem ?? ""].filter(Boolean) : pinnable(result.chain);
  if (caCerts === undefined) return "node";
  const { peer } = result;
  return await attempt(origin, { caCerts, checkName, ...(peer && { peer }) });
}

/** The last certificate that was served: the leaf itself, or the authority that came with it. */
function pinnable(chain: readonly Uint8Array[] | undefined): string[] | undefined {
  const last = chain?.at(-1);
  return last && [pemOf(last)];
}

function pemOf(der: Uint8Array): string {
  let binary = "";
  for (const byte of der) binary += String.fromCharCode(byte);
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const TRIAL_TIMEOUT_MS = 5_000;

function attempt(origin: Origin, terms: Terms): Promise<OriginState> {
  return new Promise((resolve) => {
    new NativeDial(origin, terms, TRIAL_TIMEOUT_MS, (result) => {
      if ("stream" in result) result.stream.destroy();
      resolve("stream" in result ? terms : "node");
    });
  });
}

class NativeDial implements Dial {
  readonly phases: ConnectPhases = {};
  readonly #origin: Origin;
  readonly #terms: Terms;
  readonly #peer: string;
  readonly #timer: ReturnType<typeof setTimeout>;
  #done: ((result: DialResult) => void) | undefined;
  #stage: Stage = "dns";
  #stageStartedUs = nowUs();

  constructor(
    origin: Origin,
    terms: Terms,
    timeoutMs: number,
    done: (result: DialResult) => void,
  ) {
    this.#origin = origin;
    this.#terms = terms;
    this.#peer = `${origin.hostname}:${origin.port}`;
    this.#done = done;
    this.#timer = setTimeout(
      () => this.cancel(timedOut(this.#stage, this.#peer, timeoutMs)),
      timeoutMs,
    );
    this.#run().catch((error) => this.#finish(classify(error, this.#stage, this.#peer)));
  }

  cancel(failure: Failure): void {
    this.#finish(failure);
  }

  async #run(): Promise<void> {
    const { hostname } = this.#origin;
    const addresses = isLiteral(hostname) ? [hostname] : await this.#resolve(hostname);
    if (addresses.length > 1 || !isLiteral(hostname)) this.phases.dnsUs = this.#lap();
    const tcp = await this.#connect(addresses);
    if (this.#done === undefined) return tcp.close();
    tcp.setNoDelay(true);
    this.phases.connectUs = this.#lap();
    this.#stage = "tls";
    const conn = await this.#secure(tcp);
    if (this.#done === undefined) return conn.close();
    this.phases.tlsUs = this.#lap();
    const { peer } = this.#terms;
    this.#finish({ stream: new ConnStream(conn), ...(peer && { peer }) });
  }

  #resolve(hostname: string): Promise<Addresses> {
    return new Promise((found, failed) =>
      resolve(
        hostname,
        (error, addresses) => addresses === undefined ? failed(error) : found(addresses),
      )
    );
  }

  /** Tries the addresses in turn. */
  async #connect([hostname, ...others]: readonly string[]): Promise<Deno.TcpConn> {
    this.#stage = "connect";
    try {
      return await Deno.connect({ hostname: hostname ?? "", port: this.#origin.port });
    } catch (error) {
      if (others.length === 0 || this.#done === undefined) throw error;
      return await this.#connect(others);
    }
  }

  async #secure(tcp: Deno.TcpConn): Promise<Deno.TlsConn> {
    const { caCerts, checkName } = this.#terms;
    const conn = await Deno.startTls(tcp, {
      hostname: this.#origin.hostname,
      caCerts,
      alpnProtocols: ["http/1.1"],
      unsafelyDisableHostnameVerification: !checkName,
    });
    try {
      await conn.handshake();
      return conn;
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  #lap(): number {
    const now = nowUs();
    const took = now - this.#stageStartedUs;
    this.#stageStartedUs = now;
    return took;
  }

  #finish(result: DialResult): void {
    const done = this.#done;
    if (done === undefined) {
      if ("stream" in result) result.stream.destroy();
      return;
    }
    this.#done = undefined;
    clearTimeout(this.#timer);
    done(result);
  }
}

const READ_BYTES = 16 * 1024;

/** A Deno connection as a byte stream. */
export class ConnStream implements ByteStream {
  readonly #conn: Deno.TlsConn;
  #sink: StreamSink | undefined;
  #destroyed = false;
  #pending = 0;
  /** Writes wait for those before them; absent while there is none. */
  #last: Promise<void> | undefined;

  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
  }

  get writing(): boolean {
    return this.#pending > 0;
  }

  start(sink: StreamSink): void {
    this.#sink = sink;
    this.#read(sink);
  }

  write(bytes: Uint8Array): void {
    this.#pending++;
    const writing = this.#last === undefined
      ? this.#writeAll(bytes)
      : this.#last.then(() => this.#writeAll(bytes));
    this.#last = writing.then(() => {
      if (--this.#pending === 0) this.#last = undefined;
    }, (error) => this.#fail(error));
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#conn.close();
  }

  async #read(sink: StreamSink): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (this.#destroyed) return;
        if (count === null) return sink.onEnd();
        sink.onData(count === READ_BYTES ? buffer : buffer.subarray(0, count));
        if (this.#destroyed) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = await this.#conn.write(bytes);
    while (written < bytes.length) written += await this.#conn.write(bytes.subarray(written));
  }

  #fail(error: unknown): void {
    if (!this.#destroyed) this.#sink?.onError(error);
  }
}
