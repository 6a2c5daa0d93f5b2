import { originOf } from "../../src/http/stream.ts";
import { assertEquals } from "../assert.ts";

Deno.test("an origin has the port of its URL, or that of its scheme, and no brackets", () => {
  const of = (url: string): unknown[] => {
    const { secure, hostname, port } = originOf(new URL(url));
    return [secure, hostname, port];
  };
  assertEquals(of("https://a.test/x"), [true, "a.test", 443]);
  assertEquals(of("http://a.test/x"), [false, "a.test", 80]);
  assertEquals(of("https://a.test:80/"), [true, "a.test", 80]);
  assertEquals(of("http://[::1]:8443/"), [false, "::1", 8443]);
});
