import {
  type Authorization,
  nextForAuthorization,
  nextForOrder,
  type Order,
  readAuthorization,
  readOrder,
} from "../../src/acme/order.ts";
import type { Exchange } from "../../src/http/http.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

const order = (status: string, rest: Partial<Order> = {}): Order => ({
  status,
  authorizations: [],
  finalize: "https://ca.test/f",
  ...rest,
});

const authorization = (status: string, challenge = "pending"): Authorization => ({
  status,
  name: "a.test",
  challenges: [
    { type: "dns-01", url: "https://ca.test/d", status: challenge, token: "d" },
    { type: "http-01", url: "https://ca.test/h", status: challenge, token: "h" },
  ],
});

const answer = (body: string): Exchange =>
  ({ body: new TextEncoder().encode(body) }) as unknown as Exchange;

Deno.test("nextForOrder() follows RFC 8555 section 7.1.6", () => {
  const next = (status: string): string => nextForOrder(order(status)).next;
  assertEquals(next("pending"), "authorize");
  assertEquals(next("ready"), "finalize");
  assertEquals(next("processing"), "poll");
  assertEquals(next("invalid"), "fail");
  assertEquals(next("strange"), "fail");
  assertEquals(nextForOrder(order("valid", { certificate: "https://ca.test/c" })), {
    next: "download",
    url: "https://ca.test/c",
  });
  assertEquals(next("valid"), "fail");
});

Deno.test("nextForAuthorization() answers its own type of challenge once", () => {
  const step = nextForAuthorization(authorization("pending"), "http-01");
  assertEquals(step.next === "respond" && step.challenge.url, "https://ca.test/h");
  const next = (status: string, challenge?: string): string =>
    nextForAuthorization(authorization(status, challenge), "http-01").next;
  assertEquals(next("valid"), "done");
  assertEquals(next("pending", "processing"), "poll");
  assertEquals(next("pending", "valid"), "poll");
  assertEquals(next("pending", "invalid"), "fail");
  for (const status of ["invalid", "expired", "deactivated", "revoked"]) {
    assertEquals(next(status), "fail");
  }
});

Deno.test("nextForAuthorization() gives the challenge's error as the reason", () => {
  const error = { type: "urn:ietf:params:acme:error:dns", detail: "NXDOMAIN", subproblems: [] };
  const [first] = authorization("invalid", "invalid").challenges;
  const failed = {
    ...authorization("invalid"),
    challenges: [{ ...first!, status: "invalid", error }],
  };
  const step = nextForAuthorization(failed, "http-01");
  assertStringIncludes(
    step.next === "fail" ? step.failure.message : "",
    "a.test is invalid: urn:ietf:params:acme:error:dns: NXDOMAIN",
  );
});

Deno.test("readOrder() and readAuthorization() say what an answer lacks", () => {
  for (const body of ["", "[]", "null", '{"status":"ready"}', '{"status":1,"authorizations":[]}']) {
    assertStringIncludes((readOrder(answer(body)) as { message: string }).message, "no order");
    assertStringIncludes(
      (readAuthorization(answer(body)) as { message: string }).message,
      "no authorization",
    );
  }
});
