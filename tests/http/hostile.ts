/**
 * Servers that mean no good, or break: what each does, and what its answer is then called. One table, so that whoever
 * misses a behaviour sees at once that it is missing.
 */
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { FailureClass } from "../../src/http/failure.ts";
import {
  Flag,
  FrameReader,
  FrameType,
  PREFACE,
  settingsFrame,
  writeFrame,
} from "../../src/http/own/http2/frames.ts";
import { encodeFields, type Field } from "../../src/http/own/http2/hpack.ts";
import type { Peer, Script } from "./scripted_server.ts";

/** `tls` and `h2` speak TLS; `bare` is a plain port that is asked for https. */
export type Way = "plain" | "tls" | "bare" | "h2";
/** Which certificate is served; all but `trusted` are checked against a root that did not issue them so. */
export type Served = "expired" | "other name" | "unknown issuer" | "self-signed";

export interface Behaviour {
  readonly name: string;
  readonly way: Way;
  readonly script: Script;
  /** A class of failure, or the status of an answer that is taken as it is. */
  readonly expected: FailureClass | number;
  readonly served?: Served;
  /** ALPN of the server where it is not the way's own. */
  readonly alpn?: readonly string[];
  /** The request has a body of so many bytes. */
  readonly bodyBytes?: number;
}

export const MAX_BODY_BYTES = 100_000;

const encoder = new TextEncoder();
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Nobody comes back to it before the client gives up. */
const held = async (peer: Peer): Promise<void> => {
  while (await peer.request() !== undefined);
};

/** One request, these pieces, the end. */
const says = (...pieces: (string | Uint8Array)[]): Script => async (peer) => {
  await peer.head();
  for (const piece of pieces) await peer.send(piece);
  await peer.end();
};

/** The same, and then silence. */
const stopsAfter = (...pieces: (string | Uint8Array)[]): Script => async (peer) => {
  await peer.request();
  for (const piece of pieces) await peer.send(piece);
  await held(peer);
};

/** `first`, and then `piece` until the client has enough: sent in larger lots, and not for ever. */
const floods = (first: string | Uint8Array, piece: string | Uint8Array): Script => async (peer) => {
  await peer.head();
  await peer.send(first);
  const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
  const times = Math.max(1, Math.floor(16_384 / bytes.length));
  const lot = joined(Array(times).fill(bytes));
  for (let sent = 0; sent < 64 * 2 ** 20; sent += lot.length) await peer.send(lot);
};

/** `first`, and then a byte each 20 ms. */
const drips = (first: string, then: string): Script => async (peer) => {
  await peer.request();
  await peer.send(first);
  for (const letter of then) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await peer.send(letter);
  }
};

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const coded = (coding: string, body: Uint8Array): (string | Uint8Array)[] => [
  `${OK}Content-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
  body,
];
const bomb = gzipSync(new Uint8Array(20_000_000));
const random = Uint8Array.from({ length: 400 }, (_, at) => (at * 7919 + 13) % 251);

const plain = (
  name: string,
  expected: Behaviour["expected"],
  script: Script,
  more: Partial<Behaviour> = {},
): Behaviour => ({ name, way: "plain", expected, script, ...more });

const overPlain: readonly Behaviour[] = [
  // Silence, and an end, at each stage.
  plain("silence", "timeout", stopsAfter()),
  plain("silence in the status line", "timeout", stopsAfter("HTTP/1.1 20")),
  plain("silence in the head", "timeout", stopsAfter(`${OK}Content-Le`)),
  plain("silence before the body", "timeout", stopsAfter(`${OK}Content-Length: 5\r\n\r\n`)),
  plain("silence in the body", "timeout", stopsAfter(`${OK}Content-Length: 5\r\n\r\nab`)),
  plain("silence in a chunk", "timeout", stopsAfter(`${CHUNKED}5\r\nab`)),
  plain("silence before the last chunk", "timeout", stopsAfter(`${CHUNKED}2\r\nab\r\n`)),
  plain("silence in the trailers", "timeout", stopsAfter(`${CHUNKED}0\r\nA: b\r\n`)),
  plain("silence after 100 Continue", "timeout", stopsAfter("HTTP/1.1 100 Continue\r\n\r\n")),
  plain("an end before anything", "closed", says()),
  plain("an end without a look at the request", "closed", async () => {}),
  plain("an end in the status line", "closed", says("HTTP/1.1 20")),
  plain("an end in the head", "closed", says(`${OK}Content-Le`)),
  plain("an end before the body", "closed", says(`${OK}Content-Length: 5\r\n\r\n`)),
  plain("an end in the body", "closed", says(`${OK}Content-Length: 5\r\n\r\nab`)),
  plain("an end in a chunk's size", "closed", says(`${CHUNKED}5`)),
  plain("an end in a chunk", "closed", says(`${CHUNKED}5\r\nab`)),
  plain("an end without the last chunk", "closed", says(`${CHUNKED}2\r\nab\r\n`)),
  plain("an end in the trailers", "closed", says(`${CHUNKED}0\r\nA: b\r\n`)),
  plain("an end after 100 Continue", "closed", says("HTTP/1.1 100 Continue\r\n\r\n")),
  plain("a head that drips", "timeout", drips(OK, "A: b\r\n".repeat(200))),
  plain("a body that drips", "timeout", drips(`${OK}Content-Length: 999\r\n\r\n`, "a".repeat(999))),
  plain("chunks that drip", "timeout", drips(CHUNKED, "1\r\na\r\n".repeat(200))),
  // Without end.
  plain("an endless status line", "too_large", floods("HTTP/1.1 200 ", "b")),
  plain("an endless field", "too_large", floods(`${OK}A: `, "b")),
  plain("endless fields", "too_large", floods(OK, "A: b\r\n")),
  plain("endless interim answers", "too_large", floods("", "HTTP/1.1 103 Early Hints\r\n\r\n")),
  plain("an endless body", "too_large", floods(`${OK}\r\n`, "b")),
  plain("endless chunks of one byte", "too_large", floods(CHUNKED, "1\r\na\r\n")),
  plain("an endless chunk extension", "too_large", floods(`${CHUNKED}1;`, "b")),
  plain("an endless chunk size", "protocol", floods(CHUNKED, "0")),
  plain("endless trailers", "too_large", floods(`${CHUNKED}0\r\n`, "A: b\r\n")),
  plain(
    "a body announced beyond the limit",
    "too_large",
    says(`${OK}Content-Length: 100001\r\n\r\n`),
  ),
  plain(
    "a length beyond all numbers",
    "protocol",
    says(`${OK}Content-Length: ${"9".repeat(30)}\r\n\r\n`),
  ),
  plain(
    "an end after a chunk was announced beyond the limit",
    "closed",
    says(`${CHUNKED}fffffff\r\n`),
  ),
  // What is no answer.
  plain("the banner of SSH", "protocol", says("SSH-2.0-OpenSSH_9.2\r\n")),
  plain("the banner of SMTP", "protocol", says("220 mail.example ESMTP\r\n")),
  plain("octets of any kind", "protocol", says(random)),
  plain("a TLS alert", "protocol", says(Uint8Array.of(21, 3, 1, 0, 2, 2, 70))),
  plain("HTTP/2 unasked", "protocol", says(settingsFrame([]))),
  plain("a page without a head", "protocol", says("<html><body>hello</body></html>")),
  plain("a status of 999", "protocol", says("HTTP/1.1 999 No\r\n\r\n")),
  plain("101 unasked", "protocol", says("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n")),
  plain("HTTP/3.0", "protocol", says("HTTP/3.0 200 OK\r\n\r\n")),
  plain("lines that end in LF alone", "protocol", says("HTTP/1.1 200 OK\nA: b\n\n")),
  plain("a folded field", "protocol", says(`${OK}A: b\r\n c\r\n\r\n`)),
  plain("NUL in the head", "protocol", says(`${OK}A: \0\r\n\r\n`)),
  plain(
    "an escape sequence in the status line",
    "protocol",
    says("HTTP/1.1 200 \x1b[31mOK\r\n\r\n"),
  ),
  plain("a space before the colon", "protocol", says(`${OK}A : b\r\n\r\n`)),
  plain("a field without a name", "protocol", says(`${OK}: b\r\n\r\n`)),
  // Wrong lengths.
  plain("two lengths", "protocol", says(`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`)),
  plain("a negative length", "protocol", says(`${OK}Content-Length: -1\r\n\r\n`)),
  plain("a hexadecimal length", "protocol", says(`${OK}Content-Length: 0x2\r\n\r\nab`)),
  plain("a chunk size that is no number", "protocol", says(`${CHUNKED}xyz\r\n`)),
  plain("a chunk longer than it says", "protocol", says(`${CHUNKED}2\r\nokay\r\n0\r\n\r\n`)),
  // Codings.
  plain("a gzip bomb", "too_large", says(...coded("gzip", new Uint8Array(bomb)))),
  plain("a gzip bomb in a gzip", "too_large", says(...coded("gzip, gzip", gzipSync(bomb)))),
  plain(
    "a brotli bomb",
    "too_large",
    says(...coded("br", brotliCompressSync(new Uint8Array(5e6)))),
  ),
  plain("gzip that is none", "protocol", says(...coded("gzip", encoder.encode("plain")))),
  plain("gzip cut short", "protocol", says(...coded("gzip", gzipSync(random).subarray(0, 60)))),
  plain("a coding that nobody knows", "protocol", says(...coded("zstd", random))),
  // Odd, and no failure of the transport.
  plain(
    "a redirect to elsewhere",
    302,
    says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
  ),
  plain(
    "a server's fault as a page",
    500,
    says("HTTP/1.1 500 Oh\r\nContent-Length: 6\r\n\r\n<html>"),
  ),
  plain(
    "a field of 60,000 letters",
    200,
    says(`${OK}A: ${"b".repeat(60_000)}\r\nContent-Length: 0\r\n\r\n`),
  ),
  plain("two answers to one request", 200, says(`${OK}Content-Length: 1\r\n\r\na`.repeat(2))),
  plain("413 before the body is read", 413, async (peer) => {
    await peer.head();
    await peer.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }, { bodyBytes: 600_000 }),
];

/** A TLS record of an alert. */
const alert = (description: number): Uint8Array => Uint8Array.of(21, 3, 3, 0, 2, 2, description);
const bare = (name: string, expected: FailureClass, script: Script): Behaviour => ({
  name: `${name}, in place of a handshake`,
  way: "bare",
  expected,
  script,
});
/** The ClientHello is no head of HTTP, and is not looked at. */
const speaks = (...pieces: (string | Uint8Array)[]): Script => async (peer) => {
  for (const piece of pieces) await peer.send(piece);
  await held(peer);
};
const overBare: readonly Behaviour[] = [
  bare("silence", "timeout", held),
  bare("an end", "tls", async () => {}),
  bare("an answer of HTTP/1.1", "tls", speaks("HTTP/1.1 400 Bad Request\r\n\r\n")),
  bare("the banner of SSH", "tls", speaks("SSH-2.0-OpenSSH_9.2\r\n".repeat(10))),
  bare("octets of any kind", "tls", speaks(random)),
  bare("the alert handshake_failure", "tls", speaks(alert(40))),
  bare("the alert protocol_version", "tls", speaks(alert(70))),
  bare("the alert certificate_required", "tls", speaks(alert(116))),
  bare("half a record", "timeout", speaks(Uint8Array.of(22, 3, 3, 0, 100, 2))),
  bare("a ServerHello of zeros", "tls", speaks(Uint8Array.of(22, 3, 3, 0, 6, 2, 0, 0, 2, 0, 0))),
];

const tls = (
  name: string,
  expected: Behaviour["expected"],
  more: Partial<Behaviour>,
): Behaviour => ({
  name: `${name}, over TLS`,
  way: "tls",
  expected,
  script: says(`${OK}Content-Length: 0\r\n\r\n`),
  ...more,
});
const overTls: readonly Behaviour[] = [
  tls("a certificate that has expired", "tls_verify", { served: "expired" }),
  tls("a certificate of another name", "tls_verify", { served: "other name" }),
  tls("a certificate of an unknown issuer", "tls_verify", { served: "unknown issuer" }),
  tls("a certificate of its own", "tls_verify", { served: "self-signed" }),
  tls("a protocol that was not offered", "protocol", { alpn: ["h2"] }),
  tls("silence", "timeout", { script: stopsAfter() }),
  tls("silence in the body", "timeout", { script: stopsAfter(`${OK}Content-Length: 5\r\n\r\nab`) }),
  tls("an end before anything", "closed", { script: says() }),
  tls("an end in the body", "closed", { script: says(`${OK}Content-Length: 5\r\n\r\nab`) }),
  tls("an endless body", "too_large", { script: floods(`${OK}\r\n`, "b") }),
  tls("endless fields", "too_large", { script: floods(OK, "A: b\r\n") }),
  tls("octets of any kind", "protocol", { script: says(random) }),
  tls("a gzip bomb", "too_large", { script: says(...coded("gzip", new Uint8Array(bomb))) }),
];

// HTTP/2

const settings = settingsFrame([]);
const frame = (type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array =>
  writeFrame({ type, flags, streamId, payload });
const header = (fields: readonly Field[], flags: number = Flag.EndHeaders): Uint8Array =>
  frame(FrameType.Headers, flags, 1, encodeFields(fields));
const number = (value: number): Uint8Array => settingsFrame([[0, value]]).slice(11);
const none = new Uint8Array(0);
const answer = header([[":status", "200"]]);
const goaway = (lastId: number): Uint8Array =>
  frame(FrameType.Goaway, 0, 0, joined([number(lastId), number(0)]));
const block = (hex: string): Uint8Array =>
  frame(FrameType.Headers, Flag.EndHeaders, 1, Uint8Array.fromHex(hex));
/** A field of 3,000 letters that enters the table, and is then named with one octet, 3,000 times. */
const hpackBomb = frame(
  FrameType.Headers,
  Flag.EndHeaders,
  1,
  joined([
    Uint8Array.fromHex("884001617fb916"),
    new Uint8Array(3000).fill(97),
    new Uint8Array(3000).fill(0xbe),
  ]),
);

/** Refuses each stream as it is opened. */
const refuses: Script = async (peer) => {
  const reader = new FrameReader();
  await peer.send(settings);
  for (let skipped = 0, bytes; (bytes = await peer.bytes()) !== undefined;) {
    const preface = Math.min(PREFACE.length - skipped, bytes.length);
    skipped += preface;
    const opened: number[] = [];
    reader.read(bytes.subarray(preface), ({ type, streamId }) => {
      if (type === FrameType.Headers) opened.push(streamId);
    });
    for (const id of opened) await peer.send(frame(FrameType.RstStream, 0, id, number(7)));
  }
};

const h2 = (
  name: string,
  expected: Behaviour["expected"],
  script: Script,
  more: Partial<Behaviour> = {},
): Behaviour => ({ name: `${name}, in HTTP/2`, way: "h2", expected, script, ...more });
const h2Floods = (
  name: string,
  expected: FailureClass,
  piece: Uint8Array,
  ...before: Uint8Array[]
): Behaviour => h2(name, expected, floods(joined([settings, ...before]), piece));

const overHttp2: readonly Behaviour[] = [
  h2("silence", "timeout", stopsAfter()),
  h2("silence after the settings", "timeout", stopsAfter(settings)),
  h2("silence after the header", "timeout", stopsAfter(settings, answer)),
  h2("silence in a header", "timeout", stopsAfter(settings, header([[":status", "200"]], 0))),
  h2("no room for the body", "timeout", stopsAfter(settingsFrame([[4, 0]])), { bodyBytes: 10 }),
  h2("an end before anything", "closed", says()),
  h2("an end after the settings", "closed", says(settings)),
  h2("an end after the header", "closed", says(settings, answer)),
  h2("a farewell that names nothing, again and again", "closed", says(settings, goaway(0))),
  h2("a farewell and an end", "closed", says(settings, answer, goaway(1))),
  h2("a stream that is refused again and again", "reset", refuses),
  h2(
    "a stream that is reset",
    "reset",
    stopsAfter(settings, frame(FrameType.RstStream, 0, 1, number(2))),
  ),
  h2(
    "a stream that is reset in its body",
    "reset",
    stopsAfter(settings, answer, frame(FrameType.RstStream, 0, 1, number(8))),
  ),
  h2("an answer of HTTP/1.1", "protocol", says(`${OK}Content-Length: 0\r\n\r\n`)),
  h2("octets of any kind", "protocol", says(random)),
  h2("an answer without settings", "protocol", says(answer)),
  h2("frames of 0 bytes at most", "protocol", says(settingsFrame([[5, 0]]))),
  h2("a push that is allowed", "protocol", says(settingsFrame([[2, 1]]))),
  h2("a window beyond all", "protocol", says(settingsFrame([[4, 2 ** 31]]))),
  h2(
    "a window that is widened too far",
    "protocol",
    says(settings, frame(FrameType.WindowUpdate, 0, 0, number(2 ** 31 - 1))),
  ),
  h2(
    "a window that is widened by nothing",
    "protocol",
    says(settings, frame(FrameType.WindowUpdate, 0, 0, number(0))),
  ),
  h2("a push", "protocol", says(settings, frame(FrameType.PushPromise, 4, 1, number(2)))),
  h2(
    "a frame of 16 MB",
    "protocol",
    says(settings, Uint8Array.of(255, 255, 255, 0, 0, 0, 0, 0, 1)),
  ),
  h2(
    "a frame of a stream that nobody opened",
    "protocol",
    says(settings, frame(FrameType.Data, 0, 9, none)),
  ),
  h2("a body before its header", "protocol", says(settings, frame(FrameType.Data, 0, 1, random))),
  h2(
    "all padding",
    "protocol",
    says(settings, answer, frame(FrameType.Data, Flag.Padded, 1, Uint8Array.of(9))),
  ),
  h2("a field in capitals", "protocol", says(settings, header([[":status", "200"], ["A", "b"]]))),
  h2(
    "a field of HTTP/1 alone",
    "protocol",
    says(settings, header([[":status", "200"], ["connection", "x"]])),
  ),
  h2("a header without a status", "protocol", says(settings, header([["a", "b"]]))),
  h2("an entry that no table has", "protocol", says(settings, block("ff80ffff07"))),
  h2("a header cut short", "protocol", says(settings, block("4088"))),
  h2(
    "a body that is not as long as it says",
    "protocol",
    says(
      settings,
      header([[":status", "200"], ["content-length", "9"]]),
      frame(FrameType.Data, Flag.EndStream, 1, none),
    ),
  ),
  h2(
    "a header continued on another stream",
    "protocol",
    says(settings, header([[":status", "200"]], 0), frame(FrameType.Continuation, 4, 3, none)),
  ),
  h2(
    "a header that is never continued",
    "protocol",
    says(settings, header([[":status", "200"]], 0), frame(FrameType.Data, 0, 1, none)),
  ),
  h2("one octet for 3,000 letters, 3,000 times", "too_large", says(settings, hpackBomb)),
  h2(
    "a gzip bomb",
    "too_large",
    says(settings, header([[":status", "200"], ["content-encoding", "gzip"]]), ...inFrames(bomb)),
  ),
  h2Floods(
    "empty continuations without end",
    "protocol",
    frame(FrameType.Continuation, 0, 1, none),
    header([[":status", "200"]], 0),
  ),
  h2Floods(
    "a header continued without end",
    "too_large",
    frame(FrameType.Continuation, 0, 1, random),
    header([[":status", "200"]], 0),
  ),
  h2Floods("pings without end", "protocol", frame(FrameType.Ping, 0, 0, new Uint8Array(8))),
  h2Floods("settings without end", "protocol", settings),
  h2Floods("empty data without end", "protocol", frame(FrameType.Data, 0, 1, none), answer),
  h2Floods(
    "padding without end",
    "protocol",
    frame(FrameType.Data, Flag.Padded, 1, Uint8Array.of(3, 0, 0, 0)),
    answer,
  ),
  h2Floods("unknown frames without end", "protocol", frame(99, 0, 1, none)),
  h2Floods("interim answers without end", "too_large", header([[":status", "103"]])),
  h2Floods(
    "a body of single bytes without end",
    "too_large",
    frame(FrameType.Data, 0, 1, Uint8Array.of(97)),
    answer,
  ),
  h2Floods(
    "a body without end",
    "too_large",
    frame(FrameType.Data, 0, 1, new Uint8Array(16_384)),
    answer,
  ),
  h2("a server that speaks HTTP/1.1 alone", "protocol", stopsAfter(), { alpn: ["http/1.1"] }),
];

function inFrames(body: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += 16_384) {
    const last = at + 16_384 >= body.length ? Flag.EndStream : 0;
    frames.push(frame(FrameType.Data, last, 1, body.subarray(at, at + 16_384)));
  }
  return frames;
}

export const BEHAVIOURS: readonly Behaviour[] = [
  ...overPlain,
  ...overBare,
  ...overTls,
  ...overHttp2,
];
