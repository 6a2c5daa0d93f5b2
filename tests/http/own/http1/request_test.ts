import { assertEquals, assertMatch } from "../../../assert.ts";
import { serialise, unsendable } from "../../../../src/http/own/http1/request.ts";
import type { HttpRequest } from "../../../../src/http/http.ts";

function request(given: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "GET", url: new URL("https://a.example:8443/p?q=1#f"), headers: {}, ...given };
}

function text(given: Partial<HttpRequest>, close = false): string {
  return new TextDecoder("latin1").decode(serialise(request(given), close));
}

Deno.test("a request is its line, host, headers as given, and an empty line", () => {
  assertEquals(
    text({ headers: { "X-A": "b", authorization: "c" } }),
    "GET /p?q=1 HTTP/1.1\r\nHost: a.example:8443\r\nX-A: b\r\nauthorization: c\r\n\r\n",
  );
});

Deno.test("the last request on a connection says so", () => {
  assertMatch(text({}, true), /\r\nConnection: close\r\n\r\n$/);
});

Deno.test("a body has its length in bytes", () => {
  const body = new TextEncoder().encode("ü");
  assertMatch(text({ method: "POST", body }), /\r\nContent-Length: 2\r\n\r\n..$/s);
});

Deno.test("a POST without a body says that it has none, a GET says nothing", () => {
  assertMatch(text({ method: "POST" }), /\r\nContent-Length: 0\r\n/);
  assertEquals(text({}).includes("Content-Length"), false);
});

Deno.test("the port that a scheme implies is not in the host", () => {
  assertMatch(text({ url: new URL("https://a.example:443/") }), /\r\nHost: a\.example\r\n/);
  assertMatch(text({ url: new URL("https://[::1]:444/") }), /\r\nHost: \[::1\]:444\r\n/);
});

Deno.test("a header value may have letters of Latin-1 but no others", () => {
  assertEquals(unsendable(request({ headers: { a: "ü" } })), undefined);
  assertMatch(text({ headers: { a: "ü" } }), /\r\na: ü\r\n/);
  assertEquals(unsendable(request({ headers: { a: "→" } }))?.class, "client");
});

for (
  const [what, given] of [
    ["a line break in a value", { headers: { a: "b\r\nc: d" } }],
    ["a zero byte in a value", { headers: { a: "\0" } }],
    ["a space in a name", { headers: { "a b": "c" } }],
    ["an empty name", { headers: { "": "c" } }],
    ["a host of its own", { headers: { Host: "b" } }],
    ["a framing of its own", { headers: { "Transfer-Encoding": "chunked" } }],
    ["a method that is none", { method: "GET /" }],
    ["another scheme", { url: new URL("ws://a/") }],
  ] as const
) {
  Deno.test(`${what} cannot be sent`, () => {
    assertEquals(unsendable(request(given))?.class, "client");
  });
}
