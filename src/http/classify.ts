/**
 * What went wrong, as a failure class and a sentence. Errors come with Node's codes (POSIX, OpenSSL) or, from Deno's
 * own API and older releases, with nothing but a text by rustls.
 */
import { foreign } from "../terminal.ts";
import type { Failure, FailureClass } from "./failure.ts";

/** The first byte of the record (RFC 8446 section 5.1) with which a TLS server answers what is not TLS; no text begins with it. */
export const TLS_ALERT = 0x15;
export const ANSWERED_IN_TLS: Failure = {
  class: "protocol",
  message: "The answer is TLS, not HTTP: ask with https://",
};

/** How far a connection had come. */
export type Stage = "dns" | "connect" | "tls" | "exchange";

interface SystemError {
  readonly code: string;
  readonly syscall?: string;
  readonly name: string;
  readonly message: string;
}

const BY_CODE: Readonly<Record<string, FailureClass>> = {
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  EAI_NODATA: "dns",
  EAI_NONAME: "dns",
  ECONNREFUSED: "connect_refused",
  ETIMEDOUT: "connect_timeout",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  EHOSTDOWN: "connect",
  ENETDOWN: "connect",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  EPIPE: "reset",
  EADDRNOTAVAIL: "client",
  EADDRINUSE: "client",
  EMFILE: "client",
  ENFILE: "client",
  ENOBUFS: "client",
  ENOMEM: "client",
  EACCES: "client",
  EPERM: "client",
};

/** Deno's error names, where there is no code. */
const BY_NAME: Readonly<Record<string, FailureClass>> = {
  ConnectionRefused: "connect_refused",
  TimedOut: "connect_timeout",
  ConnectionReset: "reset",
  ConnectionAborted: "reset",
  BrokenPipe: "reset",
  UnexpectedEof: "closed",
  AddrNotAvailable: "client",
  AddrInUse: "client",
  NotCapable: "client",
  PermissionDenied: "client",
};

const PORTS =
  "this host has no local port left (widen net.ipv4.ip_local_port_range, reuse connections or lower the rate)";
const FILES =
  "this process may open no more files (raise `ulimit -n`, or lower the rate or max_connections)";

const UNSENT = "while the request was being sent: if there was an answer, it is lost";

/** rustls, where Deno (2.7 and before) verifies with it; OpenSSL takes such a certificate if it is a given root. */
const CA_AS_LEAF =
  "it is a CA certificate (CA:TRUE), which this build does not take for a server's own; give the server one with " +
  "CA:FALSE, or skip verification";

/** What TLS says when ALPN finds nothing in common (RFC 7301 section 3.2), whoever says it. */
const NO_PROTOCOL = /no_?\s?application_?\s?protocol/i;

/**
 * What TLS libraries say, and what it means. An alert about a certificate that the server sends is about ours, and there
 * is none; in TLS 1.2 and before many servers send handshake_failure (RFC 5246 section 7.4.6) for that too.
 */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/CaUsedAsEndEntity/, CA_AS_LEAF],
  [NO_PROTOCOL, "the server speaks none of the protocols offered"],
  [
    /\balert:? ?((bad|unsupported|no) ?certificate|certificate ?(required|unknown|expired|revoked)|unknown ?ca|access ?denied)/i,
    "the server wants a client certificate, and certload has none to give",
  ],
  [
    /\balert:? ?(handshake ?failure|insufficient ?security)/i,
    "the server refused it (handshake_failure): it has no cipher, group or signature in common with certload, " +
    "or it wants a client certificate, of which certload has none to give",
  ],
  [
    /\balert:? ?protocol ?version|unsupported protocol/i,
    "the server speaks neither TLS 1.2 nor TLS 1.3, and certload nothing older",
  ],
  [
    /InvalidContentType|wrong version number|packet length too long|http request/i,
    "what answers does not speak TLS",
  ],
];

const ADVICE: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: PORTS,
  EADDRINUSE: PORTS,
  AddrNotAvailable: PORTS,
  AddrInUse: PORTS,
  EMFILE: FILES,
  ENFILE: FILES,
};

/** OpenSSL's verification results as Node names them, and rustls's words for the same. */
const VERIFY_CODE =
  /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|ERROR_IN_CERT|ERR_TLS_CERT_ALTNAME)/;
const VERIFY_TEXT =
  /invalid peer certificate|certificate verify failed|unknown ?issuer|notvalidforname/i;
const TLS_TEXT =
  /\b(tls|ssl|alert|handshake|corrupt message|peer (is )?incompatible|misbehaved)\b/i;

/** The class and a sentence for what happened to a connection with `peer` (`host:port`). */
export function classify(error: unknown, stage: Stage, peer: string): Failure {
  const system = asSystemError(error);
  const kind = classOf(system, stage);
  return { class: kind, message: sentence(kind, system, stage, peer) };
}

function classOf(error: SystemError, stage: Stage): FailureClass {
  if (VERIFY_CODE.test(error.code) || VERIFY_TEXT.test(error.message)) return "tls_verify";
  if (NO_PROTOCOL.test(error.message)) return "protocol";
  const known = BY_CODE[error.code] ?? BY_NAME[error.name] ?? byText(error.message);
  if (stage === "dns") return known === "client" ? "client" : "dns";
  // A peer that hangs up in the middle of the handshake refuses it: no request has been sent yet.
  if (stage === "tls") return known === "client" ? "client" : "tls";
  if (known === "connect_timeout" && stage === "exchange") return "timeout";
  if (known !== undefined) return known;
  if (error.code.startsWith("ERR_SSL_") || TLS_TEXT.test(error.message)) return "tls";
  return stage === "connect" ? "connect" : "closed";
}

/** Deno's texts end in the system's, for example `Connection refused (os error 111)`. */
function byText(message: string): FailureClass | undefined {
  if (/too many open files|os error 2[34]\b/i.test(message)) return "client";
  if (/cannot assign requested address|address already in use/i.test(message)) return "client";
  if (/failed to lookup address|name or service not known/i.test(message)) return "dns";
  if (/unreachable/i.test(message)) return "connect";
  if (/connection refused/i.test(message)) return "connect_refused";
  if (/connection reset|broken pipe/i.test(message)) return "reset";
}

function sentence(kind: FailureClass, error: SystemError, stage: Stage, peer: string): string {
  const reason = ADVICE[error.code] ?? ADVICE[error.name] ?? advice(error.message);
  if (kind === "client" && reason !== undefined) return `Cannot connect to ${peer}: ${reason}`;
  const detail = explained(error.message) ??
    shorten(error.message || error.code || error.name || "unknown error");
  if (kind === "reset" && error.syscall === "write") return `${ATTEMPT.reset} ${peer} ${UNSENT}`;
  return `${ATTEMPT[kind] ?? ATTEMPTS[stage]} ${peer}: ${detail}`;
}

/** Words for what the TLS library says in one of its own. */
function explained(message: string): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(message))?.[1];
}

function advice(message: string): string | undefined {
  if (/too many open files/i.test(message)) return FILES;
  if (/cannot assign requested address|address already in use/i.test(message)) return PORTS;
}

const ATTEMPTS: Readonly<Record<Stage, string>> = {
  dns: "Cannot find the address of",
  connect: "Cannot connect to",
  tls: "TLS handshake failed with",
  exchange: "Connection lost to",
};

const ATTEMPT: Partial<Record<FailureClass, string>> = {
  dns: ATTEMPTS.dns,
  connect_refused: "Connection refused by",
  tls: ATTEMPTS.tls,
  tls_verify: "Cannot trust the certificate of",
  reset: "Connection reset by",
};

function shorten(text: string): string {
  return foreign(text, 240);
}

function asSystemError(error: unknown): SystemError {
  const { code, syscall, name, message } = (error ?? {}) as Partial<SystemError>;
  return {
    ...(typeof syscall === "string" && { syscall }),
    code: typeof code === "string" ? code : "",
    name: typeof name === "string" ? name : "",
    message: typeof message === "string" ? message : String(error),
  };
}

/** What running out of time means at a stage. */
export function timedOut(stage: Stage, peer: string, timeoutMs: number): Failure {
  const after = `within ${Math.round(timeoutMs)} ms`;
  switch (stage) {
    case "dns":
      return { class: "dns", message: `Cannot find the address of ${peer} ${after}` };
    case "connect":
      return { class: "connect_timeout", message: `Cannot connect to ${peer} ${after}` };
    case "tls":
      return { class: "timeout", message: `TLS handshake with ${peer} not done ${after}` };
    case "exchange":
      return { class: "timeout", message: `No complete answer from ${peer} ${after}` };
  }
}
