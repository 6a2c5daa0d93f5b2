import { causeUnderLoad, likelyCause } from "../../src/engine/diagnosis.ts";
import type { Scenario } from "../../src/plan/plan.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { Exchange } from "../../src/http/http.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

function causeOf(flow: string, exchange: Exchange, failure: Failure): string {
  const scenario = { name: "s", flow } as Scenario;
  return likelyCause({ scenario, steps: [{ step: "x", exchange, failure }], failure }) ?? "";
}

function at(path: string, status: number, headers: Record<string, string> = {}): Exchange {
  const request = { method: "GET", url: new URL(`https://server.test${path}`), headers: {} };
  return exchangeOf({ request, status, headers });
}

const FAILED: Failure = { class: "status_4xx", message: "expected 200" };

for (
  const [status, expected] of [[401, "--token"], [403, "admin"], [
    429,
    "CERTCTL_RATE_LIMIT_ENABLED=false",
  ]] as const
) {
  Deno.test(`${status} of the API: ${expected} is named`, () => {
    assertStringIncludes(
      causeOf("list_certificates", at("/api/v1/certificates", status), FAILED),
      expected,
    );
  });
}

Deno.test("401 to an http_request by url: no token was sent, and how one is", () => {
  const scenario = { name: "s", flow: "http_request", with: { url: "https://server.test/" } };
  const exchange = at("/", 401);
  const steps = [{ step: "request", exchange, failure: FAILED }];
  const cause = likelyCause({ scenario: scenario as unknown as Scenario, steps, failure: FAILED });
  assertStringIncludes(cause ?? "", "write `path` in place of `url`");
  const byPath = { ...scenario, with: { path: "/" } } as unknown as Scenario;
  assertStringIncludes(likelyCause({ scenario: byPath, steps, failure: FAILED }) ?? "", "--token");
});

Deno.test("404 where a path has {index}: the probe's number is none of the run's", () => {
  const scenario = { name: "s", flow: "http_request", with: { path: "/certificates/mc-{index}" } };
  const steps = [{ step: "request", exchange: at("/certificates/mc-9", 404), failure: FAILED }];
  const given = { scenario: scenario as unknown as Scenario, steps, failure: FAILED };
  assertStringIncludes(likelyCause(given) ?? "", "`probe: false`");
  assertEquals(causeOf("list_certificates", at("/certificates", 404), FAILED), "");
});

Deno.test("401 with a problem document is the ACME server's, which says why itself", () => {
  const headers = { "content-type": "application/problem+json" };
  assertEquals(causeOf("acme_enroll", at("/acme/new-account", 401, headers), FAILED), "");
});

Deno.test("a wrong certificate is a missed deployment where a handshake shows it, not where ACME issued it", () => {
  const failure: Failure = { class: "wrong_certificate", message: "" };
  assertStringIncludes(causeOf("tls_handshake", at("/", 200), failure), "deployed");
  assertEquals(causeOf("acme_enroll", at("/acme/cert/1", 200), failure), "");
});

Deno.test("500 on create is the demo rows', on a list it is not", () => {
  const exchange = at("/api/v1/certificates", 500);
  assertStringIncludes(causeOf("create_certificate", exchange, FAILED), "CERTCTL_DEMO_SEED");
  assertEquals(causeOf("list_certificates", exchange, FAILED), "");
});

Deno.test("HTML on /acme is the dashboard's; 404 of a directory an unknown profile's", () => {
  const html = at("/acme/profile/p/directory", 200, { "content-type": "text/html; charset=utf-8" });
  assertStringIncludes(causeOf("acme_unauthenticated", html, FAILED), "dashboard");
  const proxy = at("/acme/profile/p/directory", 503, { "content-type": "text/html" });
  assertEquals(
    causeOf("acme_unauthenticated", proxy, FAILED)?.includes("dashboard") ?? false,
    false,
  );
  const unknown = at("/acme/profile/prof-x/directory", 404);
  assertStringIncludes(causeOf("acme_unauthenticated", unknown, FAILED), '"prof-x" does not exist');
});

Deno.test("what never got an answer is told by the class of its failure", () => {
  const none = at("/", 0);
  const cause = (failureClass: Failure["class"]): string =>
    causeOf("list_certificates", none, { class: failureClass, message: "" });
  assertStringIncludes(cause("connect_refused"), "nothing listens");
  assertStringIncludes(cause("tls_verify"), "--ca");
  assertStringIncludes(cause("dns"), "not known");
});

for (
  const [message, expected] of [
    ["the server wants a client certificate", "gives no client certificate"],
    ["refused it (handshake_failure): ... or it wants a client certificate", "limitations"],
    ["the server speaks neither TLS 1.2 nor TLS 1.3", "TLS 1.2 or 1.3"],
    ["what answers does not speak TLS", "http://"],
    ["The answer is TLS, not HTTP: ask with https://", "https:// in place of http://"],
    ['The answer\'s Content-Encoding "zstd" is not understood', "coding"],
    ["anything else", "does the port speak TLS"],
  ] as const
) {
  Deno.test(`"${message}" has a cause of its own`, () => {
    assertStringIncludes(
      causeOf("list_certificates", at("/", 0), { class: "tls", message }),
      expected,
    );
  });
}

Deno.test("a server that hangs up on plain HTTP may speak TLS, one that is asked over TLS does", () => {
  const request = { method: "GET", url: new URL("http://server.test/"), headers: {} };
  for (const kind of ["closed", "reset"] as const) {
    const failure: Failure = { class: kind, message: "gone" };
    const cause = causeOf("list_certificates", exchangeOf({ request, status: 0 }), failure);
    assertStringIncludes(cause, "https://");
    assertEquals(causeOf("list_certificates", exchangeOf({ request, status: 200 }), failure), "");
    assertEquals(causeOf("list_certificates", at("/", 0), failure), "");
  }
});

Deno.test("a scenario that works has no cause", () => {
  assertEquals(
    likelyCause({ scenario: { name: "s", flow: "f" } as Scenario, steps: [] }),
    undefined,
  );
});

Deno.test("429 under load names whose limiter it is: certctl's by address, its ACME server's, another's", () => {
  const cause = (message: string): string =>
    causeUnderLoad("create", { class: "rate_limited", message }) ?? "";
  assertStringIncludes(
    cause('expected 201, got 429: {"error":"Rate limit exceeded"}'),
    "CERTCTL_RATE_LIMIT_ENABLED=false",
  );
  assertStringIncludes(
    cause("urn:ietf:params:acme:error:rateLimited: too many orders"),
    "CERTCTL_ACME_SERVER_RATE_LIMIT_ORDERS_PER_HOUR",
  );
  const other = cause("expected 200, got 429: slow down");
  assertStringIncludes(other, "the server, or a proxy before it");
  assertEquals(other.includes("CERTCTL"), false);
});

Deno.test("finalize that answers 500 is certctl's, in the probe and under load; other steps' 500 is not", () => {
  const failure: Failure = { class: "status_5xx", message: "expected 200, got 500" };
  assertStringIncludes(causeUnderLoad("finalize", failure) ?? "", "stop_before: finalize");
  assertEquals(causeUnderLoad("new_order", failure), undefined);
  assertEquals(causeUnderLoad("finalize", FAILED), undefined);
  const finalize = at("/acme/profile/p/order/1/finalize", 500);
  assertStringIncludes(causeOf("acme_enroll", finalize, failure), "stop_before: finalize");
});

Deno.test("429 with a problem document in the probe names the ACME server's limits", () => {
  const exchange = exchangeOf({
    request: { method: "POST", url: new URL("https://s.test/acme/new-order"), headers: {} },
    status: 429,
    headers: { "content-type": "application/problem+json" },
    text: '{"type":"urn:ietf:params:acme:error:rateLimited"}',
  });
  assertStringIncludes(causeOf("acme_enroll", exchange, FAILED), "_CONCURRENT_ORDERS");
});

for (
  const [kind, expected] of [
    ["connect_timeout", "firewall"],
    ["timeout", "did not answer in time"],
    ["protocol", "breaks the rules of HTTP"],
    ["tls", "does the port speak TLS"],
  ] as const
) {
  Deno.test(`${kind} has its cause`, () => {
    assertStringIncludes(causeOf("f", at("/", 0), { class: kind, message: "" }), expected);
  });
}

Deno.test("a failure before any step is told by its class, one of a class without advice not at all", () => {
  const scenario = { name: "s", flow: "f" } as Scenario;
  const cause = (failure: Failure) => likelyCause({ scenario, steps: [], failure });
  assertStringIncludes(cause({ class: "dns", message: "" }) ?? "", "not known");
  assertEquals(cause({ class: "client", message: "" }), undefined);
});

Deno.test("it is the last failed step that tells the cause", () => {
  const scenario = { name: "s", flow: "f" } as Scenario;
  const step = (status: number, failure?: Failure) => ({
    step: "x",
    exchange: at("/", status),
    ...(failure && { failure }),
  });
  const steps = [step(401, FAILED), step(403, FAILED), step(429)];
  assertStringIncludes(likelyCause({ scenario, steps, failure: FAILED }) ?? "", "admin");
});

Deno.test("a problem document tells 401 and 403 by itself, and no other status", () => {
  const headers = { "content-type": "application/problem+json" };
  assertEquals(causeOf("acme_enroll", at("/acme/x", 403, headers), FAILED), "");
  const failed = causeOf("create_certificate", at("/api/v1/certificates", 500, headers), FAILED);
  assertStringIncludes(failed, "CERTCTL_DEMO_SEED");
});

Deno.test("the dashboard's page is one of 200 or 404 below /acme; another page is a proxy's", () => {
  const page = (path: string, status: number): string =>
    causeOf("f", at(path, status, { "content-type": "text/html" }), FAILED);
  assertStringIncludes(page("/acme/directory", 404), "dashboard");
  assertEquals(page("/acme/directory", 502), "");
  assertEquals(page("/api/v1/certificates", 404), "");
});

Deno.test("an unknown profile is one of 404 or 500 at its directory, nowhere else", () => {
  const path = "/acme/profile/prof-x/directory";
  assertStringIncludes(causeOf("f", at(path, 500), FAILED), '"prof-x" does not exist');
  assertEquals(causeOf("f", at(path, 503), FAILED), "");
  assertEquals(causeOf("f", at("/acme/profile/prof-x/new-order", 404), FAILED), "");
  assertEquals(causeOf("f", at("/acme/directory", 404), FAILED), "");
  assertEquals(causeOf("f", at("/acme/profile/p/order/1/finalize", 404), FAILED), "");
});
