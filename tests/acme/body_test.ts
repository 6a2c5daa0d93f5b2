import { excerpt, parseObject } from "../../src/acme/body.ts";
import { assertEquals } from "../assert.ts";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("excerpt() quotes the beginning of a body on one line", () => {
  assertEquals(excerpt(octets("")), "(empty body)");
  assertEquals(excerpt(octets("x")), '"x"');
  assertEquals(excerpt(octets(" a\r\n\tb ")), '"a b"');
  assertEquals(excerpt(octets("abcdef"), 6), '"abcdef"');
  assertEquals(excerpt(octets("abcdefg"), 6), '"abcde…"');
});

Deno.test("parseObject() takes JSON objects and nothing else", () => {
  assertEquals(parseObject(octets('{"a":1}')), { a: 1 });
  for (const text of ["", "null", "[]", "1", '"a"', "{", "{}x"]) {
    assertEquals(parseObject(octets(text)), undefined, text);
  }
});
