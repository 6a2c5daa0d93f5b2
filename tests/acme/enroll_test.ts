import { acmeEnroll, type EnrollOptions } from "../../src/flows/acme_enroll.ts";
import type { Failure } from "../../src/http/failure.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { type FakeAcme, type FakeOptions, problem, withFakeAcme } from "./fake_acme.ts";
import { createFlow, fetchClient, TestIteration, withServer } from "./harness.ts";

interface Outcome {
  readonly prepared: Failure | undefined;
  readonly failure?: Failure;
  readonly iteration: TestIteration;
  readonly log: string[];
}

const poll = { interval: "1ms", timeout: "1s" };

async function enrollOnce(
  fake: FakeOptions,
  options: Record<string, unknown> = {},
): Promise<Outcome> {
  const client = fetchClient();
  const iteration = new TestIteration(client);
  let outcome: Outcome | undefined;
  await withFakeAcme(fake, async ({ directory, log }: FakeAcme) => {
    const raw = { directory, accounts: 1, poll, ...options };
    const flow = await createFlow(acmeEnroll, raw, { client });
    const prepared = await flow.prepare?.(1);
    const failure = prepared === undefined ? await flow.run(iteration) : undefined;
    assertEquals(iteration.undeclared(acmeEnroll), []);
    await flow.close?.();
    outcome = { prepared, failure, iteration, log };
  });
  client.close();
  return outcome!;
}

const withoutNonces = (iteration: TestIteration): string[] =>
  iteration.stepNames().filter((step) => step !== "new_nonce");

Deno.test("acme_enroll goes from a ready order straight to finalize and the certificate", async () => {
  const { prepared, failure, iteration } = await enrollOnce({});
  assertEquals([prepared, failure], [undefined, undefined]);
  assertEquals(iteration.stepNames(), ["new_order", "finalize", "certificate"]);
  const observed = new Set(iteration.observed.map(({ name }) => name));
  assertEquals(observed, new Set(["signing", "chain_check"]));
});

Deno.test("acme_enroll answers the challenge of a pending order and polls the authorization", async () => {
  const challenge = { type: "http-01", listen: "none" };
  const { failure, iteration } = await enrollOnce({ born: "pending" }, { challenge });
  assertEquals(failure, undefined);
  assertEquals(withoutNonces(iteration), [
    "new_order",
    "authz",
    "challenge",
    "authz",
    "order",
    "finalize",
    "certificate",
  ]);
  assertEquals(iteration.observed.filter(({ name }) => name === "poll_wait").length, 1);
});

Deno.test("acme_enroll stops before finalize when asked to", async () => {
  const { failure, iteration } = await enrollOnce({}, { stop_before: "finalize" });
  assertEquals(failure, undefined);
  assertEquals(iteration.stepNames(), ["new_order"]);
  const options = acmeEnroll.options.parse({ directory: "/d", stop_before: "finalize" });
  assertEquals(acmeEnroll.steps(options as EnrollOptions).includes("finalize"), false);
});

Deno.test("acme_enroll makes a new account for each flow, as its first step", async () => {
  const { iteration, log } = await enrollOnce({}, { accounts: "per_flow" });
  assertEquals(withoutNonces(iteration)[0], "new_account");
  assertEquals(log.filter((line) => line === "POST /new-account").length, 1);
});

Deno.test("acme_enroll makes its request in the iteration when told not to prepare", async () => {
  const beganMs = performance.now();
  const { iteration } = await enrollOnce({}, { prepare: false });
  const tookUs = (performance.now() - beganMs) * 1000;
  const [made, ...others] = iteration.observed.filter(({ name }) => name === "csr");
  assertEquals(others, []);
  assertEquals(made!.durationUs > 0 && made!.durationUs < tookUs, true);
});

Deno.test("acme_enroll counts a refused nonce and repeats the request within the step", async () => {
  let refusals = 2;
  const { failure, iteration } = await enrollOnce({
    script: (path) =>
      path === "/new-order" && refusals-- > 0 ? problem(400, "badNonce") : undefined,
  });
  assertEquals(failure, undefined);
  assertEquals(iteration.counts.bad_nonce_retries, 2);
  assertEquals(withoutNonces(iteration), ["new_order", "finalize", "certificate"]);
});

Deno.test("acme_enroll fails when nonces stay refused", async () => {
  const { failure, iteration } = await enrollOnce({
    script: (path) => path === "/new-order" ? problem(400, "badNonce") : undefined,
  });
  assertStringIncludes(failure?.message ?? "", "urn:ietf:params:acme:error:badNonce");
  assertEquals(failure?.class, "status_4xx");
  assertEquals(iteration.counts.bad_nonce_retries, 6);
});

Deno.test("acme_enroll fetches a nonce where an error brought none", async () => {
  let refused = false;
  const { failure, iteration } = await enrollOnce({
    script: (path) => {
      if (path !== "/new-order" || refused) return undefined;
      refused = true;
      const response = problem(400, "badNonce");
      response.headers.set("x-no-nonce", "1");
      return response;
    },
  });
  assertEquals(failure, undefined);
  assertEquals(iteration.stepNames()[0], "new_nonce");
});

Deno.test("acme_enroll gives the problem document of a finalize that fails, and no later step", async () => {
  const { failure, iteration } = await enrollOnce({
    script: (path) =>
      path.startsWith("/finalize") ? problem(500, "serverInternal", "it broke") : undefined,
  });
  assertEquals(failure?.class, "status_5xx");
  assertStringIncludes(
    failure?.message ?? "",
    "urn:ietf:params:acme:error:serverInternal: it broke",
  );
  assertEquals(withoutNonces(iteration), ["new_order", "finalize"]);
});

Deno.test("acme_enroll gives the reason of an invalid order", async () => {
  const error = { type: "urn:ietf:params:acme:error:badCSR", detail: "weak" };
  const { failure } = await enrollOnce({
    script: (path) =>
      path.startsWith("/finalize")
        ? Response.json({ status: "invalid", authorizations: [], finalize: "x", error })
        : undefined,
  });
  assertStringIncludes(failure?.message ?? "", "invalid: urn:ietf:params:acme:error:badCSR: weak");
});

Deno.test("acme_enroll gives up on an order that stays processing", async () => {
  const { failure, iteration } = await enrollOnce({
    script: (path) =>
      /^\/(finalize|order)\//.test(path)
        ? Response.json({ status: "processing", authorizations: [], finalize: "x" })
        : undefined,
  }, { poll: { interval: "20ms", timeout: "100ms" } });
  assertEquals(failure?.class, "timeout");
  assertStringIncludes(failure?.message ?? "", "poll.timeout");
  assertEquals(iteration.stepNames().includes("order"), true);
});

Deno.test("acme_enroll says how long a Retry-After was that it gave up on", async () => {
  const { failure } = await enrollOnce({
    script: (path) =>
      path.startsWith("/finalize")
        ? Response.json({ status: "processing", authorizations: [], finalize: "x" }, {
          headers: { "retry-after": "3600" },
        })
        : path.startsWith("/order/")
        ? Response.json({ status: "processing", authorizations: [], finalize: "x" })
        : undefined,
  }, { poll: { interval: "1ms", timeout: "100ms" } });
  assertEquals(failure?.class, "timeout");
  assertStringIncludes(failure?.message ?? "", "(poll.timeout); Retry-After asked for 3600 s");
});

Deno.test("acme_enroll fails where a server gives URLs that are none", async () => {
  const order = { status: "ready", authorizations: [], finalize: "/finalize/1" };
  const headers = { location: "http://127.0.0.1:9/order/1" };
  const finalize = await enrollOnce({
    script: (path) =>
      path === "/new-order" ? Response.json(order, { status: 201, headers }) : undefined,
  });
  assertEquals(finalize.failure?.class, "unexpected_body");
  assertStringIncludes(finalize.failure?.message ?? "", '"/finalize/1" as the URL for finalize');
  const certificate = await enrollOnce({
    script: (path) =>
      path.startsWith("/finalize")
        ? Response.json({ ...order, status: "valid", certificate: "ftp://ca.test/1" })
        : undefined,
  });
  assertStringIncludes(certificate.failure?.message ?? "", '"ftp://ca.test/1" as the URL for cert');
});

Deno.test("acme_enroll says what to do when a server wants a proof and the plan names none", async () => {
  const { failure } = await enrollOnce({ born: "pending" });
  assertEquals(failure?.class, "client");
  assertStringIncludes(failure?.message ?? "", "set challenge: { type, listen }");
});

Deno.test("acme_enroll names what is offered when its challenge is not", async () => {
  const challenge = { type: "dns-01", listen: "none" };
  const { failure } = await enrollOnce({ born: "pending" }, { challenge });
  assertStringIncludes(failure?.message ?? "", "no dns-01 challenge");
  assertStringIncludes(failure?.message ?? "", "only http-01");
});

Deno.test("acme_enroll classifies a chain that is none, and one that is another's", async () => {
  const answer = (body: string): FakeOptions => ({
    script: (path) =>
      path.startsWith("/certificate")
        ? new Response(body, { headers: { "content-type": "application/pem-certificate-chain" } })
        : undefined,
  });
  const garbage = await enrollOnce(answer("garbage"));
  assertEquals(garbage.failure?.class, "unexpected_body");
  assertStringIncludes(garbage.failure?.message ?? "", 'no PEM certificate in "garbage"');
  const { createIssuer } = await import("./test_ca.ts");
  const other = await enrollOnce(answer((await createIssuer()).certificate));
  assertEquals(other.failure?.class, "wrong_certificate");
});

Deno.test("acme_enroll refuses, before any load, a server whose binding, terms or profile it cannot meet", async () => {
  const eab = await enrollOnce({ meta: { externalAccountRequired: true } });
  assertStringIncludes(eab.prepared?.message ?? "", "set eab: { kid, hmac_key }");
  const meta = { termsOfService: "https://ca.test/terms" };
  const terms = await enrollOnce({ meta }, { agree_to_terms: false });
  assertStringIncludes(terms.prepared?.message ?? "", "https://ca.test/terms");
  const profiles = { profiles: { default: "", short: "" } };
  const profile = await enrollOnce({ meta: profiles }, { profile: "long" });
  assertStringIncludes(
    profile.prepared?.message ?? "",
    '"long": its directory names default, short; order one that it has, or none',
  );
  for (const { prepared, log } of [eab, terms, profile]) {
    assertEquals(prepared?.class, "client");
    assertEquals(log, ["GET /directory"]);
  }
});

Deno.test("acme_enroll says what to change where a server refuses the account", async () => {
  const refuse = (type: string): FakeOptions => ({
    script: (path) => path === "/new-account" ? problem(403, type) : undefined,
  });
  const unbound = await enrollOnce(refuse("externalAccountRequired"));
  assertStringIncludes(unbound.prepared?.message ?? "", "set eab: { kid, hmac_key }");
  const eab = { kid: "kid-1", hmac_key: "c2VjcmV0" };
  const bound = await enrollOnce(refuse("unauthorized"), { eab });
  assertStringIncludes(bound.prepared?.message ?? "", 'bound to "kid-1": are eab.kid and eab.hmac');
  assertEquals(bound.prepared?.message.includes(eab.hmac_key), false);
  const terms = await enrollOnce(refuse("userActionRequired"), { agree_to_terms: false });
  assertStringIncludes(terms.prepared?.message ?? "", "set agree_to_terms: true");
  const other = await enrollOnce(refuse("invalidContact"));
  assertEquals(other.prepared?.message.endsWith("invalidContact: no"), true);
});

Deno.test("acme_enroll says where it looked for the directory, and what to check, when there is none", async () => {
  const client = fetchClient();
  await withServer(() => problem(404, "userActionRequired"), async (origin) => {
    const directory = `${origin}/acme/profile/prof-x/directory`;
    const flow = await createFlow(acmeEnroll, { directory }, { client });
    const failure = await flow.prepare?.(1);
    assertEquals(failure?.class, "status_4xx");
    assertStringIncludes(failure?.message ?? "", `There is no ACME directory at ${directory}: GET`);
    assertStringIncludes(failure?.message ?? "", "userActionRequired: no. Check the URL");
  });
  client.close();
});

Deno.test("acme_enroll says where the proof was shown that a server did not find", async () => {
  const error = { type: "urn:ietf:params:acme:error:connection", detail: "refused" };
  let asked = 0;
  const script = (path: string): Response | undefined => {
    if (!path.startsWith("/authz") || asked++ === 0) return undefined;
    const challenges = [{ type: "http-01", url: "", status: "invalid", token: "tok", error }];
    const identifier = { type: "dns", value: "a.test" };
    return Response.json({ status: "invalid", identifier, challenges });
  };
  const challenge = { type: "http-01", listen: "127.0.0.1:0" };
  const shown = await enrollOnce({ born: "pending", script }, { challenge });
  assertStringIncludes(
    shown.failure?.message ?? "",
    "error:connection: refused; the proof was shown on 127.0.0.1:0 (challenge.listen)",
  );
  asked = 0;
  const none = { ...challenge, listen: "none" };
  const unshown = await enrollOnce({ born: "pending", script }, { challenge: none });
  assertStringIncludes(unshown.failure?.message ?? "", "no proof was shown");
});

Deno.test("acme_enroll says so when its challenge address is in use", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const challenge = { type: "http-01", listen: address };
  const { prepared } = await enrollOnce({}, { challenge });
  listener.close();
  assertEquals(prepared?.class, "client");
  assertStringIncludes(prepared?.message ?? "", `Cannot listen on ${address} for http-01`);
  assertStringIncludes(prepared?.message ?? "", "something else listens there");
});

Deno.test("acme_enroll signs with every kind of account key, and asks for every kind of certificate key", async () => {
  for (const account_key of ["ES256", "ES384", "RS256", "EdDSA"]) {
    assertEquals((await enrollOnce({}, { account_key })).failure, undefined, account_key);
  }
  for (const certificate_key of ["ec-p384", "rsa-2048"]) {
    const { failure } = await enrollOnce({}, { certificate_key, certificate_keys: 1 });
    assertEquals(failure, undefined, certificate_key);
  }
});

Deno.test("acme_enroll asks for many names, a profile and a time", async () => {
  let payload: Record<string, unknown> | undefined;
  const { failure } = await enrollOnce({
    meta: { profiles: { short: "" } },
    script: (path, request) => {
      if (path === "/new-order") payload = request.payload;
      return undefined;
    },
  }, {
    identifiers: ["{id}.example.test", "{n}.{id}.example.test"],
    names: 3,
    profile: "short",
    not_after: "+7d",
  });
  assertEquals(failure, undefined);
  const names = (payload!.identifiers as { value: string }[]).map(({ value }) => value);
  const id = names[0]!.split(".")[0];
  assertEquals(names, [
    `${id}.example.test`,
    `1.${id}.example.test`,
    `2.${id}.example.test`,
    `3.${id}.example.test`,
  ]);
  assertEquals(payload!.profile, "short");
  const days = (Date.parse(String(payload!.notAfter)) - Date.now()) / 86_400_000;
  assertEquals(Math.round(days), 7);
});

Deno.test("acme_enroll refuses options that cannot be", () => {
  const parse = (options: Record<string, unknown>): boolean =>
    acmeEnroll.options.safeParse({ directory: "/dir", ...options }).success;
  assertEquals(parse({}), true);
  assertEquals(parse({ identifiers: "{name}.test" }), false);
  assertEquals(parse({ identifiers: [] }), false);
  assertEquals(parse({ accounts: 0 }), false);
  assertEquals(parse({ challenge: { type: "http-02" } }), false);
  assertEquals(parse({ challenge: { type: "http-01", listen: "5002" } }), false);
  assertEquals(parse({ eab: { kid: "k", hmac_key: "not base64!" } }), false);
  assertEquals(parse({ not_after: "next week" }), false);
  assertEquals(parse({ poll: { interval: "soon" } }), false);
});
