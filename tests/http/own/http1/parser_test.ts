import fc from "fast-check";
import { assert, assertEquals } from "../../../assert.ts";
import { MAX_HEAD_BYTES, ResponseParser } from "../../../../src/http/own/http1/parser.ts";

const MAX_BODY = 4096;
const ENCODER = new TextEncoder();

interface Reading {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly done: boolean;
  readonly keepAlive: boolean;
  readonly failure: string | undefined;
  /** Bytes that were not part of the answer. */
  readonly left: number;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Feeds the pieces to a parser as a connection would, then ends. */
function read(pieces: readonly Uint8Array[], method = "GET", parser = newParser()): Reading {
  parser.start(method);
  let left = 0;
  for (const piece of pieces) {
    left += parser.done || parser.failure ? piece.length : piece.length - parser.push(piece);
  }
  parser.end();
  const { status, head, body, done, keepAlive, failure } = parser;
  return {
    status,
    head: latin1(head),
    body: latin1(body),
    done,
    keepAlive,
    failure: failure?.class,
    left,
  };
}

function newParser(): ResponseParser {
  return new ResponseParser(MAX_BODY);
}

function readText(text: string, method = "GET"): Reading {
  return read([ENCODER.encode(text)], method);
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

// Valid answers, and what they mean.

interface Answer {
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly body: string;
  readonly keepAlive: boolean;
}

const name = fc.stringMatching(/^x-[a-z!#$%&'*+.^_`|~0-9-]{1,10}$/);
const value = fc.stringMatching(/^[ -~]{0,30}$/);
const fields = fc.array(fc.tuple(name, value), { maxLength: 5 })
  .map((pairs) => pairs.map(([n, v]) => `${n}:${v}\r\n`).join(""));
const body = fc.string({ unit: "binary-ascii", maxLength: 300 });
const mixedCase = fc.constantFrom("content-length", "Content-Length", "CONTENT-LENGTH");
const finalStatus = fc.integer({ min: 200, max: 599 }).filter((s) => s !== 204 && s !== 304);
const interim = fc.array(fc.constantFrom(100, 102, 103), { maxLength: 3 })
  .map((all) => all.map((status) => `HTTP/1.1 ${status} Wait\r\nX-A: b\r\n\r\n`).join(""));

function chunked(text: string, sizes: readonly number[], extension: string): string {
  let out = "";
  for (let at = 0, i = 0; at < text.length; i++) {
    const piece = text.slice(at, at + (sizes[i % sizes.length] ?? 1));
    out += `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return out;
}

const answer: fc.Arbitrary<Answer> = fc.record({
  interim,
  status: finalStatus,
  reason: fc.constantFrom("", " ", " OK", " Not \u00fcsual"),
  fields,
  body,
  framing: fc.constantFrom("length", "chunked"),
  lengthName: mixedCase,
  sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
  extension: fc.constantFrom("", ";a=b", " ; c"),
  trailers: fields,
  close: fc.boolean(),
}).map((a) => {
  const close = a.close ? "Connection: Close\r\n" : "";
  const framing = a.framing === "length"
    ? `${a.lengthName}: ${a.body.length}\r\n`
    : "Transfer-Encoding: chunked\r\n";
  const payload = a.framing === "length"
    ? a.body
    : `${chunked(a.body, a.sizes, a.extension)}0\r\n${a.trailers}\r\n`;
  const head = `HTTP/1.1 ${a.status}${a.reason}\r\n${a.fields}${framing}${close}\r\n`;
  const text = a.interim + head + payload;
  return {
    bytes: Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
    status: a.status,
    body: a.body,
    keepAlive: !a.close,
  };
});

const places = fc.array(fc.nat(2000), { maxLength: 30 });

Deno.test("a valid answer reads the same however it is cut into pieces", () => {
  fc.assert(fc.property(answer, places, (expected, at) => {
    const reading = read(cut(expected.bytes, at));
    assertEquals(reading.failure, undefined);
    assertEquals(
      [reading.done, reading.status, reading.body, reading.keepAlive, reading.left],
      [true, expected.status, expected.body, expected.keepAlive, 0],
    );
    assertEquals(reading, read([expected.bytes]));
    assertEquals(reading, read(cut(expected.bytes, Array.from(expected.bytes, (_, i) => i))));
  }));
});

Deno.test("bytes after an answer are left, and the parser reads the next answer as if it were new", () => {
  const parser = newParser();
  fc.assert(fc.property(answer, fc.uint8Array({ maxLength: 50 }), (expected, rest) => {
    const bytes = new Uint8Array([...expected.bytes, ...rest]);
    const reading = read([bytes], "GET", parser);
    assertEquals([reading.body, reading.left], [expected.body, rest.length]);
  }));
});

Deno.test("a valid answer cut short is never done and never a failure of protocol", () => {
  fc.assert(fc.property(answer, fc.nat(10_000), places, (expected, length, at) => {
    const short = expected.bytes.subarray(0, length % expected.bytes.length);
    const reading = read(cut(short, at));
    assertEquals([reading.done, reading.failure], [false, "closed"]);
    assert(expected.body.startsWith(reading.body));
  }));
});

/** Bytes that are nearly an answer: pieces of real ones, with noise between. */
const nearly = fc.array(
  fc.oneof(
    fc.constantFrom(
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.0 404\r\n",
      "HTTP/1.1 100 C\r\n\r\n",
      "Content-Length: 5\r\n",
      "content-length: 99999999999999\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Connection: close\r\n",
      "\r\n",
      "5\r\nhello\r\n",
      "0\r\n\r\n",
      "fffffffffffff\r\n",
      " folded\r\n",
    ),
    fc.string({ unit: "binary-ascii", maxLength: 20 }),
  ),
  { maxLength: 12 },
).map((parts) => Uint8Array.from(parts.join(""), (letter) => letter.charCodeAt(0)));

Deno.test("no bytes make the parser throw, hang, or keep more than it may", () => {
  const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), nearly);
  fc.assert(
    fc.property(anything, places, fc.constantFrom("GET", "HEAD"), (bytes, at, method) => {
      const whole = read([bytes], method);
      assert(whole.done !== (whole.failure !== undefined));
      assert(whole.body.length <= MAX_BODY);
      const pieces = read(cut(bytes, at), method);
      assertEquals([pieces.done, pieces.body], [whole.done, whole.body]);
    }),
    { numRuns: 500 },
  );
});

// Single facts.

Deno.test("a head may have exactly as many bytes as allowed, in one piece or in many", () => {
  const frame = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: \r\n\r\n";
  for (const [over, failure] of [[0, undefined], [1, "too_large"]] as const) {
    const filler = "b".repeat(MAX_HEAD_BYTES - frame.length + over);
    const bytes = ENCODER.encode(frame.replace("A: ", `A: ${filler}`));
    assertEquals(read([bytes]).failure, failure);
    assertEquals(read(cut(bytes, [1, 100, 40_000])).failure, failure);
  }
});

Deno.test("interim answers share the room of the head", () => {
  const one = `HTTP/1.1 103 Early Hints\r\nA: ${"b".repeat(10_000)}\r\n\r\n`;
  assertEquals(readText(one.repeat(10)).failure, "too_large");
});

Deno.test("endless chunk extensions and trailers are too large", () => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const filler = "b".repeat(MAX_HEAD_BYTES);
  assertEquals(readText(`${head}1;${filler}`).failure, "too_large");
  assertEquals(readText(`${head}0\r\nA: ${filler}`).failure, "too_large");
});

Deno.test("a body of exactly the allowed size is taken, and a larger one cut off there", () => {
  const exact = "b".repeat(MAX_BODY);
  for (
    const answer of [
      (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      (body: string) =>
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
          chunked(body, [1000], "")
        }0\r\n\r\n`,
      (body: string) => `HTTP/1.1 200 OK\r\n\r\n${body}`,
    ]
  ) {
    assertEquals([readText(answer(exact)).failure, readText(answer(exact)).body], [
      undefined,
      exact,
    ]);
    assertEquals(readText(answer(exact + "b")).failure, "too_large");
    assert(readText(answer(exact + "b")).body.length <= MAX_BODY);
  }
});

const statusLines: readonly [string, string | undefined][] = [
  ["HTTP/1.1 200 OK", undefined],
  ["HTTP/1.1 200 ", undefined],
  ["HTTP/1.1 200", undefined],
  ["HTTP/1.0 200 OK", undefined],
  ["HTTP/1.1 2000 OK", "protocol"],
  ["HTTP/1.1 20 OK", "protocol"],
  ["HTTP/1.1 099 Low", "protocol"],
  ["HTTP/1.1 600 High", "protocol"],
  ["HTTP/1.1  200 OK", "protocol"],
  ["HTTP/1.1 200 O\x00K", "protocol"],
  ["HTTP/2 200", "protocol"],
  ["http/1.1 200 OK", "protocol"],
  ["HTTP/1.1 101 Switching", "protocol"],
];
for (const [line, failure] of statusLines) {
  Deno.test(`the status line ${JSON.stringify(line)} is ${failure ?? "fine"}`, () => {
    assertEquals(readText(`${line}\r\nContent-Length: 0\r\n\r\n`).failure, failure);
  });
}

const lengths: readonly [string, number | undefined][] = [
  ["5", 5],
  [" 5 ", 5],
  ["5, 5", 5],
  ["0005", 5],
  ["5,6", undefined],
  ["+5", undefined],
  ["5.0", undefined],
  ["0x5", undefined],
  ["", undefined],
  ["1234567890123456", undefined],
];
for (const [length, expected] of lengths) {
  Deno.test(`the Content-Length "${length}" is ${expected ?? "refused"}`, () => {
    const { failure, body } = readText(`HTTP/1.1 200 OK\r\nContent-Length:${length}\r\n\r\nhello`);
    assertEquals([failure, body.length], expected === undefined ? ["protocol", 0] : [undefined, 5]);
  });
}

const lingering: readonly [string, string, boolean][] = [
  ["HTTP/1.1", "", true],
  ["HTTP/1.1", "Connection: close\r\n", false],
  ["HTTP/1.1", "Connection: TE, Close\r\n", false],
  ["HTTP/1.1", "Connection: closed\r\n", true],
  ["HTTP/1.0", "", false],
  ["HTTP/1.0", "Connection: Keep-Alive\r\n", true],
];
for (const [version, field, keepAlive] of lingering) {
  Deno.test(`${version} with "${field.trim()}" ${keepAlive ? "stays open" : "closes"}`, () => {
    const reading = readText(`${version} 200 OK\r\n${field}Content-Length: 0\r\n\r\n`);
    assertEquals(reading.keepAlive, keepAlive);
  });
}

Deno.test("a length beside chunks is ignored, and the connection not trusted any more", () => {
  const reading = readText(
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  );
  assertEquals([reading.body, reading.keepAlive], ["hello", false]);
});

Deno.test("any coding of the transfer but chunks is a failure, and chunks may be written in any case", () => {
  const coded = (...codings: string[]): Reading =>
    readText(
      `HTTP/1.1 200 OK\r\n${
        codings.map((coding) => `Transfer-Encoding: ${coding}\r\n`).join("")
      }\r\n5\r\nhello\r\n0\r\n\r\n`,
    );
  for (const coding of ["gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked", ""]) {
    assertEquals([coded(coding).failure, coded(coding).body], ["protocol", ""], coding);
  }
  assertEquals(coded("chunked", "chunked").failure, "protocol");
  assertEquals(coded(" Chunked ").body, "hello");
});

Deno.test("a lone line feed ends no line", () => {
  assertEquals(readText("HTTP/1.1 200 OK\nContent-Length: 0\n\n").failure, "protocol");
  assertEquals(readText("HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n").failure, "protocol");
});

Deno.test("a body in several pieces is not written into the pieces", () => {
  const pieces = ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab", "cd", "ef", "rest"]
    .map((text) => ENCODER.encode(text));
  const before = pieces.map((piece) => latin1(piece));
  assertEquals(read(pieces).body, "abcdef");
  assertEquals(pieces.map((piece) => latin1(piece)), before);
});

Deno.test("what one answer says of its coding and its length is not said of the next", () => {
  const parser = newParser();
  const first =
    "HTTP/1.1 200 OK\r\nContent-Encoding: GZip\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n";
  parser.start("GET");
  parser.push(ENCODER.encode(first));
  assertEquals([parser.done, parser.contentCoding], [true, "gzip, br"]);
  const interim = "HTTP/1.1 103 E\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n";
  parser.start("GET");
  parser.push(ENCODER.encode(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na`));
  assertEquals([parser.done, parser.contentCoding], [true, undefined]);
  assertEquals(latin1(parser.body), "a");
});

Deno.test("a message quotes no more than forty bytes", () => {
  for (const wrong of ["x", "HTTP/1.1 2 ", "HTTP/1.1 200 OK\r\nA b", "HTTP/1.1 200 OK\r\nA: b\0"]) {
    const parser = newParser();
    parser.start("GET");
    parser.push(ENCODER.encode(`${wrong}${"y".repeat(1000)}\r\n\r\n`));
    assert(parser.failure!.message.length < 150, parser.failure!.message);
  }
});
