import { excerpt, judge, mediaType } from "../../src/http/expectation.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

const JSON_OK = { status: [200], contentType: "application/json" };

Deno.test("an answer with the expected status and media type is no failure, whatever its parameters", () => {
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  assertEquals(judge(exchangeOf({ headers }), JSON_OK), undefined);
});

Deno.test("a failure of the transport is the failure, and nothing else is looked at", () => {
  const failure = { class: "reset", message: "gone" } as const;
  assertEquals(judge(exchangeOf({ status: 0, failure }), JSON_OK), failure);
});

for (
  const [status, expected] of [
    [429, "rate_limited"],
    [404, "status_4xx"],
    [503, "status_5xx"],
    [302, "status_3xx"],
    [204, "unexpected_status"],
  ] as const
) {
  Deno.test(`a ${status} that was not expected is of class ${expected} and quotes the body`, () => {
    const failure = judge(exchangeOf({ status, text: "why not" }), JSON_OK);
    assertEquals(failure?.class, expected);
    assertStringIncludes(failure?.message ?? "", "why not");
  });
}

Deno.test("HTML where JSON was expected is an unexpected body although the status is right", () => {
  const failure = judge(
    exchangeOf({ headers: { "content-type": "text/html" }, text: "<!doctype html>" }),
    JSON_OK,
  );
  assertEquals(failure?.class, "unexpected_body");
  assertStringIncludes(failure?.message ?? "", "text/html");
});

Deno.test("a check complains with a sentence, or with a failure of a class of its own", () => {
  const sentence = judge(exchangeOf(), { status: [200], check: () => "no id" });
  assertEquals(sentence, { class: "unexpected_body", message: "no id" });
  const own = { class: "wrong_certificate", message: "another" } as const;
  assertEquals(judge(exchangeOf(), { status: [200], check: () => own }), own);
});

Deno.test("an excerpt is one short line however long and broken the body is", () => {
  const line = excerpt(exchangeOf({ text: "a\n\tb ".repeat(10_000) }));
  assertEquals(line.includes("\n"), false);
  assertEquals(line.length <= 161, true);
});

Deno.test("a page is quoted by its words", () => {
  const text =
    "<html><head><title>503 Service Unavailable</title></head><body><hr>nginx</body></html>";
  const headers = { "content-type": "text/html; charset=utf-8" };
  assertEquals(judge(exchangeOf({ status: 503, headers, text }), JSON_OK), {
    class: "status_5xx",
    message: "expected 200, got 503: 503 Service Unavailable nginx",
  });
  assertEquals(excerpt(exchangeOf({ headers, text: "<br>" })), "<br>");
  assertEquals(excerpt(exchangeOf({ text: "<br> a" })), "<br> a");
});

Deno.test("an answer without a content type has none", () => {
  assertEquals(mediaType(exchangeOf()), "");
});
