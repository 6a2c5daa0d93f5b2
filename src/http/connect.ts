/** How connections are made: node:net and node:tls, which take every certificate and show it. */
import { connect as connectTcp, type Socket } from "node:net";
import {
  connect as connectTls,
  type ConnectionOptions,
  createSecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from "node:tls";
import { nowUs } from "../clock.ts";
import type { TlsOptions } from "../plan/plan.ts";
import { after, type Timer } from "../timer.ts";
import { classify, type Stage, timedOut } from "./classify.ts";
import type { Failure } from "./failure.ts";
import type { ServerCertificate } from "./http.ts";
import { CertificateCache } from "./certificate.ts";
import { type Addresses, isLiteral, resolve } from "./resolve.ts";
import type {
  Alpn,
  ByteStream,
  ConnectPhases,
  Dial,
  Dialer,
  DialResult,
  Origin,
  SocketAddress,
  StreamSink,
} from "./stream.ts";

/**
 * A dialer whose connections share one TLS context; sessions are not resumed, every handshake is a full one. `connectTo`:
 * where all of them go in place of the origin's host and port, whose name stays (SNI, and what is verified).
 */
export function dialer(
  tls: TlsOptions,
  alpn: Alpn = ["http/1.1"],
  connectTo?: SocketAddress,
): Dialer {
  const shared: Shared = {
    options: {
      rejectUnauthorized: !tls.insecureSkipVerify,
      ALPNProtocols: [...alpn],
      secureContext: createSecureContext(contextOf(tls)),
    },
    certificates: new CertificateCache(),
    connectTo,
  };
  return (origin, { timeoutMs }, done) => new NodeDial(shared, origin, timeoutMs, done);
}

interface Shared {
  readonly options: ConnectionOptions;
  readonly certificates: CertificateCache;
  readonly connectTo: SocketAddress | undefined;
}

function contextOf(tls: TlsOptions): SecureContextOptions {
  const { certificatePem: cert, keyPem: key } = tls.clientCertificate ?? {};
  return { ...trustOf(tls), ...(cert !== undefined && { cert, key }) };
}

/** Without verification no roots are loaded either: with them every handshake would try to build a chain. */
function trustOf(tls: TlsOptions): SecureContextOptions {
  if (tls.insecureSkipVerify) return { ca: [] };
  return tls.caPem === undefined ? {} : { ca: tls.caPem };
}

class NodeDial implements Dial {
  readonly phases: ConnectPhases = {};
  readonly #shared: Shared;
  readonly #origin: Origin;
  readonly #address: SocketAddress;
  readonly #peer: string;
  readonly #timer: Timer;
  #done: ((result: DialResult) => void) | undefined;
  stage: Stage = "dns";
  #stageStartedUs = nowUs();
  #socket: Socket | undefined;

  constructor(
    shared: Shared,
    origin: Origin,
    timeoutMs: number,
    done: (result: DialResult) => void,
  ) {
    this.#shared = shared;
    this.#origin = origin;
    this.#address = shared.connectTo ?? origin;
    this.#peer = `${this.#address.hostname}:${this.#address.port}`;
    this.#done = done;
    this.#timer = after(timeoutMs, () => this.cancel(timedOut(this.stage, this.#peer, timeoutMs)));
    const { hostname } = this.#address;
    if (isLiteral(hostname)) this.#connect([hostname]);
    else this.#resolve();
  }

  cancel(failure: Failure): void {
    this.#finish(failure);
  }

  #resolve(): void {
    resolve(this.#address.hostname, (error, addresses) => {
      if (this.#done === undefined) return;
      if (addresses === undefined) return this.#fail(error);
      this.phases.dnsUs = this.#lap();
      this.#connect(addresses);
    });
  }

  /** Tries the addresses in turn; the phase lasts until one accepts. A TLS socket connects itself: that costs less. */
  #connect([host, ...others]: Addresses): void {
    this.stage = "connect";
    const { port } = this.#address;
    const { secure } = this.#origin;
    const socket = secure ? this.#tlsSocket(host) : connectTcp({ host, port, noDelay: true });
    this.#socket = socket;
    socket.once("error", (error) => {
      const [next, ...rest] = others;
      if (this.stage !== "connect" || next === undefined) return this.#fail(error);
      if (this.#done !== undefined) this.#connect([next, ...rest]);
    });
    socket.once("connect", () => {
      if (this.#done === undefined) return socket.destroy();
      this.phases.connectUs = this.#lap();
      if (secure) this.stage = "tls";
      else this.#finish({ stream: streamOn(socket), socket, protocol: "http/1.1" });
    });
  }

  #tlsSocket(host: string): TLSSocket {
    const { hostname } = this.#origin;
    const { port } = this.#address;
    // No name of an address (RFC 6066 section 3): the certificate is checked against the address itself.
    const servername = isLiteral(hostname) ? "" : hostname;
    const socket = connectTls({ ...this.#shared.options, host, port, servername });
    socket.once("close", () => this.#hungUp(socket));
    socket.once("secureConnect", () => this.#secured(socket));
    return socket;
  }

  #secured(socket: TLSSocket): void {
    if (this.#done === undefined) return;
    const tlsUs = this.#lap();
    const chain = servedChain(socket);
    // Deno 2.7 tells of a failed handshake as of a good one, without a certificate, and gives the error afterwards.
    if (chain.length === 0) return;
    this.phases.tlsUs = tlsUs;
    this.#finish({
      stream: streamOn(socket),
      socket,
      certificate: this.#certificateOf(socket, chain),
      protocol: socket.alpnProtocol === "h2" ? "h2" : "http/1.1",
    });
  }

  #certificateOf(
    socket: TLSSocket,
    [leaf, ...rest]: readonly Uint8Array[],
  ): ServerCertificate | undefined {
    try {
      return this.#shared.certificates.get(leaf!, () => ({
        tlsVersion: socket.getProtocol?.() ?? undefined,
        cipher: socket.getCipher?.()?.name,
        chainLength: rest.length + 1,
      }));
    } catch {
      // An unreadable certificate is no reason to fail where verification, if wanted, has passed.
      return undefined;
    }
  }

  #lap(): number {
    const now = nowUs();
    const took = now - this.#stageStartedUs;
    this.#stageStartedUs = now;
    return took;
  }

  /** Every connection closes in the end; only before the handshake's end is that a failure, and one of TLS: what cannot
   * connect has an error. */
  #hungUp(socket: Socket): void {
    if (socket !== this.#socket || this.#done === undefined) return;
    this.stage = "tls";
    this.#fail(new Error("the peer hung up"));
  }

  #fail(error: unknown): void {
    this.#finish(classify(error, this.stage, this.#peer));
  }

  #finish(result: DialResult): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#timer.clear();
    if (!("stream" in result)) this.#socket?.destroy();
    done(result);
  }
}

/**
 * The chain as DER, leaf first; empty where there is none. Deno's handle gives it as it was served, without parsing;
 * Node's own API parses the leaf each time and knows only the chain that leads to a root.
 */
function servedChain(socket: TLSSocket): readonly Uint8Array[] {
  const handle = (socket as unknown as { readonly _handle?: ChainHandle })._handle;
  const served = handle?.getPeerCertificateChain?.()?.certificates;
  if (served !== undefined && served[0] instanceof Uint8Array) return served;
  const leaf = socket.getPeerCertificate()?.raw;
  return leaf === undefined ? [] : [leaf, ...issuersOf(socket)];
}

interface ChainHandle {
  getPeerCertificateChain?(): { readonly certificates?: readonly Uint8Array[] } | undefined;
}

function issuersOf(socket: TLSSocket): Uint8Array[] {
  const issuers: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate.issuerCertificate && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
    issuers.push(certificate.raw);
  }
  return issuers;
}

/**
 * Not before the handshake: in Deno 2.7 that throws. And not as an option when connecting, which that one does not heed:
 * without it a delayed ACK costs some answers 40 ms.
 */
function streamOn(socket: Socket): SocketStream {
  socket.setNoDelay(true);
  return new SocketStream(socket);
}

/** A node socket, plain or TLS, as a byte stream. Listeners are set once in a connection's life. */
class SocketStream implements ByteStream {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get writing(): boolean {
    return this.#socket.writableLength > 0;
  }

  start(sink: StreamSink): void {
    const socket = this.#socket;
    socket.on("error", (error) => sink.onError(error));
    socket.on("end", () => sink.onEnd());
    socket.on("close", () => sink.onEnd());
    // As what it is, not as a Buffer, whose `slice` and `subarray` mean other things and cost more.
    socket.on(
      "data",
      ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
        sink.onData(new Uint8Array(buffer, byteOffset, length)),
    );
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
