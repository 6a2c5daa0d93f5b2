import { generateKey } from "../../src/keys/keys.ts";
import { extensionOf, subjectAltNames } from "../../src/keys/x509.ts";
import { makeCsr } from "../../src/keys/csr.ts";
import * as der from "../../src/der.ts";
import { assertEquals } from "../assert.ts";
import * as x509 from "../../src/x509.ts";
import { issue } from "../http/certificates.ts";

const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate with these extensions, made by a library. */
async function certificateWith(...extensions: x509.Extension[]): Promise<Uint8Array> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]) as CryptoKeyPair;
  const made = await x509.X509CertificateGenerator.createSelfSigned({ keys, extensions });
  return new Uint8Array(made.rawData);
}

Deno.test("a certificate's names are its DNS names in lower case, its addresses, and others by their type", async () => {
  const names = new x509.SubjectAlternativeNameExtension([
    { type: "dns", value: "A.Test" },
    { type: "ip", value: "127.0.0.1" },
    { type: "email", value: "a@b.test" },
    { type: "url", value: "https://a.test/" },
  ]);
  const expected = ["a.test", "127.0.0.1", "a name of type 1", "a name of type 6"];
  const constraints = new x509.BasicConstraintsExtension(true, 3, true);
  assertEquals(subjectAltNames(await certificateWith(names)), expected);
  assertEquals(subjectAltNames(await certificateWith(constraints, names)), expected);
});

Deno.test("a certificate without names, without extensions, or that is none has no names", async () => {
  const without = await certificateWith(new x509.BasicConstraintsExtension(false));
  for (const one of [without, await certificateWith(), new Uint8Array(), Uint8Array.of(48, 1, 5)]) {
    assertEquals([subjectAltNames(one), extensionOf(one, "2.5.29.17")], [[], undefined]);
  }
});

Deno.test("an extension is found by its number, critical or not", async () => {
  const { certificate } = await issue({ names: ["a.test"], ca: true });
  const raw = new Uint8Array(certificate.rawData);
  for (const number of ["2.5.29.19", "2.5.29.17"]) {
    const [{ value }] = certificate.extensions.filter(({ type }) => type === number) as [
      x509.Extension,
    ];
    assertEquals(extensionOf(raw, number), new Uint8Array(value), number);
  }
  assertEquals(extensionOf(raw, "2.5.29.15"), undefined);
});

Deno.test("a request for a certificate is of version 0, as PKCS #10 has it", async () => {
  const csr = await makeCsr(await generateKey("ES256"), ["a.test"]);
  const [info] = der.readElements(der.readElement(csr)!.contents)!;
  const [version] = der.readElements(info!.contents)!;
  assertEquals([version!.tag, ...version!.contents], [2, 0]);
});
