import fc from "fast-check";
import { element, explicit, integer, oid, sequence, set } from "../../../src/der.ts";
import { type Algorithm, generateKey } from "../../../src/keys/keys.ts";
import { signed, subjectAltName } from "../../../src/keys/x509.ts";
import { parseCertificateRequest } from "../../../src/lab/acme/csr.ts";
import { Problem } from "../../../src/lab/acme/problem.ts";
import { extensionsOf, serialOf } from "../../../src/lab/acme/x509_reader.ts";
import { assert, assertEquals } from "../../assert.ts";
import { request } from "./client.ts";

Deno.test("no octets make the request parser fail but with a problem", async () => {
  const { csr } = await request(["a.test"]);
  const good = Uint8Array.fromBase64(csr, { alphabet: "base64url" });
  assertEquals([...(await parseCertificateRequest(good)).names], ["a.test"]);
  const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, octet]) => {
    const copy = good.slice();
    copy[at] = octet;
    return copy;
  });
  const cut = fc.nat(good.length).map((length) => good.slice(0, length));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, cut, fc.uint8Array()), async (der) => {
      try {
        const { names } = await parseCertificateRequest(der);
        assertEquals([...names], ["a.test"], "what is accepted is what was signed");
      } catch (error) {
        assert(error instanceof Problem, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("names are read from the extension request, whatever attributes stand before it", async () => {
  const { csr } = await requestWithPassword(["b.test", "192.0.2.1"]);
  assertEquals([...(await parseCertificateRequest(csr)).names], ["b.test", "192.0.2.1"]);
});

Deno.test("kind and size of a request's key are what they are", async () => {
  const kindOf = async (alg: Algorithm): Promise<[string, number]> => {
    const { csr } = await requestWithPassword(["a.test"], alg);
    const { keyAlgorithm, keySize } = await parseCertificateRequest(csr);
    return [keyAlgorithm, keySize];
  };
  assertEquals(await kindOf("ES256"), ["ECDSA", 256]);
  assertEquals(await kindOf("ES384"), ["ECDSA", 384]);
  assertEquals(await kindOf("RS256"), ["RSA", 2048]);
  assertEquals(await kindOf("EdDSA"), ["Ed25519", 256]);
});

/** A request whose first attribute is a challengePassword (RFC 2985 section 5.4.1). */
async function requestWithPassword(
  names: readonly string[],
  alg: Algorithm = "ES256",
): Promise<{ csr: Uint8Array }> {
  const key = await generateKey(alg);
  const password = element(0x0c, new TextEncoder().encode("secret"));
  const attribute = (type: string, value: Uint8Array): Uint8Array =>
    sequence(oid(type), set(value));
  const info = sequence(
    integer(Uint8Array.of(0)),
    sequence(),
    key.spki,
    explicit(
      0,
      attribute("1.2.840.113549.1.9.7", password),
      attribute("1.2.840.113549.1.9.14", sequence(subjectAltName(names))),
    ),
  );
  return { csr: await signed(key, info) };
}

Deno.test("no octets make the certificate reader fail", () => {
  fc.assert(fc.property(fc.uint8Array(), (der) => {
    serialOf(der);
    extensionsOf(der);
  }));
});
