import { exportJWK } from "jose";
import { openResponder, type Responder } from "../../../src/acme/challenge/responder.ts";
import type { AcmeOptions, ChallengeType } from "../../../src/lab/acme/options.ts";
import * as x509 from "../../../src/x509.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../assert.ts";
import { freePort, type LabClient, withLab } from "../harness.ts";
import { AcmeClient, problemOf, type Reply, request } from "./client.ts";

Deno.test("where accounts are trusted, an order is ready at once and ends in a certificate", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test", "B.test", "*.c.test");
    assertEquals([order.status, order.body.status], [201, "ready"]);
    assertMatch(order.headers.get("location")!, /\/order\/acme-ord-[a-z2-7]{16}$/);
    const names = order.body.identifiers.map(({ value }: { value: string }) => value);
    assertEquals(names, ["a.test", "b.test", "*.c.test"]);
    const authorization = await client.post(order.body.authorizations[2]);
    assertEquals([authorization.body.status, authorization.body.wildcard], ["valid", true]);
    assertEquals(authorization.body.identifier, { type: "dns", value: "c.test" });
    const again = await client.post(order.body.authorizations[2], {});
    assertEquals([again.status, again.body], [200, authorization.body]);
    assertEquals(authorization.body.challenges.length, 1);
    assertEquals(authorization.body.challenges[0].type, "http-01");
    const { leaf, chainPem, keys } = await client.finish(order, names);
    await requireGood(lab, leaf, chainPem, names);
    const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
    assertEquals(new Uint8Array(leaf.publicKey.rawData), new Uint8Array(spki));
  });
});

/** As a client would judge it, with the X.509 library. */
async function requireGood(
  { lab }: LabClient,
  leaf: x509.X509Certificate,
  chainPem: string,
  names: readonly string[],
): Promise<void> {
  const ca = new x509.X509Certificate(lab.addresses.caPem);
  assert(await leaf.verify({ publicKey: ca.publicKey }));
  assert(chainPem.endsWith(lab.addresses.caPem));
  const alternatives = leaf.getExtension(x509.SubjectAlternativeNameExtension)!;
  assertEquals(alternatives.names.items.map(({ value }) => value), [...names]);
  const constraints = leaf.getExtension(x509.BasicConstraintsExtension);
  assertEquals([constraints?.ca, constraints?.critical], [false, true]);
  const usage = leaf.getExtension(x509.KeyUsagesExtension);
  assertEquals([usage?.usages, usage?.critical], [x509.KeyUsageFlags.digitalSignature, true]);
  assertEquals(
    leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
    ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
  );
  const identifier = await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey);
  assertEquals(
    leaf.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    identifier.keyId,
  );
  assert(leaf.notBefore.getTime() <= Date.now() && leaf.notAfter.getTime() > Date.now());
}

Deno.test("account keys may be ES256, ES384, RS256 or EdDSA", async () => {
  await withLab({}, async (lab) => {
    for (const algorithm of ["ES256", "ES384", "RS256", "EdDSA"]) {
      const client = await AcmeClient.register(lab, "prof-test", algorithm);
      const { leaf } = await client.enroll(`${algorithm.toLowerCase()}.test`);
      assertStringIncludes(leaf.subject, algorithm.toLowerCase());
    }
  });
});

Deno.test("certificate keys may be P-256, P-384, RSA 2048 or Ed25519, and others are badCSR", async () => {
  const rsa = (modulusLength: number): unknown => ({
    name: "RSASSA-PKCS1-v1_5",
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  });
  const cases = [
    [{ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, 200],
    [{ name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" }, 200],
    [rsa(2048), 200],
    [{ name: "Ed25519" }, 200],
    [rsa(1024), 400],
  ] as const;
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    for (const [algorithm, status] of cases) {
      const order = await client.newOrder("a.test");
      const { csr } = await request(["a.test"], algorithm);
      const finalized = await client.post(order.body.finalize, { csr });
      assertEquals(finalized.status, status, finalized.text);
      if (status === 400) assertEquals(problemOf(finalized), [400, "badCSR"]);
    }
  });
});

Deno.test("a certificate shows in the API, with its version, and in the metrics", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const { leaf, order, chainPem } = await client.enroll("a.test");
    const id = order.body.certificate.split("/").at(-1);
    const certificate = await (await lab.fetch(`/api/v1/certificates/${id}`)).json();
    assertEquals([certificate.status, certificate.source], ["Active", "ACME"]);
    assertEquals([certificate.common_name, certificate.sans], ["a.test", ["a.test"]]);
    const versions = await (await lab.fetch(`/api/v1/certificates/${id}/versions`)).json();
    assertEquals(versions.total, 1);
    const [version] = versions.data;
    assertEquals([version.serial_number, version.pem_chain], [leaf.serialNumber, chainPem]);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", leaf.rawData));
    assertEquals(version.fingerprint_sha256, digest.toHex());
    assertEquals([version.key_algorithm, version.key_size], ["ECDSA", 256]);
    const metrics = await (await lab.fetch(lab.lab.addresses.metrics)).text();
    assertMatch(
      metrics,
      /^certctl_issuance_total\{issuer_type="GenericCA",outcome="success"\} 1$/m,
    );
    assertMatch(metrics, /^certctl_acme_finalize_order_total 1$/m);
    assertMatch(metrics, /^certctl_acme_gc_runs_total 0$/m);
  });
});

Deno.test("a common name in the request counts as a name, and a wrong one is badCSR", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const alg = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = await crypto.subtle.generateKey(alg, true, ["sign", "verify"]) as CryptoKeyPair;
    for (const [name, status] of [["CN=A.test", 200], ["CN=b.test", 400]] as const) {
      const csr = await x509.Pkcs10CertificateRequestGenerator.create({
        name,
        keys,
        signingAlgorithm: alg,
      });
      const order = await client.newOrder("a.test");
      const text = new Uint8Array(csr.rawData).toBase64({
        alphabet: "base64url",
        omitPadding: true,
      });
      assertEquals((await client.post(order.body.finalize, { csr: text })).status, status);
    }
  });
});

Deno.test("a request for other names than the order's, or none at all, is badCSR, and may be mended", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test", "b.test");
    const missing = await request(["a.test"]);
    const more = await request(["a.test", "b.test", "c.test"]);
    for (const csr of [missing.csr, more.csr, "MAA", "!", "", 7, undefined]) {
      assertEquals(problemOf(await client.post(order.body.finalize, { csr })), [400, "badCSR"]);
    }
    const { leaf } = await client.finish(order, ["b.test", "a.test"]);
    assertEquals(leaf.subject, "CN=a.test");
  });
});

Deno.test("a request for the account's own key is badCSR", async () => {
  await withLab({}, async (lab) => {
    const { csr, keys } = await request(["a.test"]);
    const { privateKey, publicKey } = keys;
    const jwk = await exportJWK(publicKey);
    const client = new AcmeClient(lab, { algorithm: "ES256", privateKey, jwk });
    await client.newAccount();
    const order = await client.newOrder("a.test");
    assertEquals(problemOf(await client.post(order.body.finalize, { csr })), [400, "badCSR"]);
    await client.finish(order, ["a.test"]);
  });
});

Deno.test("of two finalizations at once, one makes a certificate", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    const replies = await Promise.all([1, 2, 3].map(async () => {
      const { csr } = await request(["a.test"]);
      return await client.post(order.body.finalize, { csr });
    }));
    assertEquals(replies.map(({ status }) => status).sort(), [200, 403, 403]);
  });
});

Deno.test("a request whose signature does not verify is badCSR", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    const { csr } = await request(["a.test"]);
    const bytes = Uint8Array.fromBase64(csr, { alphabet: "base64url" });
    bytes[bytes.length - 1]! ^= 1;
    const broken = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const reply = await client.post(order.body.finalize, { csr: broken });
    assertEquals(problemOf(reply), [400, "badCSR"]);
    assertStringIncludes(reply.body.detail, "signature");
  });
});

Deno.test("an order is finalized once, and not before it is ready", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    await client.finish(order, ["a.test"]);
    const { csr } = await request(["a.test"]);
    const again = await client.post(order.body.finalize, { csr });
    assertEquals(problemOf(again), [403, "orderNotReady"]);
    const challenged = await AcmeClient.register(lab, "prof-challenge");
    const pending = await challenged.newOrder("a.test");
    const early = await challenged.post(pending.body.finalize, { csr });
    assertEquals(problemOf(early), [403, "orderNotReady"]);
  });
});

Deno.test("many enrollments at once all succeed, with certificates of their own", async () => {
  await withLab({}, async (lab) => {
    const clients = await Promise.all([1, 2, 3].map(() => AcmeClient.register(lab)));
    const leaves = await Promise.all(
      clients.flatMap((client, index) =>
        [1, 2, 3].map(async (number) => (await client.enroll(`${index}-${number}.test`)).leaf)
      ),
    );
    assertEquals(new Set(leaves.map(({ serialNumber }) => serialNumber)).size, 9);
  });
});

/** A challenge's responder on a free port, and a lab that asks it. */
async function withResponder(
  type: ChallengeType,
  test: (lab: LabClient, responder: Responder) => Promise<void>,
): Promise<void> {
  const { port, responder } = await openOnFreePort(type);
  const options: Record<ChallengeType, AcmeOptions> = {
    "http-01": { http01Port: port },
    "tls-alpn-01": { tlsAlpn01Port: port },
    "dns-01": { dns01Resolver: `127.0.0.1:${port}` },
  };
  try {
    await withLab({ acme: options[type] }, (lab) => test(lab, responder));
  } finally {
    await responder.close();
  }
}

/** A port that was free may be taken by the time it is listened on; then another is tried. */
async function openOnFreePort(
  type: ChallengeType,
): Promise<{ readonly port: number; readonly responder: Responder }> {
  for (let tries = 1;; tries++) {
    const port = await freePort(type === "dns-01" ? "udp" : "tcp");
    const options = { type, listen: `127.0.0.1:${port}`, dnsAnswer: "127.0.0.1" };
    const responder = await openResponder(options, { index: 0, count: 1 });
    if ("put" in responder) return { port, responder };
    if (tries === 20) throw new Error(responder.message);
  }
}

/** Responds to the challenge of an authorization, and waits until it is decided. */
async function prove(
  client: AcmeClient,
  url: string,
  type: ChallengeType,
  responder?: Responder,
  keyAuthorization?: string,
): Promise<Reply> {
  const { body } = await client.post(url);
  const challenge = body.challenges.find((each: { type: string }) => each.type === type);
  await responder?.put({
    type,
    name: body.identifier.value,
    token: challenge.token,
    keyAuthorization: keyAuthorization ?? `${challenge.token}.${await client.thumbprint()}`,
  });
  const response = await client.post(challenge.url, {});
  assertEquals([response.status, response.body.status], [200, "processing"], response.text);
  assertStringIncludes(response.headers.get("link")!, `<${url}>;rel="up"`);
  for (let tries = 0; tries < 500; tries++) {
    const authorization = await client.post(url);
    if (authorization.body.status !== "pending") return authorization;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("the challenge was never decided");
}

for (const type of ["http-01", "tls-alpn-01", "dns-01"] as const) {
  Deno.test(`${type} proves a name, and the order becomes ready when all are proved`, async () => {
    await withResponder(type, async (lab, responder) => {
      const client = await AcmeClient.register(lab, "prof-challenge");
      const order = await client.newOrder("a.test", "b.test");
      assertEquals([order.status, order.body.status], [201, "pending"]);
      const url = order.headers.get("location")!;
      const first = await prove(client, order.body.authorizations[0], type, responder);
      assertEquals(first.body.status, "valid", first.text);
      assertEquals(first.body.challenges.length, 1);
      assertMatch(first.body.challenges[0].validated, /^20/);
      assertEquals((await client.post(url)).body.status, "pending");
      await prove(client, order.body.authorizations[1], type, responder);
      assertEquals((await client.post(url)).body.status, "ready");
      const { leaf, chainPem } = await client.finish(order, ["a.test", "b.test"]);
      await requireGood(lab, leaf, chainPem, ["a.test", "b.test"]);
    });
  });

  Deno.test(`${type} with a wrong proof makes the authorization and the order invalid`, async () => {
    await withResponder(type, async (lab, responder) => {
      const client = await AcmeClient.register(lab, "prof-challenge");
      const order = await client.newOrder("a.test");
      const [url] = order.body.authorizations;
      const authorization = await prove(client, url, type, responder, "wrong.proof");
      assertEquals(authorization.body.status, "invalid");
      const { error } = authorization.body.challenges[0];
      assertEquals(error.type, "urn:ietf:params:acme:error:incorrectResponse", error.detail);
      const failed = await client.post(order.headers.get("location")!);
      assertEquals([failed.body.status, failed.body.error], ["invalid", error]);
    });
  });
}

for (const [type, problem] of [["http-01", "connection"], ["tls-alpn-01", "tls"]] as const) {
  Deno.test(`${type} that nobody answers fails as ${problem}`, async () => {
    const port = await freePort();
    await withLab({ acme: { http01Port: port, tlsAlpn01Port: port } }, async (lab) => {
      const client = await AcmeClient.register(lab, "prof-challenge");
      const order = await client.newOrder("a.test");
      const authorization = await prove(client, order.body.authorizations[0], type);
      assertEquals(authorization.body.status, "invalid");
      const { error } = authorization.body.challenges[0];
      assertEquals(error.type, `urn:ietf:params:acme:error:${problem}`, error.detail);
    });
  });
}

Deno.test("a wildcard is offered dns-01 alone, and proved by it", async () => {
  await withResponder("dns-01", async (lab, responder) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("*.a.test");
    const [url] = order.body.authorizations;
    const { body } = await client.post(url);
    assertEquals(body.challenges.map(({ type }: { type: string }) => type), ["dns-01"]);
    assertEquals((await prove(client, url, "dns-01", responder)).body.status, "valid");
    await client.finish(order, ["*.a.test"]);
  });
});

Deno.test("a second response to a challenge shows what became of the first", async () => {
  await withResponder("http-01", async (lab, responder) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("a.test");
    const { body } = await prove(client, order.body.authorizations[0], "http-01", responder);
    const again = await client.post(body.challenges[0].url, {});
    assertEquals([again.status, again.body.status], [200, "valid"]);
  });
});

Deno.test("an answer that is wanted later has a Retry-After when one is set", async () => {
  await withLab({ acme: { retryAfterSeconds: 3 } }, async (lab) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("a.test");
    const authorization = await client.post(order.body.authorizations[0]);
    assertEquals(authorization.headers.get("retry-after"), "3");
  });
});

Deno.test("as shipped, finalize is 500 without a nonce, and the order stays processing", async () => {
  await withLab({ acme: { asShipped: true } }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    assertEquals(order.headers.has("link"), false);
    const { csr } = await request(["a.test"]);
    const failed = await client.post(order.body.finalize, { csr });
    assertEquals(problemOf(failed), [500, "serverInternal"]);
    assertEquals(failed.headers.has("replay-nonce"), false);
    const url = order.headers.get("location")!;
    assertEquals((await client.post(url)).body.status, "processing");
  });
});

Deno.test("a certificate is given to the account that ordered it, and to no other", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    await client.finish(order, ["a.test"]);
    const { body: { certificate } } = await client.post(order.headers.get("location")!);
    assertEquals((await client.post(certificate)).status, 200);
    const other = await AcmeClient.register(lab);
    assertEquals(problemOf(await other.post(certificate)), [401, "unauthorized"]);
  });
});
