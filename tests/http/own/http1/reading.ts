/** Answers of HTTP/1, good and bad, and what the parser makes of them when they come in pieces. */
import fc from "fast-check";
import { ResponseParser } from "../../../../src/http/own/http1/parser.ts";

export const MAX_BODY = 1000;
export const OK = "HTTP/1.1 200 OK\r\n";
export const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Answers good and bad, each with its status and class (of the whole of it, before the server closes). */
export const CORPUS: readonly [string, number, string][] = [
  [`${OK}Content-Length: 2\r\n\r\nok`, 200, "done"],
  [`${OK}Content-Length: 0\r\n\r\n`, 200, "done"],
  [`HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno and more`, 404, "done"],
  [`HTTP/1.0 200 \r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na`, 200, "done"],
  [`${OK}Connection: close\r\nContent-Length: 1\r\n\r\na`, 200, "done"],
  [`${OK}A:\r\nB: \t c \xfc\r\n\r\nuntil the end`, 200, "open"],
  [`HTTP/1.1 204 None\r\n\r\n`, 204, "done"],
  [
    `HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n${OK}Content-Length: 1\r\n\r\na`,
    200,
    "done",
  ],
  [`${CHUNKED}2;a="b"\r\nok\r\n1\r\n!\r\n0\r\n\r\n`, 200, "done"],
  [`${CHUNKED}2\r\nok\r\n0\r\nExpires: never\r\nContent-Length: x\r\n\r\nrest`, 200, "done"],
  [`${OK}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok`, 200, "done"],
  // Cut short.
  ["", 0, "open"],
  ["HTTP/1.", 0, "open"],
  ["HTTP/1.1 200 OK", 0, "open"],
  ["HTTP/1.1 200 OK\r", 0, "open"],
  [`${OK}Content-Le`, 0, "open"],
  [`${OK}A: b\r\n`, 0, "open"],
  [`${OK}A: b\r\n\r`, 0, "open"],
  ["HTTP/1.1 100 C\r\n\r\n", 0, "open"],
  [`${OK}Content-Length: 3\r\n\r\nok`, 200, "open"],
  [`${CHUNKED}2\r\nok\r\n0\r\nA: b\r\n`, 200, "open"],
  // Wrong from the first line on.
  ["SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "protocol"],
  ["HTTP/2 200\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 2\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 20\r\n\r\n" + `${OK}Content-Length: 0\r\n\r\n`, 0, "protocol"],
  ["HTTP/1.x 200 OK\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 2000 OK\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 600 OK\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 101 Switching\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 200 O\0K\r\n\r\n", 0, "protocol"],
  ["HTTP/1.1 200 OK\n\n", 0, "protocol"],
  ["HTTP/1.1 200 OK\r\r\n", 0, "protocol"],
  ["\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "protocol"],
  ["\x15\x03\x01\x00\x02\x02\x16", 0, "protocol"],
  // Wrong fields.
  [`${OK}A b: c\r\n\r\n`, 0, "protocol"],
  [`${OK}A : c\r\n\r\n`, 0, "protocol"],
  [`${OK}: c\r\n\r\n`, 0, "protocol"],
  [`${OK}A\r\n\r\n`, 0, "protocol"],
  [`${OK}A: b\r\n c\r\n\r\n`, 0, "protocol"],
  [`${OK}\tA: b\r\n\r\n`, 0, "protocol"],
  [`${OK}A: b\nC: d\r\n\r\n`, 0, "protocol"],
  [`${OK}A: b\r\n\n`, 0, "protocol"],
  [`${OK}A: b\rC: d\r\n\r\n`, 0, "protocol"],
  [`${OK}A: \x07\r\n\r\n`, 0, "protocol"],
  [`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 0, "protocol"],
  [`${OK}Content-Length: -1\r\n\r\n`, 0, "protocol"],
  [`HTTP/1.1 100 C\r\nA b\r\n\r\n${OK}\r\n`, 0, "protocol"],
  // Wrong bodies.
  [`${CHUNKED}xyz\r\n`, 200, "protocol"],
  [`${CHUNKED}2\nok`, 200, "protocol"],
  [`${CHUNKED}2;\0\r\nok`, 200, "protocol"],
  [`${CHUNKED}2\r\nokay\r\n`, 200, "protocol"],
  [`${CHUNKED}2\r\nok\n`, 200, "protocol"],
  [`${CHUNKED}00000000000001\r\na`, 200, "protocol"],
  [`${CHUNKED}0\r\nA b\r\n\r\n`, 200, "protocol"],
  [`${CHUNKED}0\r\nA: b\r\n c\r\n\r\n`, 200, "protocol"],
  [`${OK}Content-Length: 1001\r\n\r\n`, 200, "too_large"],
  [`${CHUNKED}3e9\r\n${"b".repeat(1001)}`, 200, "too_large"],
  [`${OK}\r\n${"b".repeat(1001)}`, 200, "too_large"],
];

export interface Reading {
  readonly status: number;
  readonly verdict: string;
  readonly message: string | undefined;
  readonly head: string;
  readonly body: string;
  readonly keepAlive: boolean;
  readonly coding: string | undefined;
  readonly left: number;
  /** What it is called once the server closes. */
  readonly atEnd: string;
}

export function read(pieces: readonly Uint8Array[]): Reading {
  const parser = new ResponseParser(MAX_BODY);
  parser.start("GET");
  let left = 0;
  const verdict = (): string => parser.failure?.class ?? (parser.done ? "done" : "open");
  for (const piece of pieces) {
    left += verdict() === "open" ? piece.length - parser.push(piece) : piece.length;
  }
  const before = verdict();
  // What comes in place of an answer or a chunk is told as far as it has come.
  const message = parser.failure?.message.replace(/(begins with|chunk.*?:) ".*/, "$1");
  if (before === "open") parser.end();
  return {
    status: parser.status,
    verdict: before,
    message,
    head: text(parser.head),
    body: text(parser.body),
    keepAlive: parser.keepAlive,
    coding: parser.contentCoding,
    // A failed answer has no end.
    left: before === "done" ? left : 0,
    atEnd: verdict(),
  };
}

function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Copies, so that a parser cannot see beyond the end of a piece. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places)].sort((a, b) => a - b).filter((place) => place <= bytes.length);
  return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.length));
}

const piece = fc.oneof(
  fc.constantFrom(...CORPUS.map(([answer]) => answer)),
  fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    " ",
    "0\r\n\r\n",
    "HTTP/1.1 ",
    "Content-Length: 5\r\n",
    OK,
    CHUNKED,
  ),
  fc.string({ unit: "binary-ascii", maxLength: 6 }),
);
/** Put together of anything. */
export const ANSWERS: fc.Arbitrary<Uint8Array> = fc.array(piece, { maxLength: 6 }).map((pieces) =>
  bytesOf(pieces.join(""))
);
