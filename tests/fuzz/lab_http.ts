/** The lab's HTTP/1.1: what clients send it, however it is cut into segments. */
import fc from "fast-check";
import { parseHead } from "../../src/lab/http/head.ts";
import { Reader, TooLarge } from "../../src/lab/http/reader.ts";
import { assert, assertEquals } from "../assert.ts";
import { octetsLike, textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** A reader of these octets, of which each read gives the next so many. */
function cut(octets: Uint8Array, cuts: readonly number[]): Reader {
  let at = 0;
  let reads = 0;
  return new Reader((into) => {
    if (at === octets.length) return Promise.resolve(null);
    const wanted = cuts[reads++ % cuts.length] ?? octets.length;
    const piece = octets.subarray(at, at + Math.min(wanted, into.length));
    into.set(piece);
    at += piece.length;
    return Promise.resolve(piece.length);
  });
}

type Outcome = readonly [head: string | undefined, body: string | undefined] | "too large";

/** A head and a chunked body, as far as there are such. */
async function outcomeOf(reader: Reader): Promise<Outcome> {
  try {
    const head = await reader.head();
    const body = head === undefined ? undefined : await reader.chunked(256);
    return [head, body && decoder.decode(body)];
  } catch (error) {
    assert(error instanceof TooLarge, String(error));
    return "too large";
  }
}

const chunkedRequest = fc.array(fc.string({ maxLength: 40 }), { maxLength: 8 }).map((chunks) => {
  const parts = chunks.map((chunk) => encoder.encode(chunk)).filter(({ length }) => length > 0);
  const body = parts.map((part) => `${part.length.toString(16)}\r\n${decoder.decode(part)}\r\n`);
  const text = `POST / HTTP/1.1\r\nHost: h\r\n\r\n${body.join("")}0\r\n\r\n`;
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
});

export const labHttpTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "lab_http",
    name: "the lab reads a request alike however its octets are cut",
    input: fc.tuple(
      octetsLike(chunkedRequest),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
    ),
    holds: async ([octets, cuts]) => {
      const whole = await outcomeOf(cut(octets, [octets.length]));
      assertEquals(await outcomeOf(cut(octets, cuts)), whole);
      assertEquals(await outcomeOf(cut(octets, [1])), whole);
    },
  }),
  fuzzTarget({
    kind: "lab_http",
    name: "the lab's head is one of HTTP/1.1, or none",
    input: textLike(
      fc.constantFrom(
        "GET /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 3",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue",
      ),
    ),
    holds: (text) => {
      const head = parseHead(text);
      if (head === undefined) return;
      assert(head.body === "chunked" || Number.isSafeInteger(head.body) && head.body >= 0);
      assert(!/\s/.test(head.method + head.path + head.query));
    },
  }),
];
