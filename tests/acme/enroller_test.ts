/** What an attempt to enroll asks of the one who shows its proofs, and of the server. */
import { register } from "../../src/acme/account.ts";
import { Enroller, type EnrollerOptions } from "../../src/acme/enroller.ts";
import { PreparedOrders } from "../../src/acme/prepared_orders.ts";
import type { Responder } from "../../src/acme/challenge/responder.ts";
import type { Chain } from "../../src/acme/chain.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type FakeOptions, problem } from "./fake_acme.ts";
import { systemClock, type TestIteration } from "./harness.ts";
import { withClient } from "./with_client.ts";

interface Enrolled {
  readonly result: Chain | Failure;
  readonly iteration: TestIteration;
  /** Proofs and signed requests, in order. */
  readonly log: string[];
  readonly tookUs: number;
}

async function enroll(
  fake: FakeOptions,
  options: Partial<EnrollerOptions> = {},
  shows: Failure | undefined = undefined,
): Promise<Enrolled> {
  const log: string[] = [];
  const responder: Responder = {
    put: ({ token, name, type }) => {
      log.push(`put ${type} ${token} ${name}`);
      return Promise.resolve(shows);
    },
    remove: ({ token }) => void log.push(`remove ${token}`),
    close: () => Promise.resolve(),
  };
  let enrolled: Enrolled | undefined;
  await withClient(async ({ client, sender, iteration }) => {
    const registration = { contact: [], agreeToTerms: true };
    const account = await register(client, sender, await generateKey("ES256"), registration);
    assert(!isFailure(account));
    const poll = { intervalMs: 1, timeoutMs: 2_000, honourRetryAfter: true };
    const challengeType = "http-01" as const;
    const clock = systemClock;
    const all = { client, clock, responder, challengeType, poll, ...options };
    const orders = new PreparedOrders({ identifiers: ["a.test"], names: 1, alg: "ES256" });
    const startedUs = clock.nowUs();
    const result = await new Enroller(all).attempt(iteration, account).enroll(await orders.make());
    enrolled = { result, iteration, log, tookUs: clock.nowUs() - startedUs };
  }, {
    ...fake,
    script: (path, request) => {
      log.push(path.split("/")[1]!);
      return fake.script?.(path, request);
    },
  });
  return enrolled!;
}

Deno.test("a proof is shown before its challenge is answered, and taken back before finalize", async () => {
  const { result, log } = await enroll({ born: "pending" });
  assert(!isFailure(result));
  assertEquals(log, [
    "new-account",
    "new-order",
    "authz",
    "put http-01 tok a.test",
    "challenge",
    "authz",
    "remove tok",
    "order",
    "finalize",
    "certificate",
  ]);
});

Deno.test("a proof is taken back although its challenge is refused", async () => {
  const script = (path: string) =>
    path.startsWith("/challenge") ? problem(403, "unauthorized") : undefined;
  const { result, log } = await enroll({ born: "pending", script });
  assertEquals(isFailure(result) && result.class, "status_4xx");
  assertEquals(log.slice(-3), ["put http-01 tok a.test", "challenge", "remove tok"]);
});

Deno.test("where no proof can be shown no challenge is answered, and nothing is taken back", async () => {
  const failure: Failure = { class: "client", message: "nobody shows it" };
  const { result, log } = await enroll({ born: "pending" }, {}, failure);
  assertEquals([result, log.at(-1)], [failure, "put http-01 tok a.test"]);
});

Deno.test("an authorization that is valid already has nothing to prove", async () => {
  let asked = 0;
  const body = { authorizations: [], finalize: "https://ca.test/f" };
  const { result, log } = await enroll({
    born: "pending",
    script: (path) => {
      if (path.startsWith("/order")) return Response.json({ ...body, status: "invalid" });
      if (!path.startsWith("/authz")) return undefined;
      asked++;
      return Response.json({ status: "valid", identifier: { type: "dns", value: "a.test" } });
    },
  });
  assertEquals(asked, 1);
  assertStringIncludes((result as Failure).message, "The order is invalid: the server gives no");
  assertEquals(log, ["new-account", "new-order", "authz", "order"]);
});

Deno.test("an order that is invalid from its beginning is not proved, asked for again or finalized", async () => {
  const { result, log } = await enroll({
    bend: async (path, right) =>
      path === "/new-order"
        ? Response.json({ ...await right.json(), status: "invalid" }, {
          status: 201,
          headers: right.headers,
        })
        : right,
  });
  assertStringIncludes((result as Failure).message, "The order is invalid");
  assertEquals(log, ["new-account", "new-order"]);
});

Deno.test("a challenge that the server is checking already is waited for, and not answered again", async () => {
  let asked = 0;
  const { result, iteration, log } = await enroll({
    born: "pending",
    bend: async (path, right, origin) => {
      if (!path.startsWith("/authz") || asked++ > 0) return right;
      const challenge = { type: "http-01", url: `${origin}/x`, status: "processing", token: "t" };
      return Response.json({ ...await right.json(), challenges: [challenge] });
    },
    script: (path) =>
      path.startsWith("/authz") && asked > 0
        ? Response.json({ status: "valid", identifier: { type: "dns", value: "a.test" } })
        : path.startsWith("/order")
        ? problem(500, "serverInternal")
        : undefined,
  });
  assertEquals((result as Failure).class, "status_5xx");
  assertEquals(log, ["new-account", "new-order", "authz", "authz", "order"]);
  assertEquals(iteration.observed.filter(({ name }) => name === "poll_wait").length, 1);
});

Deno.test("an authorization that is not checked in time is told without a word of proofs, where nothing is said against them", async () => {
  const { result } = await enroll({
    born: "pending",
    bend: async (path, right) =>
      path.startsWith("/authz")
        ? Response.json({ ...await right.json(), status: "pending" })
        : right,
  }, { poll: { intervalMs: 5, timeoutMs: 50, honourRetryAfter: true } });
  const { class: kind, message } = result as Failure;
  assertEquals([kind, message.includes("proof")], ["timeout", false]);
  assertStringIncludes(message, "Gave up on the authorization /authz/");
});

Deno.test("a new order is answered with 201 (RFC 8555 section 7.4)", async () => {
  const { result } = await enroll({
    bend: async (path, right) =>
      path === "/new-order" ? Response.json(await right.json(), { headers: right.headers }) : right,
  });
  assertEquals((result as Failure).class, "unexpected_status");
});

Deno.test("what an enrollment observes of itself lies within its own time", async () => {
  const { iteration, tookUs } = await enroll({ born: "pending", processing: 1 });
  const names = new Set(iteration.observed.map(({ name }) => name));
  assertEquals(names, new Set(["signing", "poll_wait", "chain_check"]));
  for (const { name, durationUs } of iteration.observed) {
    assert(durationUs >= 0 && durationUs <= tookUs, `${name}: ${durationUs} of ${tookUs}`);
  }
});

Deno.test("an order has the times and the profile that it is to have, and no others", async () => {
  const payloads: unknown[] = [];
  const script: FakeOptions["script"] = (path, { payload }) => {
    if (path === "/new-order") payloads.push(payload);
    return undefined;
  };
  const times = { notBefore: "2026-11-28T08:00:00Z", notAfter: "2026-12-28T08:00:00Z" };
  for (const options of [{}, times, { profile: "short" }]) await enroll({ script }, options);
  const identifiers = [{ type: "dns", value: "a.test" }];
  assertEquals(payloads, [
    { identifiers },
    { identifiers, ...times },
    { identifiers, profile: "short" },
  ]);
});
