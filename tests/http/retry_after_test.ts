import { retryAfterMs } from "../../src/http/retry_after.ts";
import { assertEquals } from "../assert.ts";

Deno.test("retryAfterMs() stays within what can be counted", () => {
  const longestMs = 2 ** 31 * 1000;
  assertEquals(retryAfterMs("9".repeat(20), 0), longestMs);
  assertEquals(retryAfterMs("Fri, 31 Dec 9999 23:59:59 GMT", 0), longestMs);
});

Deno.test("retryAfterMs() takes seconds and dates (RFC 9110 section 10.2.3)", () => {
  const nowMs = Date.parse("2026-11-23T20:00:00Z");
  assertEquals(retryAfterMs("3", nowMs), 3000);
  assertEquals(retryAfterMs("Mon, 23 Nov 2026 20:00:10 GMT", nowMs), 10_000);
  assertEquals(retryAfterMs("Mon, 23 Nov 2026 19:00:00 GMT", nowMs), 0);
  assertEquals(retryAfterMs("Monday, 23-Nov-26 20:00:10 GMT", nowMs), 10_000);
  assertEquals(retryAfterMs("Mon Nov 23 20:00:10 2026", nowMs), 10_000);
  assertEquals(retryAfterMs("3, 3", nowMs), 3000);
  for (const none of ["soon", "-1", "1.5", "", "3 s", "2026-11-23T20:00:10Z"]) {
    assertEquals(retryAfterMs(none, nowMs), undefined, none);
  }
  assertEquals(retryAfterMs(undefined, nowMs), undefined);
});
