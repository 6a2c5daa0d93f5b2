/** A connected byte stream, and how one is made: what HTTP/1.1 runs on. */
import type { Socket } from "node:net";
import type { Stage } from "./classify.ts";
import type { Failure } from "./failure.ts";
import type { ServerCertificate } from "./http.ts";

export interface ByteStream {
  /** From now on everything that arrives goes to `sink`. Called once. */
  start(sink: StreamSink): void;
  write(bytes: Uint8Array): void;
  /** Bytes were handed to `write` that the system has not taken yet. */
  readonly writing: boolean;
  /** Closes at once; the sink hears nothing more. */
  destroy(): void;
}

export interface StreamSink {
  /** The bytes are the sink's to keep: nothing is written over them. */
  onData(bytes: Uint8Array): void;
  /** The peer sends nothing more. */
  onEnd(): void;
  onError(error: unknown): void;
}

/** What connecting took; a phase that was not reached or not needed is absent. Microseconds. */
export interface ConnectPhases {
  dnsUs?: number;
  connectUs?: number;
  tlsUs?: number;
}

export interface Connected {
  readonly stream: ByteStream;
  readonly certificate?: ServerCertificate;
  /** What ALPN chose; HTTP/1.1 where it was not asked or chose nothing. */
  readonly protocol: "http/1.1" | "h2";
  /** The socket beneath, of node:net or node:tls. */
  readonly socket: Socket;
}

export type DialResult = Connected | Failure;

/** An attempt to connect. */
export interface Dial {
  readonly phases: ConnectPhases;
  /** How far it has come. */
  readonly stage?: Stage;
  /** Gives up; `done` is called with this failure unless it has been called already. */
  cancel(failure: Failure): void;
}

export interface SocketAddress {
  /** Without the brackets of an IPv6 literal. */
  readonly hostname: string;
  readonly port: number;
}

export interface Origin extends SocketAddress {
  readonly secure: boolean;
}

interface DialOptions {
  readonly timeoutMs: number;
}

/** Starts to connect; `done` is called exactly once, never before this returns. */
export type Dialer = (
  origin: Origin,
  options: DialOptions,
  done: (result: DialResult) => void,
) => Dial;

/** What ALPN is offered, best first. */
export type Alpn = readonly ("h2" | "http/1.1")[];

export function originOf(url: URL): Origin {
  const secure = url.protocol === "https:";
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 443 : 80),
  };
}
