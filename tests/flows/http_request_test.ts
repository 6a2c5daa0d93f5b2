import type { Iteration } from "../../src/flows/flow.ts";
import { httpRequest } from "../../src/flows/http_request.ts";
import type { HttpRequest } from "../../src/http/http.ts";
import { judge } from "../../src/http/expectation.ts";
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

Deno.test("a text is sent as it is, and said to be no JSON; without a body nothing is said", async () => {
  const [text] = await sent({ method: "POST", path: "/x", body: "n-{index}" });
  assertEquals(new TextDecoder().decode(text?.request.body), "n-0");
  assertEquals(text?.request.headers["content-type"], undefined);
  const [none] = await sent({ path: "/x" });
  assertEquals([none?.request.body, none?.request.headers["content-type"]], [undefined, undefined]);
});

Deno.test("placeholders in path and headers are filled", async () => {
  const [, second] = await sent({ path: "/things/{index}", headers: { "x-id": "{id}" } }, 2);
  assertEquals(second?.request.url.pathname, "/things/1");
  assertEquals(second?.request.headers["x-id"], "id-1");
});

Deno.test("a URL's own encoding stays as it is written, and so do braces that are no placeholder", async () => {
  const paths = ["/find?filter=%7B%22a%22%3A%22b%22%7D", "/%7Bid%7D", "/a%7bindex%7d?b={other}"];
  for (const path of paths) {
    const [own] = await sent({ path });
    assertEquals(own?.request.url.href, `https://server.test:8443${path}`);
    const [other] = await sent({ url: `https://o.test${path}` });
    assertEquals(other?.request.url.href, `https://o.test${path}`);
  }
  const [mixed] = await sent({ url: "https://o.test/%7Bid%7D/{id}?x=%7B{index}%7D" });
  assertEquals(mixed?.request.url.href, "https://o.test/%7Bid%7D/id-0?x=%7B0%7D");
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
  assertStringIncludes(failure("5"), "not a JSON object");
});

/** What is wrong with a JSON answer, where these fields are expected. */
async function complaint(json: Record<string, unknown>, answer: string): Promise<string> {
  const [{ expect } = { expect: { status: [] } }] = await sent({ path: "/x", expect: { json } });
  return judge(exchangeOf({ text: answer }), expect)?.message ?? "";
}

Deno.test("expected JSON is compared as structure: the order of keys is none of it, that of a list is", async () => {
  const wanted = { meta: { total: 2, tags: ["a", { b: null }] } };
  assertEquals(await complaint(wanted, '{"meta":{"tags":["a",{"b":null}],"total":2.0}}'), "");
  for (
    const other of [
      '{"meta":{"total":2,"tags":[{"b":null},"a"]}}',
      '{"meta":{"total":2,"tags":["a",{"b":null}],"more":1}}',
      '{"meta":{"total":2,"tags":["a",{"c":null}]}}',
      '{"meta":{"total":"2","tags":["a",{"b":null}]}}',
      '{"meta":{"total":2,"tags":{"0":"a","1":{"b":null}}}}',
      '{"meta":null}',
    ]
  ) {
    assertMatch(await complaint(wanted, other), /^expected meta to be/, other);
  }
});

Deno.test("paths lead to an answer's own fields and into lists by number, to nothing else", async () => {
  const answer = '{"items":[{"id":"a"}],"text":"abc","constructor":5}';
  assertEquals(await complaint({ "items.0.id": "a", constructor: 5 }, answer), "");
  assertEquals(await complaint({ "1.0": "x" }, '[0,["x"]]'), "");
  for (
    const path of [
      "items.length",
      "items.1",
      "items.-1",
      "items.map",
      "text.length",
      "text.0",
      "toString",
      "items.0.__proto__",
      "items.0.constructor.name",
    ]
  ) {
    assertEquals(
      await complaint({ [path]: null }, answer),
      `expected the field ${path}, which is not there`,
    );
  }
});

Deno.test("a large value that is not the expected one is quoted in part", async () => {
  const message = await complaint({ a: 1 }, JSON.stringify({ a: "x".repeat(100_000) }));
  assert(message.length < 250, message);
});

Deno.test("what an answer can never be is refused where it is expected", () => {
  const wrong = [
    { expect: { status: 9999 } },
    { expect: { status: [200, 9999] } },
    { expect: { status: [] } },
    { expect: { status: 100 } },
    { expect: { content_type: "application/json; charset=utf-8" } },
    { expect: { content_type: "json" } },
    { expect: { content_type: "" } },
    { method: "get" },
    { method: "GTE" },
    { method: "CONNECT" },
    { path: "x" },
    { path: "/x#y" },
    { path: "/x\ny" },
    { path: undefined, url: "https://a.test/#y" },
    { path: undefined, url: "ftp://a.test/" },
    { path: undefined, url: "a.test" },
    { headers: { "x y": "a" } },
  ];
  for (const options of wrong) {
    const given = { path: "/x", ...options };
    assertEquals(httpRequest.options.safeParse(given).success, false, JSON.stringify(given));
  }
});

Deno.test("a content type is compared in lower case", async () => {
  const expect = { content_type: "Application/JSON" };
  const [{ expect: wanted } = { expect: { status: [] } }] = await sent({ path: "/x", expect });
  const headers = { "content-type": "application/json; charset=utf-8" };
  assertEquals(judge(exchangeOf({ headers }), wanted), undefined);
});

Deno.test("path and url together, and neither, are problems of the plan", () => {
  for (const options of [{}, { path: "/x", url: "https://a.test/" }]) {
    assertEquals(httpRequest.options.safeParse(options).success, false);
  }
});
