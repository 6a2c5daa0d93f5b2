/** Servers as they are: each bends the protocol in one place, and each has its right outcome. */
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { acmeKeyChange } from "../../src/flows/acme_key_change.ts";
import { acmeRateLimits } from "../../src/flows/acme_rate_limits.ts";
import { acmeRenewalInfo } from "../../src/flows/acme_renewal_info.ts";
import { acmeRevoke } from "../../src/flows/acme_revoke.ts";
import { acmeUnauthenticated } from "../../src/flows/acme_unauthenticated.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import { nowUs } from "../../src/clock.ts";
import type { Failure } from "../../src/http/failure.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Bend, type FakeOptions, problem, withFakeAcme } from "./fake_acme.ts";
import { createFlow, fetchClient, TestIteration } from "./harness.ts";

interface Outcome {
  /** Of preparing or of the arrival. */
  readonly failure?: Failure;
  readonly iteration: TestIteration;
  readonly log: readonly string[];
  readonly tookMs: number;
}

const enrollment = {
  accounts: 1,
  challenge: { type: "http-01", listen: "none" },
  poll: { interval: "10ms", timeout: "400ms" },
};

async function arrive<Options>(
  definition: FlowDefinition<Options>,
  fake: FakeOptions,
  options: Record<string, unknown>,
): Promise<Outcome> {
  const client = fetchClient();
  const iteration = new TestIteration(client);
  const startedUs = nowUs();
  let failure: Failure | undefined;
  let requests: readonly string[] = [];
  await withFakeAcme(fake, async ({ directory, log }) => {
    const flow = await createFlow(definition, { directory, ...options }, { client });
    failure = await flow.prepare?.(1) ?? await flow.run(iteration);
    await flow.close?.();
    requests = log;
  });
  client.close();
  return { failure, iteration, log: requests, tookMs: (nowUs() - startedUs) / 1000 };
}

const enroll = (fake: FakeOptions, options: Record<string, unknown> = {}): Promise<Outcome> =>
  arrive(acmeEnroll, fake, { ...enrollment, ...options });

/** Bends the answers of one resource. */
const on = (
  prefix: string,
  bend: (right: Response, origin: string) => Response | Promise<Response>,
): Bend =>
(path, right, origin) => path.startsWith(prefix) ? bend(right, origin) : right;

const withHeader = (right: Response, name: string, ...values: string[]): Response => {
  right.headers.delete(name);
  for (const value of values) right.headers.append(name, value);
  return right;
};

/** The right answer with members of its JSON changed. */
const changed = async (right: Response, changes: Record<string, unknown>): Promise<Response> => {
  const { status, headers } = right;
  return Response.json({ ...await right.json(), ...changes }, { status, headers });
};

const html = (status: number): Response =>
  new Response(`<html><body><h1>${status} from a proxy</h1></body></html>`, {
    status,
    headers: { "content-type": "text/html", "retry-after": "5" },
  });

const requestsOf = ({ log }: Outcome, prefix: string): number =>
  log.filter((line) => line.includes(` /${prefix}`)).length;

// Orders (RFC 8555 section 7.4)

Deno.test("an order that is pending after its proofs is asked again until it is ready", async () => {
  const outcome = await enroll({ born: "pending", lateReady: 3 });
  assertEquals(outcome.failure, undefined);
  assertEquals(requestsOf(outcome, "order/"), 4);
  assertEquals(requestsOf(outcome, "finalize"), 1);
  assertEquals(outcome.iteration.counts, {});
});

Deno.test("an order that never becomes ready ends with the time it had, and is not finalized", async () => {
  const outcome = await enroll({ born: "pending", lateReady: 1e9 });
  assertEquals(outcome.failure?.class, "timeout");
  assertStringIncludes(outcome.failure!.message, "Gave up on the order /order/");
  assertEquals(requestsOf(outcome, "finalize"), 0);
});

Deno.test("an order that becomes invalid before it is ready gives its reason", async () => {
  const error = { type: "urn:ietf:params:acme:error:caa", detail: "forbidden by CAA" };
  const bend = on("/order/", (right) => changed(right, { status: "invalid", error }));
  const { failure } = await enroll({ born: "pending", bend });
  assertStringIncludes(failure!.message, "The order is invalid: urn:ietf:params:acme:error:caa");
});

Deno.test("an order that is ready at once needs no authorizations", async () => {
  for (const authorizations of [null, undefined, []]) {
    const bend = on("/new-order", (right) => changed(right, { authorizations }));
    const outcome = await enroll({ bend });
    assertEquals(outcome.failure, undefined);
    assertEquals(requestsOf(outcome, "authz"), 0);
  }
});

Deno.test("a pending order without a list of authorizations is no order", async () => {
  const bend = on("/new-order", (right) => changed(right, { authorizations: null }));
  const { failure } = await enroll({ born: "pending", bend });
  assertEquals(failure?.class, "unexpected_body");
  assertStringIncludes(failure!.message, "no order with status, authorizations and finalize");
});

Deno.test("stop_before: finalize ends with an order that is ready", async () => {
  const outcome = await enroll({ born: "pending", lateReady: 2 }, { stop_before: "finalize" });
  assertEquals(outcome.failure, undefined);
  assertEquals(outcome.iteration.stepNames().at(-1), "order");
});

// Polling (RFC 8555 section 7.4, RFC 9110 section 10.2.3)

for (
  const [name, retryAfter] of [
    ["none", undefined],
    ["0", "0"],
    ["a negative number", "-1"],
    ["a date that has passed", "Mon, 23 Nov 2020 19:00:00 GMT"],
    ["nonsense", "soon"],
  ] as const
) {
  Deno.test(`an order is polled no faster than poll.interval with a Retry-After of ${name}`, async () => {
    const bend: Bend = (path, right) =>
      /^\/(order|finalize)/.test(path) && retryAfter !== undefined
        ? withHeader(right, "retry-after", retryAfter)
        : right;
    const outcome = await enroll({ processing: 1e9, bend }, {
      poll: { interval: "50ms", timeout: "500ms" },
    });
    assertEquals(outcome.failure?.class, "timeout");
    const polls = requestsOf(outcome, "order/");
    assert(polls >= 2 && polls <= 10, `${polls} polls`);
    assertStringIncludes(outcome.failure!.message, "of at most 0.5 s (poll.timeout)");
  });
}

Deno.test("a Retry-After in the far future is waited for until poll.timeout, where comes the last poll", async () => {
  for (const retryAfter of ["86400", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    const bend = on("/finalize", (right) => withHeader(right, "retry-after", retryAfter));
    const patient = await enroll({ processing: 1, bend }, { poll: { timeout: "300ms" } });
    assertEquals(patient.failure, undefined, retryAfter);
    assertEquals(requestsOf(patient, "order/"), 1);
    assert(patient.tookMs >= 300);
  }
});

Deno.test("a Retry-After is honoured where it asks for longer than poll.interval", async () => {
  const bend = on("/finalize", (right) => withHeader(right, "retry-after", "1"));
  const poll = { interval: "1ms", timeout: "5s" };
  const outcome = await enroll({ processing: 1, bend }, { poll });
  assertEquals(outcome.failure, undefined);
  assert(outcome.tookMs >= 1000);
  const long = on("/finalize", (right) => withHeader(right, "retry-after", "60"));
  const hasty = await enroll({ processing: 1, bend: long }, {
    poll: { interval: "1ms", timeout: "90s", honour_retry_after: false },
  });
  assertEquals(hasty.failure, undefined);
  assert(hasty.tookMs < 60_000);
});

// Challenges (RFC 8555 sections 7.5.1 and 8.2)

const refused = {
  type: "urn:ietf:params:acme:error:connection",
  detail: "The server could not connect to the validation target",
};

for (const status of ["pending", "processing"]) {
  Deno.test(`a challenge's error is the message while the challenge is ${status}`, async () => {
    const challenge = { type: "http-01", url: "", status, token: "tok", error: refused };
    const answer = (origin: string): Record<string, unknown> => ({
      status: "pending",
      identifier: { type: "dns", value: "a.test" },
      challenges: [{ ...challenge, url: `${origin}/challenge/1` }],
    });
    let asked = 0;
    const { failure } = await enroll({
      born: "pending",
      script: (path) => path.startsWith("/challenge") ? Response.json(challenge) : undefined,
      bend: on("/authz", (right, origin) => asked++ === 0 ? right : Response.json(answer(origin))),
    });
    assertEquals(failure?.class, "unexpected_body");
    assertStringIncludes(failure!.message, "(poll.timeout): urn:ietf:params:acme:error:connection");
    assertStringIncludes(failure!.message, "error:connection: The server could not connect");
    assertStringIncludes(failure!.message, "no proof was shown (challenge.listen: none)");
  });
}

Deno.test("an invalid authorization gives an error that stands in a challenge of any status", async () => {
  const challenges = [{ type: "http-01", url: "", status: "pending", token: "t", error: refused }];
  const bend = on("/authz", (right) => changed(right, { status: "invalid", challenges }));
  const { failure } = await enroll({ born: "pending", bend });
  assertStringIncludes(failure!.message, "is invalid: urn:ietf:params:acme:error:connection");
});

Deno.test("an authorization without challenges says that none is offered", async () => {
  const bend = on("/authz", (right) => changed(right, { challenges: [] }));
  const { failure } = await enroll({ born: "pending", bend });
  assertStringIncludes(failure!.message, "offers no http-01 challenge for");
  assertStringIncludes(failure!.message, "only none");
});

// Locations (RFC 9110 section 10.2.2)

Deno.test("a relative Location is relative to its request", async () => {
  const seen: unknown[] = [];
  const bend: Bend = (path, right) => {
    const location = right.headers.get("location");
    if (!path.startsWith("/new-") || location === null) return right;
    return withHeader(right, "location", new URL(location).pathname);
  };
  const { failure } = await enroll({
    born: "pending",
    lateReady: 1,
    bend,
    script: (path, { protected: { kid } }) => {
      if (path === "/new-order") seen.push(kid);
      return undefined;
    },
  });
  assertEquals(failure, undefined);
  assert(/^http:\/\/127\.0\.0\.1:\d+\/account\/\d+$/.test(String(seen[0])), String(seen[0]));
});

Deno.test("a Location that a proxy has doubled is one", async () => {
  const bend: Bend = (path, right) => {
    const location = right.headers.get("location");
    if (!path.startsWith("/new-") || location === null) return right;
    return withHeader(right, "location", location, location);
  };
  assertEquals((await enroll({ born: "pending", lateReady: 1, bend })).failure, undefined);
});

Deno.test("two Locations that differ, and one that is no URL, are told", async () => {
  const two = await enroll({
    bend: on("/new-order", (right) => withHeader(right, "location", "/order/1", "/order/2")),
  });
  assertEquals(two.failure?.class, "unexpected_body");
  assertStringIncludes(two.failure!.message, 'Location "/order/1, /order/2", which is more than');
  const none = await enroll({
    bend: on("/new-account", (right) => withHeader(right, "location", "data:,x")),
  });
  assertStringIncludes(none.failure!.message, 'Location "data:,x", which is no http(s) URL');
  const absent = await enroll({ bend: on("/new-order", (right) => withHeader(right, "location")) });
  assertStringIncludes(absent.failure!.message, "The new order has no Location");
});

// The directory (RFC 8555 section 7.1.1)

const redirect = (location: string, status = 308): Response =>
  new Response(null, { status, headers: { location } });

Deno.test("a directory behind redirects within its origin is found", async () => {
  let redirects = 0;
  const bend = on("/directory", (right) => redirects++ < 3 ? redirect("/directory?v=2") : right);
  const outcome = await enroll({ bend });
  assertEquals(outcome.failure, undefined);
  assertEquals(requestsOf(outcome, "directory"), 4);
});

Deno.test("a directory that redirects for ever is left after five redirects", async () => {
  const bend = on("/directory", () => redirect("/directory", 302));
  const outcome = await enroll({ bend });
  assertEquals(outcome.failure?.class, "status_3xx");
  assertEquals(requestsOf(outcome, "directory"), 6);
});

Deno.test("a directory that redirects to another origin says where to, and is not followed", async () => {
  const bend = on("/directory", () => redirect("https://other.example/dir"));
  const { failure } = await enroll({ bend });
  assertEquals(failure?.class, "status_3xx");
  assertStringIncludes(failure!.message, '308 and points to "https://other.example/dir"');
});

Deno.test("acme_unauthenticated follows a directory's redirect within its step", async () => {
  let redirects = 0;
  const bend = on("/directory", (right) => redirects++ < 1 ? redirect("/directory") : right);
  const script = { bend, directory: () => ({ renewalInfo: undefined }) };
  const { failure, iteration } = await arrive(acmeUnauthenticated, script, {});
  assertEquals(failure, undefined);
  assertEquals(iteration.stepNames(), ["directory", "new_nonce"]);
});

const without = (...fields: string[]): FakeOptions => ({
  directory: () => Object.fromEntries(fields.map((field) => [field, undefined])),
});

Deno.test("what a directory lacks matters only to the flows that need it", async () => {
  assertEquals(
    (await enroll(without("keyChange", "revokeCert", "renewalInfo"))).failure,
    undefined,
  );
  const bare = without("keyChange", "revokeCert", "newAccount", "newOrder", "renewalInfo");
  assertEquals((await arrive(acmeUnauthenticated, bare, {})).failure, undefined);
});

// deno-lint-ignore no-explicit-any -- Each has options of its own.
const needy: readonly [FlowDefinition<any>, Record<string, unknown>, string][] = [
  [acmeKeyChange, {}, "keyChange"],
  [acmeRevoke, enrollment, "revokeCert"],
  [acmeEnroll, enrollment, "newOrder"],
  [acmeEnroll, enrollment, "newAccount"],
  [acmeRateLimits, {}, "keyChange"],
];
for (const [definition, options, field] of needy) {
  Deno.test(`${definition.name} needs ${field}, and asks for nothing without it`, async () => {
    const { failure, log } = await arrive(definition, without(field), options);
    assertEquals(failure?.class, "unexpected_body");
    assertEquals(failure!.message, `The directory has no ${field} (RFC 8555 section 7.1.1)`);
    assertEquals(log, ["GET /directory"]);
  });
}

Deno.test("a resource that is null or empty in the directory is one that is not there", async () => {
  const directory = (): Record<string, unknown> => ({ keyChange: null, renewalInfo: "" });
  assertEquals((await enroll({ directory })).failure, undefined);
});

Deno.test("a directory without newNonce is none", async () => {
  const { failure } = await arrive(acmeUnauthenticated, without("newNonce"), {});
  assertEquals(failure?.class, "unexpected_body");
  assertStringIncludes(failure!.message, "The directory has no newNonce");
});

Deno.test("renewalInfo with a slash at its end has one slash before the certificate's id", async () => {
  const directory = (origin: string): Record<string, unknown> => ({
    renewalInfo: `${origin}/renewal-info/`,
  });
  const options = { ...enrollment, certificates: 1 };
  const { failure, log } = await arrive(acmeRenewalInfo, { directory }, options);
  assertEquals(failure, undefined);
  assertEquals(log.filter((line) => line.includes("renewal-info")).length, 1);
  assert(/^GET \/renewal-info\/[\w-]+\.[\w-]+$/.test(log.at(-1)!), log.at(-1));
});

Deno.test("a directory's path is one under the target's own", async () => {
  const client = fetchClient();
  await withFakeAcme({
    bend: (path, right, origin) =>
      path === "/pki/directory"
        ? Response.json({ newNonce: `${origin}/new-nonce` })
        : path === "/directory"
        ? problem(404, "malformed")
        : right,
  }, async ({ directory }) => {
    for (const base of ["/pki", "/pki/"]) {
      const baseUrl = new URL(base, directory).href;
      const target = { baseUrl, headers: {}, tls: { insecureSkipVerify: false } };
      const flow = await createFlow(acmeUnauthenticated, { directory: "/directory" }, {
        client,
        target,
      });
      assertEquals(await flow.run(new TestIteration(client)), undefined);
    }
  });
  client.close();
});

// Pages in place of answers

for (const [status, kind] of [[503, "status_5xx"], [502, "status_5xx"], [429, "rate_limited"]]) {
  Deno.test(`a proxy's page with status ${status} is ${kind}, and no dashboard`, async () => {
    const { failure } = await enroll({ bend: on("/new-order", () => html(Number(status))) });
    assertEquals(failure?.class, kind);
    assertStringIncludes(failure!.message, `was answered with ${status} "<html>`);
    assertEquals(failure!.message.includes("dashboard"), false);
  });
}

Deno.test("a page with 200 or 404 may be a dashboard, and is said so", async () => {
  for (const [status, kind] of [[200, "unexpected_body"], [404, "status_4xx"]] as const) {
    const { failure } = await enroll({ bend: on("/directory", () => html(status)) });
    assertEquals(failure?.class, kind);
    assertStringIncludes(failure!.message, "certctl with its dashboard");
  }
});

Deno.test("a page is no answer though its status is the right one", async () => {
  const { failure } = await enroll({ bend: on("/new-order", () => html(201)) });
  assertEquals(failure?.class, "unexpected_body");
  assertStringIncludes(failure!.message, "text/html instead of application/json");
  const unknown = { bend: on("/renewal-info", () => html(400)) };
  const renewal = await arrive(acmeUnauthenticated, unknown, {});
  assertEquals(renewal.failure?.class, "unexpected_body");
});

Deno.test("a redirect of another resource says where it points", async () => {
  const { failure } = await enroll({ bend: on("/new-order", () => redirect("/v2/order", 307)) });
  assertEquals(failure?.class, "status_3xx");
  assertStringIncludes(failure!.message, '307 and points to "/v2/order"');
});

// Nonces (RFC 8555 section 6.5)

Deno.test("a server that gives no nonces with its answers is asked for each", async () => {
  const bend: Bend = (path, right) =>
    path === "/new-nonce" ? right : withHeader(right, "x-no-nonce", "1");
  const { failure, iteration } = await enroll({ bend });
  assertEquals(failure, undefined);
  assertEquals(iteration.stepNames().filter((step) => step === "new_nonce").length >= 2, true);
});

Deno.test("a refused nonce while an order is awaited is no failure", async () => {
  let refusals = 0;
  const { failure, iteration } = await enroll({
    born: "pending",
    lateReady: 2,
    script: (path) =>
      path.startsWith("/order") && refusals++ === 0 ? problem(400, "badNonce") : undefined,
  });
  assertEquals(failure, undefined);
  assertEquals(iteration.counts, { bad_nonce_retries: 1 });
});
