import {
  type Authorization,
  nextForAuthorization,
  nextForOrder,
  type Order,
  readAuthorization,
  readChallenge,
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

Deno.test("readOrder() takes the members that it knows, of their types", () => {
  const error = { type: "urn:ietf:params:acme:error:dns" };
  const whole = { status: "valid", authorizations: ["a"], finalize: "f", certificate: "c" };
  const read = (value: unknown): Order => readOrder(answer(JSON.stringify(value))) as Order;
  assertEquals(read({ ...whole, error, other: 1 }), {
    ...whole,
    error: { ...error, detail: undefined, status: undefined, subproblems: [] },
  });
  const odd = read({ ...whole, certificate: 7, error: 7 });
  assertEquals([odd.certificate, odd.error], [undefined, undefined]);
  assertEquals(read({ status: "valid", finalize: "f" }).authorizations, []);
});

Deno.test("an order has ten thousand authorizations at most", () => {
  const read = (count: number): boolean => {
    const authorizations = Array(count).fill("a");
    const order = readOrder(
      answer(JSON.stringify({ status: "ready", authorizations, finalize: "" })),
    );
    return "finalize" in order;
  };
  assertEquals([read(10_000), read(10_001)], [true, false]);
});

Deno.test("a challenge has a type, a URL and a status, and may do without a token", () => {
  const challenge = { type: "http-01", url: "u", status: "pending" };
  const read = (value: unknown) => readChallenge(answer(JSON.stringify(value)));
  assertEquals(read({ ...challenge, token: "t" }), { ...challenge, token: "t", error: undefined });
  assertEquals(read(challenge), { ...challenge, token: "", error: undefined });
  for (const member of ["type", "url", "status"]) {
    const { message } = read({ ...challenge, [member]: 7 }) as { message: string };
    assertStringIncludes(message, "The answer is no challenge");
    const identifier = { type: "dns", value: "a.test" };
    const challenges = [challenge, { ...challenge, [member]: undefined }];
    const body = JSON.stringify({ status: "pending", identifier, challenges });
    assertStringIncludes((readAuthorization(answer(body)) as { message: string }).message, "is no");
  }
});

Deno.test("an authorization names its identifier in canonical form, and may have no challenges", () => {
  const identifier = { type: "ip", value: "2001:DB8:0::7" };
  assertEquals(readAuthorization(answer(JSON.stringify({ status: "valid", identifier }))), {
    status: "valid",
    name: "2001:db8::7",
    challenges: [],
  });
});

Deno.test("an authorization whose challenge failed has failed, whatever its own status and the other challenges", () => {
  const [first, second] = authorization("pending").challenges;
  const failed = {
    ...authorization("pending"),
    challenges: [{ ...first!, status: "invalid" }, second!],
  };
  assertEquals(nextForAuthorization(failed, "http-01").next, "fail");
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
