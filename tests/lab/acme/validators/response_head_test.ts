import { parseResponseHead } from "../../../../src/lab/acme/validators/response_head.ts";
import { assertEquals } from "../../../assert.ts";

Deno.test("an answer's head is read, and what is none is not", () => {
  const head = parseResponseHead("HTTP/1.0 302 Found\r\nLocation: /x\r\nA:b");
  assertEquals([head?.status, head?.headers.get("location")], [302, "/x"]);
  for (const text of ["", "HTTP/2 200", "HTTP/1.1 2000", "hello"]) {
    assertEquals(parseResponseHead(text), undefined);
  }
});
