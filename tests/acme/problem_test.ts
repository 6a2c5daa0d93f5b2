import fc from "fast-check";
import { parseProblem, problemText, statusFailure } from "../../src/acme/problem.ts";
import type { Exchange } from "../../src/http/http.ts";
import { anyCharacter } from "../any_character.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

const exchange = (status: number, body: string): Exchange =>
  ({
    request: { method: "POST", url: new URL("https://ca.test/acme/order/1?x=1"), headers: {} },
    status,
    header: () => undefined,
    body: new TextEncoder().encode(body),
  }) as unknown as Exchange;

Deno.test("statusFailure() has the urn and the detail in its message, and no query", () => {
  const failure = statusFailure(
    exchange(403, '{"type":"urn:ietf:params:acme:error:orderNotReady","detail":"not yet"}'),
  );
  assertEquals(failure.class, "status_4xx");
  assertEquals(
    failure.message,
    "POST /acme/order/1 was answered with 403 urn:ietf:params:acme:error:orderNotReady: not yet",
  );
});

Deno.test("statusFailure() classifies by status, and rate limits by status or by problem", () => {
  assertEquals(statusFailure(exchange(500, "")).class, "status_5xx");
  assertEquals(statusFailure(exchange(302, "")).class, "status_3xx");
  assertEquals(statusFailure(exchange(202, "")).class, "unexpected_status");
  assertEquals(statusFailure(exchange(429, "")).class, "rate_limited");
  const limited = '{"type":"urn:ietf:params:acme:error:rateLimited"}';
  assertEquals(statusFailure(exchange(503, limited)).class, "rate_limited");
});

Deno.test("problemText() names the identifiers of subproblems", () => {
  const text = problemText(
    parseProblem(new TextEncoder().encode(JSON.stringify({
      type: "urn:ietf:params:acme:error:compound",
      subproblems: [{
        type: "urn:ietf:params:acme:error:caa",
        detail: "forbidden",
        identifier: { type: "dns", value: "a.test" },
      }],
    })))!,
  );
  assertStringIncludes(text, "[a.test: urn:ietf:params:acme:error:caa forbidden]");
});

const parsed = (value: unknown) => parseProblem(new TextEncoder().encode(JSON.stringify(value)));

Deno.test("a problem has a type or a detail, and no more than is known of it", () => {
  assertEquals(parsed({ detail: "no" }), {
    type: "about:blank",
    detail: "no",
    status: undefined,
    subproblems: [],
  });
  assertEquals(parsed({ type: "t", detail: 7, status: 403, subproblems: {} }), {
    type: "t",
    detail: undefined,
    status: 403,
    subproblems: [],
  });
  assertEquals(parsed({ type: "t", status: "403" })?.status, undefined);
  for (const none of [{}, { type: 7 }, [], null, "problem"]) assertEquals(parsed(none), undefined);
});

Deno.test("problemText() says what there is, in at most 300 characters", () => {
  assertEquals(problemText(parsed({ type: "t" })!), "t");
  assertEquals(problemText(parsed({ detail: "no" })!), "about:blank: no");
  const subproblems = [null, { type: "a", identifier: { value: 7 } }, { detail: "b" }];
  assertEquals(
    problemText(parsed({ type: "t", subproblems })!),
    "t [?: about:blank; ?: a; ?: about:blank b]",
  );
  assertEquals(problemText(parsed({ type: "x".repeat(300) })!), "x".repeat(300));
  assertEquals(problemText(parsed({ type: "x".repeat(301) })!), `${"x".repeat(299)}…`);
});

Deno.test("statusFailure() says where a redirect points, and where a success is nothing of that", () => {
  const at = (status: number, location: string | undefined) =>
    statusFailure({ ...exchange(status, "body"), header: () => location }).message;
  assertEquals(at(307, "/v2"), 'POST /acme/order/1 was answered with 307 and points to "/v2"');
  assertEquals(at(399, "/v2"), 'POST /acme/order/1 was answered with 399 and points to "/v2"');
  assertEquals(at(400, "/v2"), 'POST /acme/order/1 was answered with 400 "body"');
  assertEquals(at(302, undefined), 'POST /acme/order/1 was answered with 302 "body"');
});

Deno.test("statusFailure() stays short and on one line whatever the server sends", () => {
  fc.assert(fc.property(fc.string({ maxLength: 500, unit: anyCharacter }), (detail) => {
    for (const body of [detail, JSON.stringify({ type: "x", detail })]) {
      const { message } = statusFailure(exchange(400, body));
      assertEquals(message.length < 500 && !message.includes("\n"), true);
    }
  }));
});
