import { apiAddress, apiHeaders, apiUrl } from "../../src/http/api_headers.ts";
import { headersOfOrigin } from "../../src/http/origin_headers.ts";
import type { Target } from "../../src/plan/plan.ts";
import { assertEquals } from "../assert.ts";

const target: Target = {
  baseUrl: "https://a.test:8443/certctl//",
  token: "t",
  headers: { "X-Own": "plan", accept: "text/x" },
  tls: { insecureSkipVerify: false },
};

Deno.test("a path of the API is below the target's base, with one slash between them", () => {
  assertEquals(apiAddress(target, "/api/v1"), "https://a.test:8443/certctl/api/v1");
  assertEquals(apiUrl(target, "/api?x=1").href, "https://a.test:8443/certctl/api?x=1");
  assertEquals(apiAddress({ ...target, baseUrl: "https://a.test" }, "/api"), "https://a.test/api");
});

Deno.test("headers of a call: the built-in ones give way to the target's, and these to the scenario's", () => {
  const url = apiUrl(target, "/api/v1");
  const lower = (headers: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  assertEquals(lower(apiHeaders(target, url)), {
    authorization: "Bearer t",
    "x-own": "plan",
    accept: "text/x",
  });
  const builtIn = { "content-type": "application/json", "x-own": "built in" };
  assertEquals(lower(apiHeaders(target, url, builtIn, { "X-OWN": "scenario" })), {
    authorization: "Bearer t",
    "x-own": "scenario",
    accept: "text/x",
    "content-type": "application/json",
  });
  assertEquals(lower(apiHeaders({ ...target, headers: {} }, url)).accept, "application/json");
});

Deno.test("the plan's headers go to the origin that it named: not to another scheme, host or port", () => {
  const given = { authorization: "Bearer t" };
  const headersFor = headersOfOrigin(new URL("https://a.test/x"), given);
  assertEquals(headersFor(new URL("https://a.test:443/y")), given);
  for (
    const other of [
      "http://a.test/",
      "https://b.test/",
      "https://a.test:444/",
      "https://a.test.evil/",
    ]
  ) {
    assertEquals(headersFor(new URL(other), { own: "1" }), { own: "1" }, other);
    assertEquals(apiHeaders(target, new URL(other))["authorization"], undefined, other);
  }
});
