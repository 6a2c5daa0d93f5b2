import { acmeExpectation } from "../../src/acme/answer.ts";
import type { Failure } from "../../src/http/failure.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

function judged(
  status: number,
  type: string | undefined,
  wanted: string | undefined,
  complaint?: string,
): Failure | string | undefined {
  const request = { method: "GET", url: new URL("https://ca.test/acme/x"), headers: {} };
  const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
  return acmeExpectation([200, 204], wanted, () => complaint)
    .check?.(exchangeOf({ request, status, headers }));
}

Deno.test("an answer with a right status and type is judged by what it holds", () => {
  assertEquals(judged(200, "application/json; charset=utf-8", "application/json"), undefined);
  assertEquals(judged(204, "text/plain", undefined), undefined);
  assertEquals(judged(200, "application/json", "application/json", "it lacks x"), "it lacks x");
});

Deno.test("a wrong type is told with what there was, a page where any other type would do too", () => {
  const was = "/acme/x was answered with";
  assertEquals(
    judged(200, "text/plain", "application/json"),
    `${was} text/plain instead of application/json`,
  );
  assertEquals(
    judged(200, undefined, "application/json"),
    `${was} no content type instead of application/json`,
  );
  assertEquals(
    judged(204, "text/html", undefined),
    `${was} text/html instead of an ACME server's answer`,
  );
});

Deno.test("a wrong status comes before a wrong type", () => {
  const failure = judged(503, "text/html", "application/json") as Failure;
  assertEquals(failure.class, "status_5xx");
});
