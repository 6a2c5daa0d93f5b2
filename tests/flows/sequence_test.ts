import type { Iteration, SetupContext } from "../../src/flows/flow.ts";
import { sequence } from "../../src/flows/sequence.ts";
import type { SequenceOptions } from "../../src/flows/sequence_options.ts";
import { createClient } from "../../src/http/client.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import { loadPatterns } from "../../src/http/pattern.ts";
import { mask } from "../../src/masking/mask.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { createFlow, systemClock, TestIteration, withServer } from "../acme/harness.ts";
import { goThrough } from "./go_through.ts";

await loadPatterns();

const TLS = { insecureSkipVerify: false };

/** A server that wants a login and makes jobs, which are done after `polls` questions. */
function jobServer(polls = 2, end = "Completed"): (request: Request) => Promise<Response> {
  const asked = new Map<string, number>();
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/login") {
      const { user } = await request.json() as { user: string };
      return Response.json({ session: { token: `opaque-${user}` } });
    }
    if (!request.headers.get("authorization")?.startsWith("Bearer opaque-")) {
      return Response.json({ error: "who are you" }, { status: 401 });
    }
    if (request.method === "POST") {
      const id = `job-${asked.size + 1}`;
      asked.set(id, 0);
      return Response.json({ id }, { status: 202, headers: { location: `/jobs/${id}` } });
    }
    const id = pathname.split("/").at(-1)!;
    const count = asked.get(id);
    if (count === undefined) return Response.json({ error: "no such job" }, { status: 404 });
    asked.set(id, count + 1);
    return Response.json({ id, status: count >= polls ? end : "Running" });
  };
}

const LOG_IN = {
  name: "log_in",
  method: "POST",
  path: "/login",
  body: { user: "{id}" },
  capture: { token: { json: "/session/token" } },
};
const AUTHORIZED = { Authorization: "Bearer {token}" };
const START = {
  name: "start",
  method: "POST",
  path: "/jobs",
  headers: AUTHORIZED,
  expect: { status: 202 },
  capture: { job: { json: "/id" }, link: { header: "Location" } },
};
const WAIT = {
  name: "job",
  path: "/jobs/{job}",
  headers: AUTHORIZED,
  wait_until: { json: { status: "Completed" }, interval: "1ms", timeout: "5s" },
};

Deno.test("an arrival logs in, uses the token, starts a job and waits until it is done", async () => {
  const { failure, requests, steps } = await goThrough(
    sequence,
    { steps: [LOG_IN, START, WAIT] },
    jobServer(2),
  );
  assertEquals(failure, undefined);
  // The wait is one step, however often it has asked.
  assertEquals(steps, ["log_in", "start", "job"]);
  assertEquals(requests.map(({ method, path }) => `${method} ${path}`), [
    "POST /login",
    "POST /jobs",
    "GET /jobs/job-1",
    "GET /jobs/job-1",
    "GET /jobs/job-1",
  ]);
  assertEquals(requests.slice(1).map(({ token }) => token), Array(4).fill("Bearer opaque-t0"));
});

Deno.test("a waiting step tells its polls and pauses, and is timed as a whole", async () => {
  const client = await createClient({ tls: TLS, protocol: "http/1.1", maxBodyBytes: 2 ** 20 });
  const iteration = new TestIteration(client);
  await withServer(jobServer(3), async (baseUrl) => {
    const target = { baseUrl, headers: {}, tls: TLS };
    const options = { steps: [LOG_IN, START, WAIT] };
    const flow = await createFlow(sequence, options, { client, target });
    assertEquals(await flow.run(iteration), undefined);
    client.close();
  });
  assertEquals(iteration.counts, { polls: 4 });
  const named = (name: string): number[] =>
    iteration.observed.filter((each) => each.name === name).map(({ durationUs }) => durationUs);
  assertEquals(named("poll").length, 4);
  assertEquals(named("poll_wait").length, 3);
});

Deno.test("a captured link on the target is followed, and one to elsewhere is not", async () => {
  const follow = { name: "follow", path: "{link}", headers: AUTHORIZED };
  const passed = await goThrough(sequence, { steps: [LOG_IN, START, follow] }, jobServer());
  assertEquals(passed.requests.at(-1)?.path, "/jobs/job-1");
  for (const location of ["https://elsewhere.test/jobs/1", "//elsewhere.test/", "jobs/1"]) {
    const { failure, requests } = await goThrough(
      sequence,
      { steps: [{ ...START, headers: {}, expect: { status: 200 } }, { ...follow, headers: {} }] },
      () => Response.json({ id: "1" }, { headers: { location } }),
    );
    assertEquals(requests.length, 1);
    assertEquals(failure?.class, "unexpected_body");
    assertMatch(failure!.message, /^Cannot follow the captured \{link\}: .* is no path on http:/);
  }
});

Deno.test("captured values are encoded in addresses, spelt as JSON in structures, and left as they are in text", async () => {
  const odd = 'a/b?c="d"&é\n';
  const bodies: string[] = [];
  const { requests } = await goThrough(
    sequence,
    {
      steps: [
        { name: "get", path: "/get", capture: { odd: { json: "/v" } } },
        { name: "put", method: "PUT", path: "/x/{odd}?q={odd}", body: { deep: ["{odd}"] } },
        { name: "post", method: "POST", path: "/text", body: "<{odd}>" },
      ],
    },
    async (request) => {
      bodies.push(await request.text());
      return Response.json({ v: odd });
    },
  );
  const encoded = encodeURIComponent(odd);
  assertEquals(requests[1]?.path, `/x/${encoded}?q=${encoded}`);
  assertEquals(JSON.parse(bodies[1]!), { deep: [odd] });
  assertEquals(bodies[2], `<${odd}>`);
});

Deno.test("a captured value that no header can carry is a failure, and nothing is sent", async () => {
  const { failure, requests } = await goThrough(
    sequence,
    {
      steps: [
        { name: "get", path: "/get", capture: { odd: { json: "" } } },
        { name: "use", path: "/use", headers: { "X-Odd": "{odd}" } },
      ],
    },
    () => Response.json("a\r\nX-Admin: 1"),
  );
  assertEquals(requests.length, 1);
  assertStringIncludes(failure!.message, "Cannot send the header X-Odd");
});

Deno.test("a value that is missing fails its step with what was looked for and what was there", async () => {
  const { failure, steps } = await goThrough(
    sequence,
    { steps: [{ ...LOG_IN, capture: { token: { json: "/jwt" } } }, START] },
    jobServer(),
  );
  assertEquals(steps, ["log_in"]);
  assertEquals(failure?.class, "unexpected_body");
  assertMatch(failure!.message, /^cannot capture token: no "jwt" in the answer with 200: /);
});

Deno.test("values are captured by header and by pattern too", async () => {
  const { failure, requests } = await goThrough(
    sequence,
    {
      steps: [
        {
          name: "form",
          path: "/form",
          capture: { etag: { header: "etag" }, csrf: { regex: 'value="([^"]+)"' } },
        },
        { name: "post", method: "POST", path: "/form?t={csrf}", headers: { "If-Match": "{etag}" } },
      ],
    },
    (request) =>
      request.method === "POST" && request.headers.get("if-match") !== '"7"'
        ? new Response("", { status: 412 })
        : new Response('<input name="csrf" value="c-1">', { headers: { etag: '"7"' } }),
  );
  assertEquals(failure, undefined);
  assertEquals(requests[1]?.path, "/form?t=c-1");
});

Deno.test("a wait that takes too long says what the last answer was", async () => {
  const wait = { ...WAIT, wait_until: { ...WAIT.wait_until, interval: "5ms", timeout: "30ms" } };
  const { failure } = await goThrough(sequence, { steps: [LOG_IN, START, wait] }, jobServer(1e9));
  assertEquals(failure?.class, "timeout");
  assertMatch(
    failure!.message,
    /^Gave up on the step job after .* \(wait_until.timeout\); the last answer: expected status to be "Completed", got "Running"$/,
  );
});

Deno.test("a wait ends at once with an answer of which it was said that it means failure", async () => {
  const fail_if = [{ json: { status: "Cancelled" } }, { json: { status: "Failed" } }];
  const wait = { ...WAIT, wait_until: { ...WAIT.wait_until, fail_if } };
  const { failure, requests } = await goThrough(
    sequence,
    { steps: [LOG_IN, START, wait] },
    jobServer(1, "Failed"),
  );
  assertEquals(requests.length, 4);
  assertEquals(
    failure?.message,
    'The step job will not come to what is awaited: the answer has status "Failed" (wait_until.fail_if)',
  );
});

Deno.test("a wait can be for a status, with what comes before it expected too", async () => {
  let asked = 0;
  const { failure, requests } = await goThrough(
    sequence,
    {
      steps: [{
        name: "there",
        path: "/thing",
        expect: { status: [404, 200] },
        wait_until: { status: 200, interval: "1ms" },
      }],
    },
    () => new Response(null, { status: ++asked < 3 ? 404 : 200 }),
  );
  assertEquals([failure, requests.length], [undefined, 3]);
});

Deno.test("an answer that is not expected ends a wait", async () => {
  const { failure, requests } = await goThrough(
    sequence,
    { steps: [{ ...WAIT, path: "/jobs/none", headers: {} }] },
    jobServer(),
  );
  assertEquals([failure?.class, requests.length], ["status_4xx", 1]);
});

Deno.test("a credential that an arrival has captured is not in its failures, however it was echoed", async () => {
  const secret = "s3cr3t opaque/value+1";
  const capture = { pass: { json: "/pass" } };
  const steps = [
    { name: "get", path: "/get", capture },
    { name: "use", path: "/use", headers: { Authorization: "Custom {pass}" } },
  ];
  const { failure } = await goThrough(
    sequence,
    { steps },
    (request) =>
      new URL(request.url).pathname === "/get"
        ? Response.json({ pass: secret })
        : new Response(`refused ${secret} ${encodeURIComponent(secret)} for good`, { status: 403 }),
  );
  assertEquals(failure?.message, "expected 200, got 403: refused *** *** for good");
  // And of an answer that brings it and is refused for something else.
  const early = await goThrough(
    sequence,
    { steps: [{ ...steps[0], expect: { status: 201 } }, steps[1]] },
    () => Response.json({ pass: secret }),
  );
  assertEquals(early.failure?.message, 'expected 201, got 200: {"pass":"***"}');
  // Nothing is kept: an arrival's secret is hidden in what that arrival says.
  assertEquals(mask(`here is ${secret}`), `here is ${secret}`);
});

interface SetUp {
  readonly made: Record<string, string> | Failure;
  readonly undone: readonly string[];
}

/** Sets up against a server, hands over what was made, and undoes it as the engine does: the last first. */
async function setUp(
  raw: Record<string, unknown>,
  answer: (request: Request) => Response | Promise<Response>,
  during: (made: unknown, baseUrl: string) => Promise<void> = () => Promise.resolve(),
): Promise<SetUp> {
  const client = await createClient({ tls: TLS, protocol: "http/1.1", maxBodyBytes: 2 ** 20 });
  const undos: { what: string; action: (signal: AbortSignal) => Promise<Failure | undefined> }[] =
    [];
  const { signal } = new AbortController();
  const undone: string[] = [];
  let made: Record<string, string> | Failure = {};
  await withServer(answer, async (baseUrl) => {
    const context: SetupContext<SequenceOptions> = {
      options: sequence.options.parse(raw) as SequenceOptions,
      target: { baseUrl, token: "tok", headers: {}, tls: TLS },
      scenario: "with_setup",
      client,
      clock: systemClock,
      timeoutMs: 5000,
      signal,
      runId: "lt1",
      arrivals: 1,
      isOwn: () => true,
      progress: () => {},
      undo: (what, action) => void undos.push({ what, action }),
    };
    const result = await sequence.setup!(context);
    made = isFailure(result) ? result : result.made as Record<string, string>;
    if (!isFailure(result)) await during(result.made, baseUrl);
    for (const { what, action } of undos.reverse()) {
      const failure = await action(signal);
      undone.push(failure === undefined ? what : `${what}: ${failure.message}`);
    }
    client.close();
  });
  return { made, undone };
}

Deno.test("what setup captures every arrival has, in the same request; teardown is made in its order", async () => {
  const seen: string[] = [];
  const tearDown = (name: string) => ({ name, method: "DELETE", path: `/${name}/{token}` });
  const { made, undone } = await setUp(
    {
      setup: [{ ...LOG_IN, body: { user: "boss" } }],
      steps: [{ name: "list", path: "/list", headers: AUTHORIZED }],
      teardown: [tearDown("first"), tearDown("second")],
    },
    (request) => {
      const { pathname } = new URL(request.url);
      seen.push(`${request.method} ${pathname} ${request.headers.get("authorization")}`);
      return Response.json({ session: { token: "opaque-boss" } });
    },
    async (given, baseUrl) => {
      const requests: unknown[] = [];
      const flow = await sequence.create(
        {
          options: sequence.options.parse({
            setup: [LOG_IN],
            steps: [{ name: "list", path: "/list", headers: AUTHORIZED }],
          }) as SequenceOptions,
          target: { baseUrl, headers: {}, tls: TLS },
          made: structuredClone(given),
          runId: "lt1",
          clock: systemClock,
        } as Parameters<typeof sequence.create>[0],
      );
      const iteration = {
        index: 0,
        id: "x",
        step: (_step: string, request: { headers: Record<string, string> }) => {
          requests.push(request);
          seen.push(`arrival ${request.headers["Authorization"]}`);
          return Promise.resolve({});
        },
      } as unknown as Iteration;
      await flow.run(iteration);
      await flow.run(iteration);
      assert(requests[0] === requests[1]);
    },
  );
  assertEquals(made, { token: "opaque-boss" });
  assertEquals(undone, ["teardown step first", "teardown step second"]);
  assertEquals(seen, [
    "POST /login Bearer tok",
    "arrival Bearer opaque-boss",
    "arrival Bearer opaque-boss",
    "DELETE /first/opaque-boss Bearer tok",
    "DELETE /second/opaque-boss Bearer tok",
  ]);
  assertEquals(mask("the token opaque-boss"), "the token ***");
});

Deno.test("a setup step that fails is told by name; what it did not come to make is not undone", async () => {
  const seen: string[] = [];
  const { made, undone } = await setUp(
    {
      setup: [
        { name: "make", method: "POST", path: "/make", expect: { status: 201 } },
        { name: "name", path: "/name", capture: { thing: { json: "/id" } } },
      ],
      steps: [{ name: "get", path: "/things/{thing}" }],
      teardown: [
        { name: "remove", method: "DELETE", path: "/things/{thing}" },
        { name: "clean", method: "DELETE", path: "/things", expect: { status: 204 } },
      ],
    },
    (request) => {
      seen.push(`${request.method} ${new URL(request.url).pathname}`);
      return request.method === "POST"
        ? new Response(null, { status: 201 })
        : Response.json({ ident: 1 });
    },
  );
  assert(isFailure(made));
  assertMatch(made.message, /^Step name: cannot capture thing: no "id" in the answer with 200/);
  assertEquals(seen, ["POST /make", "GET /name", "DELETE /things"]);
  assertEquals(undone[0], "teardown step remove");
  assertMatch(undone[1]!, /^teardown step clean: Step clean: expected 204, got 200/);
});

Deno.test("arrivals are idempotent only if every request is, and the same each time where it changes something", () => {
  const changes = (...steps: Record<string, unknown>[]): string =>
    sequence.changes(
      sequence.options.parse({
        steps: steps.map((step, at) => ({ name: `s${at}`, path: "/x", ...step })),
      }) as SequenceOptions,
    );
  assertEquals(changes({}, { method: "HEAD", path: "/{index}" }), "idempotent");
  assertEquals(changes({ method: "PUT" }, { method: "DELETE" }), "idempotent");
  assertEquals(changes({}, { method: "POST" }), "unknown");
  assertEquals(changes({ method: "DELETE", path: "/x/{index}" }), "unknown");
  assertEquals(changes({ method: "PUT", body: { at: "{now}" } }), "unknown");
  const capture = { id: { json: "/id" } };
  assertEquals(changes({ capture: { thing: capture.id } }, { path: "/{thing}" }), "idempotent");
  assertEquals(
    changes({ capture: { thing: capture.id } }, { method: "DELETE", path: "/{thing}" }),
    "unknown",
  );
});
