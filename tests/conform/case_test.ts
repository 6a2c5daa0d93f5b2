import { refusedWith, verdictOf, wantProblem, wantStatus } from "../../src/conform/case.ts";
import type { Exchange } from "../../src/http/http.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

const problem = (status: number, type = "application/problem+json"): Exchange =>
  exchangeOf({
    status,
    headers: { "content-type": type },
    text: '{"type":"urn:ietf:params:acme:error:malformed"}',
  });

Deno.test("wantProblem() wants a refusal of the client: no success, no redirect, no fault of the server's", () => {
  for (const status of [400, 403, 499]) assertEquals(wantProblem(problem(status)), undefined);
  for (const status of [200, 302, 399, 500, 503]) {
    assertStringIncludes(wantProblem(problem(status))!, `a 4xx was due, the answer is ${status}`);
  }
});

Deno.test("wantProblem() wants the statuses and types that it is told, in the right media type", () => {
  const wanted = { statuses: [401], types: ["unauthorized", "malformed"] };
  assertEquals(wantProblem(problem(401), wanted), undefined);
  assertStringIncludes(wantProblem(problem(400), wanted)!, "401 was due, the answer is 400");
  const other = wantProblem(problem(401), { types: ["badNonce"] })!;
  assertStringIncludes(other, "urn:ietf:params:acme:error:badNonce was due");
  assertStringIncludes(
    wantProblem(problem(400, "application/json"))!,
    "a problem document was due",
  );
  assertStringIncludes(wantProblem(exchangeOf({ status: 404 }))!, "the answer is untyped");
});

Deno.test("a verdict is the first complaint, or that there is none", () => {
  assertEquals(verdictOf(undefined, undefined), { result: "pass" });
  assertEquals(verdictOf(undefined, "b", "c"), { result: "fail", reason: "b" });
  const failure = { class: "client" as const, message: "m" };
  assertEquals(verdictOf(failure, "c"), { result: "fail", reason: "m" });
  assertEquals(refusedWith(problem(400)), { result: "pass" });
  assertEquals(wantStatus(exchangeOf({ status: 204 }), 200, 204), undefined);
  assertStringIncludes(wantStatus(exchangeOf({ status: 500 }), 200, 204)!, "200 or 204 was due");
});
