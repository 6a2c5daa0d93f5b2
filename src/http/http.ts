/**
 * The seam between flows and sockets: a request goes in, an `Exchange` comes out, whatever happened. Three clients
 * implement it (HTTP/1.1, HTTP/2 and undici); one contract suite
 * (`tests/http/contract.ts`) holds for all.
 */
import type { Failure } from "./failure.ts";
import type { ClientName, Protocol, TlsOptions } from "../plan/plan.ts";

/**
 * An immutable request. Clients may cache what they derive from it by identity, so a flow that sends the same request
 * again should hand in the same object.
 */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Names as they are to be sent; `host` and `content-length` are the client's business. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What the server showed in a TLS handshake. */
export interface ServerCertificate {
  /** `TLSv1.3` */
  readonly tlsVersion?: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher?: string;
  /** `ECDSA P-256`, `RSA 2048`, `Ed25519` */
  readonly keyType: string;
  /** SHA-256 of the leaf's DER, lower-case hex without colons. */
  readonly fingerprintSha256: string;
  readonly subject: string;
  readonly issuer: string;
  readonly sans: readonly string[];
  /** ISO 8601. */
  readonly notAfter: string;
  readonly chainLength: number;
}

/**
 * One request and its answer, in instants of the run's clock and durations, all in microseconds.
 * `response_time = lag + blocked + service_time`: lag ends at `startedUs`, when the request is written to an idle
 * connection, or where there is none when the client begins to wait for one or to make one; blocked is the wait for a
 * free connection of a closed set; service time runs from there to the last byte and holds dns, connect and TLS where a
 * connection had to be made.
 */
export interface Exchange {
  readonly request: HttpRequest;
  readonly startedUs: number;
  readonly blockedUs: number;
  /** Absent (undefined) on a reused connection, and where the phase was not reached. */
  readonly dnsUs?: number;
  readonly connectUs?: number;
  readonly tlsUs?: number;
  /** Request written -> first byte of the answer's status line; undefined when none came. */
  readonly ttfbUs?: number;
  readonly endedUs: number;
  readonly reused: boolean;
  /**
   * The reused connection was found closed before any byte of an answer, and the request was sent once more on another
   * one: an idempotent request (RFC 9112 section 9.3.1), or one that an HTTP/2 server says it has not touched, which may
   * be sent again several times. The durations hold all attempts.
   */
  readonly retried?: boolean;
  /** 0 when there was no answer. */
  readonly status: number;
  /** Value of an answer's header (case-insensitive name; several values joined by `, `). */
  header(name: string): string | undefined;
  /** The body without chunks and Content-Encoding (gzip, deflate, br). */
  readonly body: Uint8Array;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly protocol?: "http/1.1" | "h2";
  /** Of the connection used, where it is TLS. */
  readonly certificate?: ServerCertificate;
  /** Transport failure only (dns ... too_large); whether a status or body is right is the flow's question. */
  readonly failure?: Failure;
}

export interface SendOptions {
  /** From `startedUs` to the last byte, connection included. */
  readonly timeoutMs: number;
  /** Open a new connection for this request, do a full handshake, and close it after the answer. */
  readonly fresh?: boolean;
  /**
   * Whose connection: requests with the same name share one, which is kept for them alone. HTTP/1.1 of certload's own, and
   * no closed set of connections; elsewhere it means nothing.
   */
  readonly connection?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface HttpClient {
  /** Never rejects. */
  send(request: HttpRequest, options: SendOptions): Promise<Exchange>;
  /** Makes sure that `count` idle connections to the URL's origin are open; returns how many are. */
  open(url: URL, count: number, timeoutMs: number): Promise<number>;
  /** Closes idle connections at once and busy ones too. */
  close(): void;
}

export interface ClientOptions {
  readonly tls: TlsOptions;
  readonly protocol: Protocol;
  /** certload's own where it is absent. */
  readonly client?: ClientName;
  /** Where HTTP/1.1 connections of certload's own go, whatever the URL's host and port, which stay the server's name. */
  readonly connectTo?: { readonly hostname: string; readonly port: number };
  /** Requests beyond this many connections wait, and the wait is `blockedUs`. */
  readonly maxConnections?: number;
  /** Bodies beyond this are cut off and are a `too_large` failure. */
  readonly maxBodyBytes: number;
}
