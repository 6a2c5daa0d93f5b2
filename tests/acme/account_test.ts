import { compactVerify, flattenedVerify, importJWK } from "jose";
import { type Account, register, type Registration } from "../../src/acme/account.ts";
import { changeKey } from "../../src/acme/key_change.ts";
import { decodeBase64url } from "../../src/keys/base64url.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type FakeOptions, problem, type SignedRequest } from "./fake_acme.ts";
import { type Connected, withClient } from "./with_client.ts";

const PLAIN: Registration = { contact: [], agreeToTerms: true };

interface Registered {
  readonly account: Account | Failure;
  readonly asked: SignedRequest;
}

async function registered(
  registration: Partial<Registration> = {},
  fake: FakeOptions = {},
  use: (connected: Connected, account: Account) => Promise<void> = async () => {},
): Promise<Registered> {
  let asked: SignedRequest | undefined;
  let account: Account | Failure | undefined;
  await withClient(async (connected) => {
    const { client, sender } = connected;
    const key = await generateKey("ES256");
    account = await register(client, sender, key, { ...PLAIN, ...registration });
    if (!isFailure(account)) await use(connected, account);
  }, {
    ...fake,
    script: (path, request) => {
      if (path === "/new-account") asked = request;
      return fake.script?.(path, request);
    },
  });
  return { account: account!, asked: asked! };
}

const failureOf = async (fake: FakeOptions, registration?: Partial<Registration>) =>
  (await registered(registration, fake)).account as Failure;

const answering = (body: unknown, status = 201, headers?: HeadersInit): FakeOptions => ({
  script: (path) =>
    path === "/new-account"
      ? Response.json(body, { status, ...(headers && { headers }) })
      : undefined,
});

Deno.test("a registration says no more than it has: agreement, contacts, neither", async () => {
  const payload = async (registration: Partial<Registration>) =>
    (await registered(registration)).asked.payload;
  assertEquals(await payload({}), { termsOfServiceAgreed: true });
  assertEquals(await payload({ agreeToTerms: false }), {});
  const contact = ["mailto:pki@example.test"];
  assertEquals(await payload({ contact }), { termsOfServiceAgreed: true, contact });
});

Deno.test("an account is bound to one outside by its key in HS256, under the binding's name (RFC 8555 section 7.3.4)", async () => {
  const hmacKey = crypto.getRandomValues(new Uint8Array(32));
  const { account, asked } = await registered({ eab: { kid: "kid-1", hmacKey } });
  assert(!isFailure(account));
  const binding = asked.payload!.externalAccountBinding as Parameters<typeof flattenedVerify>[0];
  const { payload, protectedHeader } = await flattenedVerify(binding, hmacKey);
  assertEquals(protectedHeader, { alg: "HS256", kid: "kid-1", url: asked.protected.url });
  assertEquals(JSON.parse(new TextDecoder().decode(payload)), account.key.jwk);
});

Deno.test("an account that the server had already is one", async () => {
  const location = "https://ca.test/account/1";
  const { account } = await registered({}, answering({ status: "valid" }, 200, { location }));
  assert(!isFailure(account));
  assertEquals([account.url, account.signer.kid], [location, location]);
  assertEquals((await failureOf(answering({ status: "valid" }, 202))).class, "unexpected_status");
});

Deno.test("an account that is not valid, has no status or no place is told as that", async () => {
  const said = async (body: unknown): Promise<string> => {
    const failure = await failureOf(answering(body));
    assertEquals(failure.class, "unexpected_body");
    return failure.message;
  };
  assertEquals(await said({ status: "deactivated" }), "The new account is deactivated");
  assertEquals(
    await said({ status: 7 }),
    `The answer is no account with a status: ${JSON.stringify('{"status":7}')}`,
  );
  assertStringIncludes(await said({ status: "valid" }), "The new account has no Location");
});

Deno.test("advice comes with refusals alone: a server that breaks says nothing of terms or bindings", async () => {
  const refuse = (status: number, type: string): FakeOptions => ({
    script: (path) => path === "/new-account" ? problem(status, type) : undefined,
  });
  const eab = { kid: "kid-1", hmacKey: new Uint8Array(32) };
  const broken = await failureOf(refuse(500, "serverInternal"), { eab });
  assertEquals(broken.class, "status_5xx");
  assert(broken.message.endsWith("serverInternal: no"), broken.message);
  // Who has agreed is not told to.
  const agreed = await failureOf(refuse(403, "userActionRequired"));
  assert(agreed.message.endsWith("userActionRequired: no"), agreed.message);
});

Deno.test("a key is changed by a JWS of the new one, without nonce, in a request of the old one (RFC 8555 section 7.3.5)", async () => {
  let outer: SignedRequest | undefined;
  await registered({}, {
    script: (path, request) => {
      if (path === "/key-change") outer = request;
      return undefined;
    },
  }, async ({ client, sender }, account) => {
    const key = await generateKey("ES256");
    const changed = await changeKey(client, sender, account, key);
    assert(!isFailure(changed));
    assertEquals([changed.url, changed.key, changed.signer], [account.url, key, {
      key,
      kid: account.url,
    }]);
    assertEquals(outer!.protected.kid, account.url);
    const { protected: header, payload, signature } = outer!.payload as Record<string, string>;
    await compactVerify(`${header}.${payload}.${signature}`, await importJWK(key.jwk, "ES256"));
    const read = (text: string | undefined) =>
      JSON.parse(new TextDecoder().decode(decodeBase64url(text!)));
    assertEquals(read(header), { alg: "ES256", jwk: key.jwk, url: client.directory.keyChange });
    assertEquals(read(payload), { account: account.url, oldKey: account.key.jwk });
    // The next request is the new key's.
    const url = account.url;
    const status = (exchange: { readonly status: number }) => exchange.status;
    const asked = await client.read(sender, {
      step: "x",
      signer: changed.signer,
      url,
      read: status,
    });
    assertEquals(isFailure(asked) ? asked : asked.value, 200);
  });
});

Deno.test("a key whose change is refused stays", async () => {
  const script = (path: string) => path === "/key-change" ? problem(409, "malformed") : undefined;
  await registered({}, { script }, async ({ client, sender }, account) => {
    const changed = await changeKey(client, sender, account, await generateKey("ES256"));
    assertEquals(isFailure(changed) && changed.class, "status_4xx");
  });
});
