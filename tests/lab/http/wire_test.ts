import { assertEquals, assertMatch } from "../../assert.ts";
import { halfOf, responseBytes } from "../../../src/lab/http/wire.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const RESPONSE = { status: 200, headers: { "Content-Type": "text/plain" }, body: "Grüße" };

Deno.test("an answer has its length in bytes", () => {
  assertMatch(
    text(responseBytes(RESPONSE, "GET", true)),
    /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nDate: .*GMT\r\nContent-Length: 7\r\n\r\nGrüße$/,
  );
});

Deno.test("the answer to HEAD has the length and no body", () => {
  assertMatch(text(responseBytes(RESPONSE, "HEAD", true)), /Content-Length: 7\r\n\r\n$/);
});

Deno.test("204 has neither", () => {
  const bytes = responseBytes({ status: 204, headers: {}, body: "x" }, "GET", true);
  assertMatch(text(bytes), /GMT\r\n\r\n$/);
});

Deno.test("the last answer of a connection says so", () => {
  assertMatch(text(responseBytes(RESPONSE, "GET", false)), /\r\nConnection: close\r\n/);
});

Deno.test("half of an answer is its head and half of its body", () => {
  const half = halfOf(responseBytes({ ...RESPONSE, body: "0123456789" }, "GET", true));
  assertEquals(text(half).split("\r\n\r\n")[1], "01234");
});
