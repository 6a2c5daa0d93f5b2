import { z } from "zod";
import { Session, sessionOptions } from "../../src/acme/session.ts";
import { isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals } from "../assert.ts";
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { type FakeOptions, withFakeAcme } from "./fake_acme.ts";
import { contextFor, createFlow, fetchClient, TestIteration } from "./harness.ts";

async function prepared(
  iterations: number,
  options: Record<string, unknown> = {},
  fake: FakeOptions = {},
): Promise<string[]> {
  let asked: string[] = [];
  await withFakeAcme(fake, async ({ directory, log }) => {
    const client = fetchClient();
    const parsed = z.strictObject(sessionOptions).parse({ directory, ...options });
    const session = await Session.open({ ...contextFor(client), options: parsed }, 1);
    assert(!isFailure(session));
    assertEquals(await session.prepare(iterations), undefined);
    client.close();
    asked = [...log];
  });
  return asked;
}

const heads = (log: readonly string[]): number =>
  log.filter((line) => line === "HEAD /new-nonce").length;

Deno.test("before the clock there are accounts and sixteen nonces, or as many as arrivals come", async () => {
  // The account's answer brought one.
  assertEquals(heads(await prepared(100)), 15);
  assertEquals(heads(await prepared(3)), 2);
  assertEquals(await prepared(1), ["GET /directory", "POST /new-account"]);
});

Deno.test("a server that requires a binding is given it", async () => {
  let bound: unknown;
  await prepared(1, { eab: { kid: "kid-1", hmac_key: "c2VjcmV0" } }, {
    meta: { externalAccountRequired: true, termsOfService: "https://ca.test/terms" },
    script: (path, { payload }) => {
      if (path === "/new-account") bound = payload?.externalAccountBinding;
      return undefined;
    },
  });
  assertEquals(typeof bound, "object");
});

/** Distinct keys of the certificates of so many enrollments. */
async function keysOf(enrollments: number, options: Record<string, unknown>): Promise<number> {
  const spkis = new Set<string>();
  const client = fetchClient();
  await withFakeAcme({
    chain: (spki) => {
      spkis.add(spki.toHex());
      return Promise.resolve("no chain");
    },
  }, async ({ directory }) => {
    const flow = await createFlow(acmeEnroll, { directory, accounts: 1, ...options }, { client });
    assertEquals(await flow.prepare?.(enrollments), undefined);
    for (let n = 0; n < enrollments; n++) await flow.run(new TestIteration(client, n));
    await flow.close?.();
  });
  client.close();
  return spkis.size;
}

Deno.test("certificates have a key each, of RSA eight in turn, or as many as the plan says", async () => {
  assertEquals(await keysOf(10, {}), 10);
  assertEquals(await keysOf(10, { certificate_keys: 3 }), 3);
  assertEquals(await keysOf(10, { certificate_key: "rsa-2048" }), 8);
  assertEquals(await keysOf(3, { certificate_key: "rsa-2048", certificate_keys: "per_order" }), 3);
});

Deno.test("a plan's profile that a server without profiles cannot have is told before any load", async () => {
  const client = fetchClient();
  await withFakeAcme({}, async ({ directory }) => {
    const flow = await createFlow(acmeEnroll, { directory, profile: "short" }, { client });
    const failure = await flow.prepare?.(1);
    assertEquals(failure?.class, "client");
    assertEquals(failure!.message.includes("its directory names no profiles at all"), true);
  });
  client.close();
});

Deno.test("a certificate is asked for from one instant to another", async () => {
  const client = fetchClient();
  let payload: Record<string, unknown> | undefined;
  await withFakeAcme({
    script: (path, request) => {
      if (path === "/new-order") payload = request.payload;
      return undefined;
    },
  }, async ({ directory }) => {
    const times = { not_before: "2026-11-28T08:00:00Z", not_after: "+1h" };
    const flow = await createFlow(acmeEnroll, { directory, accounts: 1, ...times }, { client });
    const fromMs = Date.now();
    assertEquals(await flow.prepare?.(1), undefined);
    await flow.run(new TestIteration(client));
    await flow.close?.();
    assertEquals(payload?.notBefore, "2026-11-28T08:00:00Z");
    const inMs = Date.parse(String(payload?.notAfter)) - fromMs;
    assert(inMs > 3_598_000 && inMs < 3_600_000 + (Date.now() - fromMs), `${inMs}`);
  });
  client.close();
});
