import { FlattenedSign, type JWK } from "jose";
import { assert, assertEquals, assertNotEquals } from "../../assert.ts";
import { withLab } from "../harness.ts";
import { AcmeClient, type Key, newKey, problemOf } from "./client.ts";

Deno.test("a new account is 201 with its URL, and the same key finds it again with 200", async () => {
  await withLab({}, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const contact = ["mailto:a@example.com"];
    const first = await client.newAccount({ contact });
    assertEquals(first.status, 201);
    const location = first.headers.get("location")!;
    assertEquals(first.body, { status: "valid", contact, orders: `${location}/orders` });
    const again = await client.newAccount({ contact: ["mailto:other@example.com"] });
    assertEquals([again.status, again.headers.get("location")], [200, location]);
    assertEquals(again.body, first.body);
  });
});

Deno.test("a key has an account of its own in each profile", async () => {
  await withLab({}, async (lab) => {
    const key = await newKey();
    const replies = await Promise.all(
      ["prof-test", "prof-challenge"].map((name) => new AcmeClient(lab, key, name).newAccount()),
    );
    assertEquals(replies.map(({ status }) => status), [201, 201]);
  });
});

Deno.test("many new accounts with one key at once make one account", async () => {
  await withLab({}, async (lab) => {
    const key = await newKey();
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => new AcmeClient(lab, key).newAccount()),
    );
    assertEquals(replies.filter(({ status }) => status === 201).length, 1);
    assertEquals(new Set(replies.map(({ headers }) => headers.get("location"))).size, 1);
  });
});

Deno.test("onlyReturnExisting makes no account", async () => {
  await withLab({}, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const reply = await client.newAccount({ onlyReturnExisting: true });
    assertEquals(problemOf(reply), [400, "accountDoesNotExist"]);
    await client.newAccount();
    assertEquals((await client.newAccount({ onlyReturnExisting: true })).status, 200);
  });
});

Deno.test("terms have to be agreed to where there are some", async () => {
  const termsOfService = "https://example.com/terms";
  await withLab({ acme: { termsOfService } }, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const directory = await (await lab.fetch(`${client.base}/directory`)).json();
    assertEquals(directory.meta, { termsOfService });
    const reply = await client.newAccount({});
    assertEquals(problemOf(reply), [403, "userActionRequired"]);
    assert(reply.headers.get("link")!.includes(`<${termsOfService}>;rel="terms-of-service"`));
    assertEquals((await client.newAccount({ termsOfServiceAgreed: true })).status, 201);
  });
});

Deno.test("contacts are mailto: URLs with one address", async () => {
  await withLab({}, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const cases = [
      [["tel:+123"], "unsupportedContact"],
      [["mailto:a@b.c,d@e.f"], "invalidContact"],
      [["mailto:a@b.c?subject=x"], "invalidContact"],
      [["mailto:nobody"], "invalidContact"],
      ["mailto:a@b.c", "malformed"],
    ] as const;
    for (const [contact, type] of cases) {
      assertEquals(problemOf(await client.newAccount({ contact })), [400, type]);
    }
  });
});

Deno.test("an account is read, updated and deactivated, by itself only", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = await AcmeClient.register(lab);
    const read = await client.post(client.kid!);
    assertEquals([read.status, read.body.contact], [200, undefined]);
    const updated = await client.post(client.kid!, { contact: ["mailto:a@b.c"] });
    assertEquals(updated.body.contact, ["mailto:a@b.c"]);
    assertEquals((await client.post(client.kid!, {})).body.contact, ["mailto:a@b.c"]);
    assertEquals(problemOf(await other.post(client.kid!)), [401, "unauthorized"]);
    const wrong = await client.post(client.kid!, { status: "revoked" });
    assertEquals(problemOf(wrong), [400, "malformed"]);
    const deactivated = await client.post(client.kid!, { status: "deactivated" });
    assertEquals([deactivated.status, deactivated.body.status], [200, "deactivated"]);
    assertEquals(problemOf(await client.newOrder("a.test")), [401, "unauthorized"]);
    assertEquals(problemOf(await client.newAccount()), [401, "unauthorized"]);
    assertEquals((await other.post(other.kid!)).status, 200);
  });
});

Deno.test("the orders of an account are those that are not invalid", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const orders = [await client.newOrder("a.test"), await client.newOrder("b.test")];
    await client.post(orders[0]!.body.authorizations[0], { status: "deactivated" });
    const list = await client.post(`${client.kid}/orders`);
    assertEquals(list.body, { orders: [orders[1]!.headers.get("location")] });
    const other = await AcmeClient.register(lab);
    assertEquals(problemOf(await other.post(`${client.kid}/orders`)), [401, "unauthorized"]);
  });
});

const SECRET = new Uint8Array(32).fill(7);
const EAB_KEYS = { "kid-1": SECRET.toBase64({ alphabet: "base64url", omitPadding: true }) };

async function binding(
  client: AcmeClient,
  { kid = "kid-1", jwk = client.key.jwk, secret = SECRET, header = {} }: {
    kid?: string;
    jwk?: JWK;
    secret?: Uint8Array;
    header?: Record<string, unknown>;
  } = {},
): Promise<unknown> {
  const url = `${client.base}/new-account`;
  return await new FlattenedSign(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: "HS256", kid, url, ...header }).sign(secret);
}

Deno.test("where an external account is required, one that fits is taken", async () => {
  await withLab({ acme: { eabRequired: true, eabKeys: EAB_KEYS } }, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const directory = await (await lab.fetch(`${client.base}/directory`)).json();
    assertEquals(directory.meta, { externalAccountRequired: true });
    assertEquals(problemOf(await client.newAccount({})), [403, "externalAccountRequired"]);
    const externalAccountBinding = await binding(client);
    assertEquals((await client.newAccount({ externalAccountBinding })).status, 201);
  });
});

Deno.test("an external account binding that does not fit is refused", async () => {
  await withLab({ acme: { eabRequired: true, eabKeys: EAB_KEYS } }, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const cases = [
      [await binding(client, { kid: "kid-2" }), 401, "unauthorized"],
      [await binding(client, { kid: "toString" }), 401, "unauthorized"],
      [await binding(client, { secret: new Uint8Array(32) }), 401, "unauthorized"],
      [await binding(client, { jwk: (await newKey()).jwk }), 400, "malformed"],
      [await binding(client, { header: { nonce: "x" } }), 400, "malformed"],
      [await binding(client, { header: { url: "https://x" } }), 400, "malformed"],
      [await binding(client, { header: { alg: "HS512" }, secret: new Uint8Array(64) }), 400, ""],
      [{}, 400, "malformed"],
      ["x", 400, "malformed"],
    ] as const;
    for (const [externalAccountBinding, status, type] of cases) {
      const problem = problemOf(await client.newAccount({ externalAccountBinding }));
      assertEquals(problem, [status, type || "badSignatureAlgorithm"]);
    }
  });
});

async function keyChange(
  client: AcmeClient,
  next: Key,
  { header = {}, payload = {}, signer = next }: {
    header?: Record<string, unknown>;
    payload?: Record<string, unknown>;
    signer?: Key;
  } = {},
): Promise<unknown> {
  const content = { account: client.kid, oldKey: client.key.jwk, ...payload };
  const url = `${client.base}/key-change`;
  return await new FlattenedSign(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: next.algorithm, jwk: next.jwk, url, ...header })
    .sign(signer.privateKey);
}

Deno.test("a key is changed: the account stays, the new key is in force, the old one is not", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const { kid, key: old } = client;
    const next = await newKey("EdDSA");
    const changed = await client.post("/key-change", await keyChange(client, next));
    assertEquals([changed.status, changed.body.status], [200, "valid"], changed.text);
    assertEquals(problemOf(await client.post(kid!)), [401, "unauthorized"]);
    client.key = next;
    assertEquals((await client.post(kid!)).status, 200);
    assertEquals((await client.newAccount()).headers.get("location"), kid);
    const freed = new AcmeClient(lab, old);
    assertEquals((await freed.newAccount()).status, 201);
    assertNotEquals(freed.kid, kid);
  });
});

Deno.test("a key change that is not proved is refused", async () => {
  await withLab({ acme: { keyChangesPerHour: 0 } }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const next = await newKey();
    const other = await newKey();
    const cases = [
      [await keyChange(client, next, { signer: other }), 401],
      [await keyChange(client, next, { payload: { oldKey: other.jwk } }), 401],
      [await keyChange(client, next, { payload: { account: `${client.kid}x` } }), 400],
      [await keyChange(client, next, { header: { url: `${client.base}/new-order` } }), 400],
      [await keyChange(client, next, { header: { nonce: "x" } }), 400],
      [await keyChange(client, next, { payload: { oldKey: undefined } }), 400],
      [{}, 400],
    ] as const;
    for (const [inner, status] of cases) {
      assertEquals((await client.post("/key-change", inner)).status, status);
    }
    assertEquals((await client.post(client.kid!)).status, 200);
  });
});

Deno.test("a key that another account has is a conflict, and its account is named", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = await AcmeClient.register(lab);
    const reply = await client.post("/key-change", await keyChange(client, other.key));
    assertEquals([reply.status, reply.headers.get("location")], [409, other.kid]);
  });
});

Deno.test("of two key changes at once, one wins", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const replies = await Promise.all(
      [1, 2].map(async () =>
        await client.post("/key-change", await keyChange(client, await newKey()))
      ),
    );
    const statuses = replies.map(({ status }) => status).sort();
    assertEquals(statuses[0], 200);
    assert([401, 409].includes(statuses[1]!), String(statuses));
  });
});
