import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { assertEquals, assertMatch } from "../assert.ts";
import { decodeBody } from "../../src/http/content_coding.ts";

const TEXT = "a body that is longer than what is made of it ".repeat(20);
const BODY = new TextEncoder().encode(TEXT);

function undone(body: Uint8Array, codings: string | undefined, maxBytes = 10_000): string {
  const exchange = { body: new Uint8Array(body) };
  const failure = decodeBody(exchange, codings, maxBytes);
  return failure === undefined
    ? new TextDecoder().decode(exchange.body)
    : `${failure.class}: ${failure.message}`;
}

const understood: readonly [string, Uint8Array][] = [
  ["gzip", gzipSync(BODY)],
  ["x-gzip", gzipSync(BODY)],
  ["GZip", gzipSync(BODY)],
  ["deflate", deflateSync(BODY)],
  ["br", brotliCompressSync(BODY)],
  ["identity", BODY],
  ["deflate, gzip", gzipSync(deflateSync(BODY))],
  ["gzip, identity", gzipSync(BODY)],
];
for (const [codings, body] of understood) {
  Deno.test(`a body with Content-Encoding ${codings} is decoded`, () => {
    assertEquals(undone(body, codings), TEXT);
  });
}

Deno.test("deflate without zlib's frame is decoded too, as browsers do", () => {
  assertEquals(undone(deflateRawSync(BODY), "deflate"), TEXT);
});

Deno.test("no body and no coding leave nothing to decode", () => {
  assertEquals(undone(new Uint8Array(0), "gzip"), "");
  assertEquals(undone(BODY, undefined), TEXT);
});

Deno.test("a body may be decoded to exactly the limit, and not beyond, however often", () => {
  const { length } = BODY;
  assertEquals(undone(gzipSync(BODY), "gzip", length), TEXT);
  assertMatch(undone(gzipSync(BODY), "gzip", length - 1), /^too_large: .*919 bytes.*gzip/);
  const bomb = gzipSync(gzipSync(new Uint8Array(50_000_000)));
  assertMatch(undone(bomb, "gzip, gzip", 100_000), /^too_large: .*100000 bytes allowed/);
});

Deno.test("a body that is not what its Content-Encoding says is a failure of class protocol", () => {
  for (const coding of ["gzip", "deflate", "br"]) {
    assertMatch(undone(BODY, coding), new RegExp(`^protocol: .*is not ${coding}`));
  }
  assertMatch(undone(gzipSync(BODY).subarray(0, 20), "gzip"), /^protocol: /);
});

Deno.test("a coding that is not understood is named, with what is and what to send", () => {
  assertMatch(undone(BODY, "zstd"), /^protocol: .*"zstd".*gzip, deflate and br.*identity/);
  assertMatch(undone(BODY, `x${"\x1b".repeat(500)}`), /^protocol: .{1,500}$/);
});
