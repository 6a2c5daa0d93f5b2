import type { Iteration } from "../../src/flows/flow.ts";
import { httpRequest } from "../../src/flows/http_request.ts";
import type { HttpRequest } from "../../src/transport/http.ts";
import { judge } from "../../src/flows/expectation.ts";
import type { Expectation } from "../../src/flows/flow.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

const TARGET = {
  baseUrl: "https://server.test:8443",
  token: "tok",
  headers: {},
  tls: { insecureSkipVerify: false },
};

interface Sent {
  readonly request: HttpRequest;
  readonly expect: Expectation;
}

/** What the flow with these options sends in arrivals 0, 1, ... */
async function sent(options: unknown, arrivals = 1): Promise<Sent[]> {
  const flow = await httpRequest.create(
    {
      options: httpRequest.options.parse(options),
      target: TARGET,
    } as Parameters<typeof httpRequest.create>[0],
  );
  const seen: Sent[] = [];
  for (let index = 0; index < arrivals; index++) {
    const iteration = {
      index,
      id: `id-${index}`,
      step: (_step: string, request: HttpRequest, expect: Expectation) => {
        seen.push({ request, expect });
        return Promise.resolve({ exchange: exchangeOf() });
      },
    } as unknown as Iteration;
    await flow.run(iteration);
  }
  return seen;
}

Deno.test("a path goes to the target with its token, a url goes there without it", async () => {
  const [own] = await sent({ path: "/api/v1/jobs?status=Failed" });
  assertEquals(own?.request.url.href, "https://server.test:8443/api/v1/jobs?status=Failed");
  assertEquals(own?.request.headers["authorization"], "Bearer tok");
  const [other] = await sent({ url: "https://elsewhere.test/x" });
  assertEquals(other?.request.headers["authorization"], undefined);
});

Deno.test("a structure is sent as JSON with its placeholders filled, a new one for each arrival", async () => {
  const body = { name: "n-{id}", index: "{index}", deep: { list: [1, "{id}"] } };
  const all = await sent({ method: "POST", path: "/x", body }, 2);
  const bodies = all.map(({ request }) => JSON.parse(new TextDecoder().decode(request.body)));
  assertEquals(bodies[1], { name: "n-id-1", index: "1", deep: { list: [1, "id-1"] } });
  assertEquals(all[0]?.request.headers["content-type"], "application/json");
});

Deno.test("the plan's headers replace the built-in ones, in whatever case they are spelt", async () => {
  const headers = { "Content-Type": "application/merge-patch+json", Authorization: "Basic eA==" };
  const [own] = await sent({ method: "PATCH", path: "/x", body: { a: 1 }, headers });
  assertEquals(own?.request.headers, { accept: "application/json", ...headers });
  const [other] = await sent({ method: "PATCH", url: "https://o.test/", body: { a: 1 }, headers });
  assertEquals(other?.request.headers, headers);
});

Deno.test("placeholders in path and headers are filled", async () => {
  const [, second] = await sent({ path: "/things/{index}", headers: { "x-id": "{id}" } }, 2);
  assertEquals(second?.request.url.pathname, "/things/1");
  assertEquals(second?.request.headers["x-id"], "id-1");
});

Deno.test("a request that never changes is the same object each time, so that clients can cache", async () => {
  const [first, second] = await sent({ path: "/health" }, 2);
  assert(first?.request === second?.request);
});

Deno.test("expected JSON fields are looked for, deep ones by dots", async () => {
  const [{ expect } = { expect: { status: [] } }] = await sent({
    path: "/x",
    expect: { status: [200, 201], json: { status: "ok", "deep.there": null } },
  });
  const failure = (text: string): string => judge(exchangeOf({ text }), expect)?.message ?? "";
  assertEquals(failure('{"status":"ok","deep":{"there":1}}'), "");
  assertMatch(failure('{"status":"no","deep":{"there":1}}'), /status to be "ok", got "no"/);
  assertStringIncludes(failure('{"status":"ok"}'), "deep.there");
  assertStringIncludes(failure("<html>"), "not JSON");
});

Deno.test("path and url together, and neither, are problems of the plan", () => {
  for (const options of [{}, { path: "/x", url: "https://a.test/" }]) {
    assertEquals(httpRequest.options.safeParse(options).success, false);
  }
});
