import { Accounts } from "../../src/acme/accounts.ts";
import { isFailure } from "../../src/http/failure.ts";
import { AcmeClient } from "../../src/acme/client.ts";
import type { Algorithm } from "../../src/keys/keys.ts";
import { type Sender, unmeasured } from "../../src/http/step.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFakeAcme } from "./fake_acme.ts";
import { contextFor, fetchClient } from "./harness.ts";

async function withClient(
  test: (client: AcmeClient, sender: Sender) => Promise<void>,
): Promise<void> {
  await withFakeAcme({}, async ({ directory }) => {
    const http = fetchClient();
    const context = contextFor(http);
    const sender = unmeasured(context);
    const url = new URL(directory);
    const client = await AcmeClient.open(sender, { url, headers: {}, clock: context.clock });
    assert(!isFailure(client));
    await test(client, sender);
    http.close();
  });
}

function accountsOf(accounts: number | "per_flow", alg: Algorithm): Accounts {
  return new Accounts({ accounts, alg, registration: { contact: [], agreeToTerms: true } });
}

const alone = { index: 0, count: 1 };

Deno.test("RSA keys of new accounts are made before the clock starts", async () => {
  await withClient(async (client, sender) => {
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
  await withClient(async (client, sender) => {
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
  await withClient(async (client, sender) => {
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
