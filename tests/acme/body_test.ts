import { parseObject, quotedBody } from "../../src/acme/body.ts";
import { assertEquals } from "../assert.ts";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("quotedBody() quotes the beginning of a body on one line", () => {
  assertEquals(quotedBody(octets("")), "(empty body)");
  assertEquals(quotedBody(octets("x")), '"x"');
  assertEquals(quotedBody(octets(" a\r\n\tb ")), '"a b"');
  assertEquals(quotedBody(octets("abcdef"), 6), '"abcdef"');
  assertEquals(quotedBody(octets("abcdefg"), 6), '"abcde…"');
  assertEquals(quotedBody(octets("x".repeat(120))), `"${"x".repeat(120)}"`);
  assertEquals(quotedBody(octets("x".repeat(121))), `"${"x".repeat(119)}…"`);
});

Deno.test("parseObject() takes JSON objects and nothing else", () => {
  assertEquals(parseObject(octets('{"a":1}')), { a: 1 });
  for (const text of ["", "null", "[]", "1", '"a"', "{", "{}x"]) {
    assertEquals(parseObject(octets(text)), undefined, text);
  }
});
