import fc from "fast-check";
import { assertEquals, assertRejects } from "../../assert.ts";
import { Reader, TooLarge } from "../../../src/lab/http/reader.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined): string | undefined =>
  body && new TextDecoder().decode(body);

/** Gives the bytes in pieces of the sizes, over and over, then the end. */
function readerOf(data: Uint8Array, sizes: readonly number[]): Reader {
  let at = 0;
  let turn = 0;
  return new Reader((into) => {
    if (at === data.length) return Promise.resolve(null);
    const size = Math.min(sizes[turn++ % sizes.length]!, into.length, data.length - at);
    into.set(data.subarray(at, at += size));
    return Promise.resolve(size);
  });
}

Deno.test("requests are read the same however the bytes arrive", async () => {
  const stream = bytes(
    "HEAD-A\r\nx: y\r\n\r\nbody-aHEAD-B\r\n\r\n4;ext=1\r\nwiki\r\n5\r\npedia\r\n0\r\nt: 1\r\n\r\nHEAD-C\r\n\r\n",
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  await fc.assert(fc.asyncProperty(sizes, async (sizes) => {
    const reader = readerOf(stream, sizes);
    assertEquals(await reader.head(), "HEAD-A\r\nx: y");
    assertEquals(text(await reader.exactly(6)), "body-a");
    assertEquals(await reader.head(), "HEAD-B");
    assertEquals(text(await reader.chunked(100)), "wikipedia");
    assertEquals(await reader.head(), "HEAD-C");
    assertEquals(await reader.head(), undefined);
  }));
});

Deno.test("a body that is cut off is no body", async () => {
  assertEquals(await readerOf(bytes("abc"), [2]).exactly(4), undefined);
  assertEquals(await readerOf(bytes("4\r\nab"), [2]).chunked(100), undefined);
  assertEquals(await readerOf(bytes("zz\r\nab"), [2]).chunked(100), undefined);
});

Deno.test("what grows beyond its limit is refused", async () => {
  const endless = new Uint8Array(100_000).fill(65);
  await assertRejects(() => readerOf(endless, [1000]).head(), TooLarge);
  await assertRejects(() => readerOf(bytes("ff\r\n"), [10]).chunked(100), TooLarge);
});

Deno.test("a chunked body may be longer than what is set aside for it at first", async () => {
  const chunk = "x".repeat(3_000);
  const stream = `${`bb8\r\n${chunk}\r\n`.repeat(5)}0\r\n\r\n`;
  assertEquals(text(await readerOf(bytes(stream), [700]).chunked(20_000)), chunk.repeat(5));
});

Deno.test("each limit is reached by what is as long, and passed by an octet more", async () => {
  const line = (extension: number): string => `1;${"x".repeat(extension)}\r\na\r\n0\r\n\r\n`;
  assertEquals(text(await readerOf(bytes(line(1022)), [1024]).chunked(100)), "a");
  await assertRejects(() => readerOf(bytes(line(1023)), [1025]).chunked(100), TooLarge);
  assertEquals(text(await readerOf(bytes("4\r\nwiki\r\n0\r\n\r\n"), [10]).chunked(4)), "wiki");
  await assertRejects(() => readerOf(bytes("4\r\nwiki\r\n0\r\n\r\n"), [10]).chunked(3), TooLarge);
  const parts = "2\r\nwi\r\n2\r\nki\r\n0\r\n\r\n";
  await assertRejects(() => readerOf(bytes(parts), [10]).chunked(3), TooLarge);
  const trailers = (count: number): Reader =>
    readerOf(bytes(`0\r\n${"t: 1\r\n".repeat(count)}\r\n`), [100]);
  assertEquals(text(await trailers(63).chunked(100)), "");
  await assertRejects(() => trailers(64).chunked(100), TooLarge);
  const head = (length: number): Reader => readerOf(bytes(`${"x".repeat(length)}\r\n\r\n`), [4096]);
  assertEquals((await head(32 * 1024 - 4).head())?.length, 32 * 1024 - 4);
  await assertRejects(() => head(36 * 1024).head(), TooLarge);
});

Deno.test("the rest is all that comes until the end, and no more than its limit", async () => {
  const reader = readerOf(bytes("HEAD\r\n\r\nthe rest"), [5]);
  assertEquals(await reader.head(), "HEAD");
  assertEquals(text(await reader.rest(8)), "the rest");
  await assertRejects(() => readerOf(bytes("123456789"), [3]).rest(8), TooLarge);
  assertEquals(text(await readerOf(bytes(""), [3]).rest(0)), "");
});

Deno.test("chunks and trailers that end before their time are no body", async () => {
  for (
    const cut of ["4", "4\r\nwiki", "4\r\nwiki\r\n", "0\r\n", "0\r\nt: 1\r\n", "123456789\r\n"]
  ) {
    assertEquals(await readerOf(bytes(cut), [3]).chunked(100), undefined, cut);
  }
});
