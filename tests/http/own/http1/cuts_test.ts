/** The verdict on an answer does not depend on the segments in which it comes. */
import fc from "fast-check";
import { assertEquals, assertLess, assertMatch } from "../../../assert.ts";
import { cpuMsOf } from "../../../cpu.ts";
import { MAX_HEAD_BYTES, ResponseParser } from "../../../../src/http/own/http1/parser.ts";
import { ANSWERS, bytesOf, CHUNKED, CORPUS, cut, MAX_BODY, OK, read } from "./reading.ts";

for (const [answer, status, verdict] of CORPUS) {
  const shown = JSON.stringify(answer.length > 70 ? `${answer.slice(0, 70)}...` : answer);
  Deno.test(`${shown} is ${status} and ${verdict} wherever it is cut`, () => {
    const bytes = bytesOf(answer);
    const whole = read([bytes]);
    assertEquals([whole.status, whole.verdict], [status, verdict]);
    for (let at = 1; at < bytes.length; at++) assertEquals(read(cut(bytes, [at])), whole);
    assertEquals(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
    const places = fc.array(fc.nat(bytes.length), { maxLength: 10 });
    fc.assert(
      fc.property(places, (at) => assertEquals(read(cut(bytes, at)), whole)),
      { numRuns: 20 },
    );
  });
}

Deno.test("answers put together of anything read the same however they are cut", () => {
  const places = fc.array(fc.nat(2000), { maxLength: 20 });
  fc.assert(
    fc.property(ANSWERS, places, (bytes, at) => assertEquals(read(cut(bytes, at)), read([bytes]))),
    { numRuns: 2000 },
  );
});

Deno.test("a head that is too large is so wherever it is cut, and whatever comes after", () => {
  const filler = (from: string, length: number): string => from + "b".repeat(length - from.length);
  const cases: readonly [string, string][] = [
    [filler(`${OK}A: `, MAX_HEAD_BYTES - 4) + "\r\n\r\n", "open"],
    [filler(`${OK}A: `, MAX_HEAD_BYTES - 3) + "\r\n\r\n", "too_large"],
    [filler(`${OK}A: `, MAX_HEAD_BYTES) + "\0", "too_large"],
    [filler(`${OK}A: `, MAX_HEAD_BYTES - 1) + "\0", "protocol"],
    [filler("HTTP/1.1 200 ", MAX_HEAD_BYTES), "too_large"],
    [`${OK}${"A: b\r\n".repeat(20_000)}`, "too_large"],
    ["HTTP/1.1 103 E\r\n\r\n".repeat(4000), "too_large"],
    [`${CHUNKED}0\r\n${"A: b\r\n".repeat(20_000)}`, "too_large"],
    [`${CHUNKED}${"1;abcdefghij\r\na\r\n".repeat(8000)}`, "too_large"],
  ];
  for (const [answer, verdict] of cases) {
    const bytes = bytesOf(answer);
    const whole = read([bytes]);
    assertEquals(whole.verdict, verdict);
    const near = [1, 3, 100, bytes.length - 2];
    for (let by = -6; by <= 6; by++) near.push(MAX_HEAD_BYTES + by);
    for (const at of near) assertEquals(read(cut(bytes, [at])), whole);
    assertEquals(read(cut(bytes, near)), whole);
  }
});

Deno.test("an answer that comes byte by byte is read once: one of 60,000 octets is the work of eight of 7,500, not of 64", () => {
  const long = byteByByte(60_000), short = byteByByte(7_500);
  readingMs(long, 10);
  const ratios = [1, 2, 3].map(() => readingMs(long, 20) / readingMs(short, 160));
  assertLess(Math.min(...ratios), 3);
});

/** An answer with a head of some more than so many octets, an octet a piece. */
function byteByByte(length: number): Uint8Array[] {
  const bytes = bytesOf(`${OK}A: ${"b".repeat(length)}\r\n\r\n`);
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** CPU of so many readings: enough of them for the system's clock of CPU, which goes by hundredths of a second. */
function readingMs(pieces: readonly Uint8Array[], times: number): number {
  return cpuMsOf(() => {
    for (let n = 0; n < times; n++) assertEquals(read(pieces).head.length, pieces.length);
  });
}

const told: readonly [string, string, RegExp][] = [
  ["a folded line", `${OK}A: b\r\n c\r\n\r\n`, /obs-fold.*5\.2/],
  ["a line that ends in LF alone", `${OK}A: b\nC: d\r\n\r\n`, /LF alone.*"A: b\\n"/],
  ["a status line that ends in LF alone", "HTTP/1.1 200 OK\n\n", /LF alone.*"HTTP\/1.1 200 OK\\n"/],
  ["a head that ends in LF alone", `${OK}A: b\r\n\n`, /LF alone/],
  ["an answer in TLS", "\x15\x03\x03\x00\x02\x02\x46", /TLS, not HTTP.*https:/],
  ["an answer of another protocol", "220 mail.example ESMTP\r\n", /not HTTP\/1.*220 mail/],
  ["a wrong field", `${OK}A b: c\r\n\r\n`, /header field.*"A "/],
  ["a wrong status line", "HTTP/1.1 2000 OK\r\n\r\n", /status line.*2000 OK"/],
];
for (const [what, answer, expected] of told) {
  Deno.test(`${what} is told as what it is`, () => {
    const parser = new ResponseParser(MAX_BODY);
    parser.start("GET");
    parser.push(bytesOf(answer));
    assertMatch(parser.failure?.message ?? "", expected);
  });
}
