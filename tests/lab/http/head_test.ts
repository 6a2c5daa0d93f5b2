import fc from "fast-check";
import { assertEquals } from "../../assert.ts";
import { parseHead } from "../../../src/lab/http/head.ts";

Deno.test("a request's method, path, query and fields are read", () => {
  const head = parseHead("POST /a/b?x=1&y HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nX-A:  b ");
  assertEquals(head?.method, "POST");
  assertEquals([head?.path, head?.query], ["/a/b", "x=1&y"]);
  assertEquals([head?.headers.get("x-a"), head?.body, head?.keepAlive], ["b", 12, true]);
});

Deno.test("several fields of one name are joined", () => {
  assertEquals(parseHead("GET / HTTP/1.1\r\nA: 1\r\na: 2")?.headers.get("a"), "1, 2");
});

Deno.test("the absolute form gives the path alone", () => {
  assertEquals(parseHead("GET https://h:1/p?q HTTP/1.1")?.path, "/p");
});

Deno.test("connections go on in 1.1 unless closed, and in 1.0 only when asked", () => {
  const keeps = (line: string): boolean | undefined => parseHead(line)?.keepAlive;
  assertEquals(keeps("GET / HTTP/1.1\r\nConnection: Close"), false);
  assertEquals(keeps("GET / HTTP/1.0"), false);
  assertEquals(keeps("GET / HTTP/1.0\r\nConnection: keep-alive"), true);
});

Deno.test("what is no request, or has two framings, is refused", () => {
  for (
    const text of [
      "",
      "GET /",
      "GET / HTTP/2.0",
      "GET  / HTTP/1.1",
      "GET / HTTP/1.1\r\nno colon",
      "GET / HTTP/1.1\r\nbad name : 1",
      "GET / HTTP/1.1\r\nContent-Length: -1",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
      "GET / HTTP/1.1\r\nTransfer-Encoding: gzip",
    ]
  ) assertEquals(parseHead(text), undefined, text);
});

Deno.test("no text makes the parser throw", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    parseHead(text);
    parseHead(`GET / HTTP/1.1\r\n${text}`);
  }));
});
