import { Accounts } from "../../src/acme/accounts.ts";
import { isFailure } from "../../src/http/failure.ts";
import type { Algorithm } from "../../src/keys/keys.ts";
import { assert, assertEquals } from "../assert.ts";
import { type FakeOptions, problem } from "./fake_acme.ts";
import { withClient } from "./with_client.ts";

function accountsOf(accounts: number | "per_flow", alg: Algorithm): Accounts {
  return new Accounts({ accounts, alg, registration: { contact: [], agreeToTerms: true } });
}

const alone = { index: 0, count: 1 };

Deno.test("RSA keys of new accounts are made before the clock starts", async () => {
  await withClient(async ({ client, sender }) => {
    const accounts = accountsOf("per_flow", "RS256");
    await accounts.prepare(client, sender, alone, 2);
    const { generateKey } = crypto.subtle;
    let made = 0;
    crypto.subtle.generateKey = ((...given: Parameters<typeof generateKey>) => {
      made++;
      return generateKey.apply(crypto.subtle, given);
    }) as typeof generateKey;
    try {
      const taken = [];
      for (let flow = 0; flow < 3; flow++) taken.push(await accounts.take(client, sender));
      assertEquals(taken.filter(isFailure), []);
    } finally {
      crypto.subtle.generateKey = generateKey;
    }
    assertEquals(made, 1); // for the arrival beyond those that were planned
  });
});

Deno.test("a pool's accounts are taken in turn, shared out among the workers", async () => {
  await withClient(async ({ client, sender }) => {
    const accounts = accountsOf(5, "ES256");
    await accounts.prepare(client, sender, { index: 0, count: 2 }, 100);
    const urls: string[] = [];
    for (let flow = 0; flow < 6; flow++) {
      const account = await accounts.take(client, sender);
      assert(!isFailure(account));
      urls.push(account.url);
    }
    assertEquals(urls.slice(3), urls.slice(0, 3));
    assertEquals(new Set(urls).size, 3);
  });
});

Deno.test("a lent account is nobody else's until it is given back", async () => {
  await withClient(async ({ client, sender }) => {
    const accounts = accountsOf(1, "ES256");
    await accounts.prepare(client, sender, alone, 10);
    const first = await accounts.borrow(client, sender);
    const second = await accounts.borrow(client, sender);
    assert(!isFailure(first) && !isFailure(second));
    assert(first.url !== second.url);
    accounts.giveBack(first);
    assertEquals(await accounts.borrow(client, sender), first);
  });
});

Deno.test("a pool has no more accounts than there are iterations, and each worker one at least", async () => {
  await withClient(async ({ client, sender, log }) => {
    const registered = (): number => log.filter((line) => line === "POST /new-account").length;
    await accountsOf(5, "ES256").prepare(client, sender, alone, 3);
    assertEquals(registered(), 3);
    await accountsOf(1, "ES256").prepare(client, sender, { index: 1, count: 2 }, 10);
    assertEquals(registered(), 4);
  });
});

Deno.test("nothing is registered once the run is interrupted", async () => {
  await withClient(async ({ client, sender, log }) => {
    const interrupted = { ...sender, signal: AbortSignal.abort() };
    const accounts = accountsOf(5, "ES256");
    assertEquals(await accounts.prepare(client, interrupted, alone, 5), undefined);
    assertEquals(log.includes("POST /new-account"), false);
    await accountsOf("per_flow", "RS256").prepare(client, interrupted, alone, 1_000_000);
  });
});

Deno.test("a server that refuses an account ends the making of the pool", async () => {
  await withClient(async ({ client, sender, log }) => {
    const failure = await accountsOf(5, "ES256").prepare(client, sender, alone, 5);
    assertEquals(failure?.class, "status_4xx");
    assertEquals(log.filter((line) => line === "POST /new-account").length, 2);
  }, { script: refusesTheSecond() });
});

function refusesTheSecond(): FakeOptions["script"] {
  let asked = 0;
  return (path) =>
    path === "/new-account" && asked++ > 0 ? problem(403, "unauthorized") : undefined;
}

Deno.test("a hundred RSA keys are made beforehand at most, the others when they are needed", async () => {
  await withClient(async ({ client, sender }) => {
    const { generateKey } = crypto.subtle;
    const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048 };
    const algorithm = { ...rsa, publicExponent: E };
    const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    let made = 0;
    const same: unknown = () => {
      made++;
      return Promise.resolve(pair);
    };
    crypto.subtle.generateKey = same as typeof generateKey;
    try {
      await accountsOf("per_flow", "RS256").prepare(client, sender, alone, 500);
    } finally {
      crypto.subtle.generateKey = generateKey;
    }
    assertEquals(made, 100);
  });
});

/** 65537. */
const E = Uint8Array.of(1, 0, 1);
