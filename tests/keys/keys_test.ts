import {
  calculateJwkThumbprint,
  type FlattenedJWS,
  flattenedVerify,
  importJWK,
  type JWK,
} from "jose";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { Pkcs10CertificateRequest } from "../../src/x509.ts";
import { makeCsr } from "../../src/keys/csr.ts";
import * as der from "../../src/der.ts";
import { externalAccountBinding, POST_AS_GET, signJws } from "../../src/acme/jws.ts";
import { type Algorithm, generateKey } from "../../src/keys/keys.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { readCsr } from "../acme/test_ca.ts";

const ALGORITHMS: readonly Algorithm[] = ["ES256", "ES384", "RS256", "EdDSA"];

for (const alg of ALGORITHMS) {
  Deno.test(`signJws() with ${alg} makes what another JOSE library verifies`, async () => {
    const key = await generateKey(alg);
    const { jwk } = key;
    for (let round = 0; round < 4; round++) {
      const signer = { key, kid: "https://ca.test/account/1" };
      const jws = JSON.parse(await signJws(signer, "https://ca.test/order", '{"a":"ü"}', "n0nce"));
      const { payload, protectedHeader } = await flattenedVerify(jws, await importJWK(jwk, alg));
      assertEquals(new TextDecoder().decode(payload), '{"a":"ü"}');
      assertEquals(protectedHeader as unknown, {
        alg,
        kid: "https://ca.test/account/1",
        nonce: "n0nce",
        url: "https://ca.test/order",
      });
    }
  });

  Deno.test(`a key for ${alg} has the thumbprint of RFC 7638 and a key that others read`, async () => {
    const key = await generateKey(alg);
    const { jwk } = key;
    assertEquals(key.thumbprint, await calculateJwkThumbprint(jwk));
    const fromSpki = createPublicKey({
      key: key.spki as never,
      format: "der",
      type: "spki",
    }).export({ format: "jwk" });
    assertEquals({ ...jwk }, { ...fromSpki } as JWK);
  });
}

for (const alg of ALGORITHMS) {
  Deno.test(`the PKCS #8 of a key for ${alg} is read by others, who find the same public key in it`, async () => {
    const key = await generateKey(alg);
    const der = await key.pkcs8();
    const read = createPrivateKey({ key: der as never, format: "der", type: "pkcs8" });
    assertEquals({ ...createPublicKey(read).export({ format: "jwk" }) } as JWK, { ...key.jwk });
  });
}

Deno.test("signJws() sends the key itself where there is no account, and an empty payload for POST-as-GET", async () => {
  const key = await generateKey("ES256");
  const jws = JSON.parse(await signJws({ key }, "https://ca.test/x", POST_AS_GET, "n"));
  const { payload, protectedHeader } = await flattenedVerify(
    jws,
    await importJWK(key.jwk, "ES256"),
  );
  assertEquals(payload.length, 0);
  assertEquals(protectedHeader?.jwk as unknown, key.jwk);
  assertEquals(protectedHeader?.kid, undefined);
});

Deno.test("signJws() makes a signature that does not hold for another payload", async () => {
  const key = await generateKey("ES256");
  const jws = JSON.parse(await signJws({ key }, "https://ca.test/x", '{"a":1}', "n"));
  await assertRejects(async () =>
    await flattenedVerify(
      { ...jws, payload: "eyJhIjoyfQ" },
      await importJWK(key.jwk, "ES256"),
    )
  );
});

Deno.test("externalAccountBinding() is an HS256 JWS of the account's key", async () => {
  const key = await generateKey("ES256");
  const hmacKey = crypto.getRandomValues(new Uint8Array(32));
  const url = "https://ca.test/new-account";
  const jws = await externalAccountBinding({ kid: "kid-1", hmacKey, url }, key) as FlattenedJWS;
  const { payload, protectedHeader } = await flattenedVerify(jws, hmacKey);
  assertEquals(JSON.parse(new TextDecoder().decode(payload)), key.jwk);
  assertEquals(protectedHeader as unknown, { alg: "HS256", kid: "kid-1", url });
});

for (const alg of ["ES256", "ES384", "RS256"] as const) {
  Deno.test(`makeCsr() with ${alg} has the names, the key and a signature that holds`, async () => {
    const key = await generateKey(alg);
    const names = ["a.example.test", "*.b.example.test"];
    const csr = await makeCsr(key, names);
    assertEquals(readCsr(csr), { spki: key.spki, names });
    const [info, , signature] = der.readElements(der.readElement(csr)!.contents)!;
    const publicKey = createPublicKey({ key: key.spki as never, format: "der", type: "spki" });
    const hash = alg === "ES384" ? "sha384" : "sha256";
    assertEquals(verify(hash, info!.whole, publicKey, signature!.contents.subarray(1)), true);
  });
}

Deno.test("makeCsr() puts a common name into the subject where one is given", async () => {
  const key = await generateKey("ES256");
  const csr = await makeCsr(key, ["a.example.test"], "a.example.test");
  const read = new Pkcs10CertificateRequest(csr as Uint8Array<ArrayBuffer>);
  assertEquals(read.subject, "CN=a.example.test");
  assertEquals(await read.verify(), true);
});
