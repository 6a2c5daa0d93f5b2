import { assert, assertEquals, assertMatch } from "../assert.ts";
import { classify, type Stage, timedOut } from "../../src/http/classify.ts";
import type { FailureClass } from "../../src/http/failure.ts";

const PEER = "a.example:443";

interface Seen {
  readonly code?: string;
  readonly syscall?: string;
  readonly name?: string;
  readonly message?: string;
}

/** What the runtime gives, at which stage, and what it is called. */
const rows: readonly [Seen, Stage, FailureClass, RegExp][] = [
  // Codes of POSIX.
  [
    { code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND" },
    "dns",
    "dns",
    /^Cannot find the add.*a\.ex/,
  ],
  [{ code: "EAI_AGAIN" }, "dns", "dns", /EAI_AGAIN/],
  [{ code: "EAI_FAIL" }, "dns", "dns", /EAI_FAIL/],
  [{ code: "EAI_NODATA" }, "dns", "dns", /EAI_NODATA/],
  [{ code: "EAI_NONAME" }, "dns", "dns", /EAI_NONAME/],
  [{ code: "ECONNREFUSED" }, "dns", "dns", /^Cannot find/],
  [{ code: "ECONNREFUSED" }, "connect", "connect_refused", /^Connection refused by a\.example:443/],
  [{ code: "ETIMEDOUT" }, "connect", "connect_timeout", /^Cannot connect to a\.example/],
  [{ code: "ETIMEDOUT" }, "exchange", "timeout", /^Connection lost to a\.example/],
  [{ code: "EHOSTUNREACH" }, "connect", "connect", /EHOSTUNREACH/],
  [{ code: "ENETUNREACH" }, "connect", "connect", /ENETUNREACH/],
  [{ code: "EHOSTDOWN" }, "connect", "connect", /EHOSTDOWN/],
  [{ code: "ENETDOWN" }, "connect", "connect", /ENETDOWN/],
  [{ code: "ESTRANGE" }, "connect", "connect", /ESTRANGE/],
  [{ code: "ECONNRESET" }, "exchange", "reset", /^Connection reset by a\.example:443: ECONNRESET/],
  [{ code: "ECONNABORTED" }, "exchange", "reset", /^Connection reset/],
  [{ code: "EPIPE", syscall: "read" }, "exchange", "reset", /: EPIPE$/],
  [{ code: "EPIPE", syscall: "write" }, "exchange", "reset", /while the request was being sent/],
  [{ code: "ESTRANGE", syscall: "write" }, "exchange", "closed", /lost.*: ESTRANGE$/],
  // What this host lacks.
  [{ code: "EADDRNOTAVAIL" }, "connect", "client", /no local port left.*ip_local_port_range/],
  [{ code: "EADDRINUSE" }, "connect", "client", /no local port left/],
  [{ code: "EMFILE" }, "connect", "client", /no more files.*ulimit/],
  [{ code: "ENFILE" }, "tls", "client", /no more files/],
  [{ code: "EMFILE" }, "dns", "client", /no more files/],
  [{ code: "ENOBUFS" }, "connect", "client", /ENOBUFS/],
  [{ code: "ENOMEM" }, "connect", "client", /ENOMEM/],
  [{ code: "EACCES" }, "connect", "client", /EACCES/],
  [{ code: "EPERM" }, "connect", "client", /EPERM/],
  // Deno's names and texts.
  [{ name: "ConnectionRefused" }, "connect", "connect_refused", /refused/i],
  [{ name: "TimedOut" }, "connect", "connect_timeout", /TimedOut/],
  [{ name: "ConnectionReset" }, "exchange", "reset", /reset/i],
  [{ name: "ConnectionAborted" }, "exchange", "reset", /reset/],
  [{ name: "BrokenPipe" }, "exchange", "reset", /reset/],
  [{ name: "UnexpectedEof" }, "exchange", "closed", /lost/],
  [{ name: "AddrNotAvailable" }, "connect", "client", /local port/],
  [{ name: "AddrInUse" }, "connect", "client", /local port/],
  [{ name: "NotCapable" }, "connect", "client", /NotCapable/],
  [{ name: "PermissionDenied" }, "connect", "client", /PermissionDenied/],
  [{ message: "Too many open files (os error 24)" }, "connect", "client", /ulimit/],
  [{ message: "weird (os error 23)" }, "connect", "client", /os error 23/],
  [{ message: "Cannot assign requested address (os error 99)" }, "connect", "client", /local port/],
  [{ message: "Address already in use (os error 98)" }, "connect", "client", /local port/],
  [{ message: "failed to lookup address information" }, "exchange", "dns", /lookup/],
  [{ message: "Name or service not known" }, "dns", "dns", /not known/],
  [{ message: "Network is unreachable (os error 101)" }, "connect", "connect", /unreachable/],
  [{ message: "Connection refused (os error 111)" }, "connect", "connect_refused", /refused/],
  [{ message: "Connection reset by peer (os error 104)" }, "exchange", "reset", /reset/],
  [{ message: "Broken pipe (os error 32)" }, "exchange", "reset", /Broken/],
  // Verification, in OpenSSL's codes and in rustls's words.
  [
    { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    "tls",
    "tls_verify",
    /^Cannot trust the certificate of/,
  ],
  [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "tls", "tls_verify", /DEPTH_ZERO/],
  [{ code: "SELF_SIGNED_CERT_IN_CHAIN" }, "tls", "tls_verify", /SELF_SIGNED/],
  [{ code: "CERT_HAS_EXPIRED" }, "tls", "tls_verify", /EXPIRED/],
  [{ code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "tls", "tls_verify", /ALTNAME/],
  [{ code: "HOSTNAME_MISMATCH" }, "exchange", "tls_verify", /HOSTNAME/],
  [{ message: "invalid peer certificate: UnknownIssuer" }, "tls", "tls_verify", /UnknownIssuer/],
  [
    { message: "invalid peer certificate: Other(CaUsedAsEndEntity)" },
    "tls",
    "tls_verify",
    /CA:TRUE/,
  ],
  [{ message: "certificate verify failed" }, "tls", "tls_verify", /verify failed/],
  // TLS that fails otherwise, as both libraries say it.
  [{ code: "ECONNRESET" }, "tls", "tls", /^TLS handshake failed with a\.example:443: ECONNRESET/],
  [{ message: "the peer hung up" }, "tls", "tls", /hung up/],
  [{ code: "ERR_SSL_WHATEVER", message: "x" }, "exchange", "tls", /^TLS handshake failed/],
  [{ message: "peer is incompatible: NoX" }, "exchange", "tls", /incompatible/],
  [
    { message: "received fatal alert: NoApplicationProtocol" },
    "tls",
    "protocol",
    /none of the protocols/,
  ],
  [{ message: "tlsv1 alert no application protocol" }, "tls", "protocol", /none of the protocols/],
  [
    { message: "received fatal alert: CertificateRequired" },
    "exchange",
    "tls",
    /wants a client certificate/,
  ],
  [
    { message: "tlsv13 alert certificate required" },
    "exchange",
    "tls",
    /wants a client certificate/,
  ],
  [{ message: "received fatal alert: BadCertificate" }, "tls", "tls", /wants a client certificate/],
  [{ message: "sslv3 alert bad certificate" }, "tls", "tls", /wants a client certificate/],
  [
    { message: "received fatal alert: CertificateUnknown" },
    "tls",
    "tls",
    /wants a client certificate/,
  ],
  [{ message: "received fatal alert: UnknownCA" }, "tls", "tls", /wants a client certificate/],
  [{ message: "tlsv1 alert unknown ca" }, "tls", "tls", /wants a client certificate/],
  [{ message: "received fatal alert: AccessDenied" }, "tls", "tls", /wants a client certificate/],
  [
    { message: "received fatal alert: HandshakeFailure" },
    "tls",
    "tls",
    /no cipher.*or it wants a client/,
  ],
  [{ message: "sslv3 alert handshake failure" }, "tls", "tls", /no cipher.*or it wants a client/],
  [{ message: "received fatal alert: InsufficientSecurity" }, "tls", "tls", /no cipher/],
  [
    { message: "received fatal alert: ProtocolVersion" },
    "tls",
    "tls",
    /neither TLS 1\.2 nor TLS 1\.3/,
  ],
  [
    { message: "received fatal alert: InternalError" },
    "tls",
    "tls",
    /: received fatal alert: Inter/,
  ],
  [
    { message: "received corrupt message of type InvalidContentType" },
    "tls",
    "tls",
    /does not speak TLS/,
  ],
  [{ message: "ssl3_get_record:wrong version number" }, "tls", "tls", /does not speak TLS/],
  // Nothing that is known.
  [
    { message: "what is this" },
    "exchange",
    "closed",
    /^Connection lost to a\.example:443: what is this/,
  ],
  [{}, "exchange", "closed", /unknown error/],
];
for (const [seen, stage, kind, sentence] of rows) {
  Deno.test(`${JSON.stringify(seen)} at stage ${stage} is ${kind}`, () => {
    const failure = classify({ message: "", name: "", ...seen }, stage, PEER);
    assertEquals(failure.class, kind);
    assertMatch(failure.message, sentence);
    assert(failure.message.includes(PEER));
  });
}

Deno.test("whatever is thrown has a class and one short line", () => {
  for (const thrown of [undefined, null, "text", 5, {}, new Error(`a\n\tb ${"c".repeat(1000)}`)]) {
    const { message } = classify(thrown, "exchange", PEER);
    assertMatch(message, /^Connection lost to a\.example:443: .+$/);
    assert(message.length < 300);
  }
  assertMatch(classify(new Error("a\n b"), "exchange", PEER).message, /: a b$/);
  assertMatch(classify(new Error("c".repeat(240)), "exchange", PEER).message, /: c{240}$/);
  assertMatch(classify(new Error("c".repeat(241)), "exchange", PEER).message, /: c{239}…$/);
});

Deno.test("running out of time is told by the stage that it was spent in", () => {
  const stages: readonly [Stage, FailureClass, RegExp][] = [
    ["dns", "dns", /^Cannot find the address of a\.example:443 within 50 ms$/],
    ["connect", "connect_timeout", /^Cannot connect to a\.example:443 within 50 ms$/],
    ["tls", "timeout", /^TLS handshake with a\.example:443 not done within 50 ms$/],
    ["exchange", "timeout", /^No complete answer from a\.example:443 within 50 ms$/],
  ];
  for (const [stage, kind, sentence] of stages) {
    const failure = timedOut(stage, PEER, 50.2);
    assertEquals(failure.class, kind);
    assertMatch(failure.message, sentence);
  }
});
