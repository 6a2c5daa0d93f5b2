import { ChainChecker, type ExpectedCertificate } from "../../../src/flows/acme/chain.ts";
import { certificateId } from "../../../src/flows/acme/certificate_id.ts";
import { generateKey } from "../../../src/flows/acme/keys.ts";
import { signedParts, toPem } from "../../../src/flows/acme/x509.ts";
import type { Failure } from "../../../src/transport/failure.ts";
import { X509Certificate } from "node:crypto";
import { assertEquals, assertMatch, assertStringIncludes } from "../../assert.ts";
import { createIssuer, issue } from "./test_ca.ts";

const issuer = await createIssuer();
const key = await generateKey("ES256");
const names = ["a.example.test", "b.example.test"];
const leaf = await issue(issuer, key.spki, names);
const expected = { spki: key.spki, names, nowMs: Date.now() };

function octetsOf(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
}

function check(pem: string, changes: Partial<ExpectedCertificate> = {}): Failure | undefined {
  const checked = new ChainChecker().check(new TextEncoder().encode(pem), {
    ...expected,
    ...changes,
  });
  return "leaf" in checked ? undefined : checked;
}

Deno.test("ChainChecker accepts the ordered certificate, with its issuer or alone", () => {
  assertEquals(check(leaf + issuer.certificate), undefined);
  assertEquals(check(leaf), undefined);
});

Deno.test("ChainChecker takes names in any order and case", () => {
  assertEquals(check(leaf, { names: ["B.example.test", "a.EXAMPLE.test"] }), undefined);
});

Deno.test("ChainChecker refuses a certificate with another key or other names, or out of its time", async () => {
  const { spki } = await generateKey("ES256");
  const cases: [Partial<ExpectedCertificate>, string][] = [
    [{ spki }, "the leaf's key is not the request's"],
    [{ names: ["a.example.test"] }, "the leaf's names are a.example.test, b.example.test"],
    [{ names: ["a.example.test", "c.example.test"] }, "the order's a.example.test, c.example.test"],
    [{ nowMs: Date.now() + 10 * 86_400_000 }, "the leaf expired"],
  ];
  for (const [changes, reason] of cases) {
    const failure = check(leaf + issuer.certificate, changes);
    assertEquals(failure?.class, "wrong_certificate");
    assertStringIncludes(failure?.message ?? "", reason);
  }
});

Deno.test("ChainChecker refuses a chain whose signatures do not hold", async () => {
  const other = await createIssuer(); // the same name, another key
  const failure = check(leaf + other.certificate);
  assertEquals(failure?.class, "wrong_certificate");
  assertStringIncludes(failure?.message ?? "", "not signed by the next certificate");
});

Deno.test("ChainChecker refuses an issuer that is no CA", () => {
  assertStringIncludes(check(leaf + leaf)?.message ?? "", "certificate 2 of the chain is no CA");
});

Deno.test("ChainChecker classifies what does not parse", () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  for (const pem of ["", "<html>", broken, leaf + broken]) {
    assertEquals(check(pem)?.class, "unexpected_body", pem.slice(0, 30));
  }
});

Deno.test("ChainChecker shows what does not parse", () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const said = (pem: string): string => check(pem)?.message ?? "";
  assertStringIncludes(said("text"), 'no PEM certificate in "text"');
  assertStringIncludes(said(broken), 'first certificate is no X.509 in DER: base64 "AAAA", 4 char');
  assertStringIncludes(said(leaf + broken), 'certificate 2 is no X.509 in DER: base64 "AAAA"');
});

Deno.test("ChainChecker accepts no certificate with a signed octet changed, and never throws", () => {
  const octets = octetsOf(leaf);
  const { tbs } = signedParts(octets)!;
  for (let at = tbs.byteOffset; at < tbs.byteOffset + tbs.length; at++) {
    for (const flipped of [0x01, 0x80, 0xff]) {
      const changed = octets.slice();
      changed[at]! ^= flipped;
      const failure = check(toPem("CERTIFICATE", changed) + issuer.certificate);
      assertMatch(failure?.class ?? "accepted", /^(unexpected_body|wrong_certificate)$/);
    }
  }
});

Deno.test("ChainChecker never throws for an issuer with an octet changed", () => {
  const octets = octetsOf(issuer.certificate);
  for (let at = 0; at < octets.length; at++) {
    const changed = octets.slice();
    changed[at]! ^= 0xff;
    check(leaf + toPem("CERTIFICATE", changed)); // its own signature is nobody's question
  }
});

Deno.test("ChainChecker checks each leaf though it remembers the issuer", async () => {
  const checker = new ChainChecker();
  const run = (pem: string): boolean =>
    "leaf" in checker.check(new TextEncoder().encode(pem), expected);
  const forged = await issue(await createIssuer(), key.spki, names);
  for (let round = 0; round < 3; round++) {
    assertEquals(run(leaf + issuer.certificate), true);
    assertEquals(run(forged + issuer.certificate), false);
  }
});

Deno.test("certificateId() joins authority key identifier and serial number (RFC 9773 section 4.1)", () => {
  const { raw, serialNumber } = new X509Certificate(leaf);
  const id = certificateId(raw)!;
  assertMatch(id, /^qrvM\.[A-Za-z0-9_-]+$/);
  const serial = id.split(".")[1]!;
  assertEquals(
    BigInt(
      "0x" +
        [...new Uint8Array(bytes(serial))].map((b) => b.toString(16).padStart(2, "0")).join(""),
    ),
    BigInt("0x" + serialNumber),
  );
  assertEquals(certificateId(new X509Certificate(issuer.certificate).raw), undefined);
  assertEquals(certificateId(new Uint8Array([1, 2, 3])), undefined);
});

function bytes(base64url: string): number[] {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return [...atob(base64)].map((letter) => letter.charCodeAt(0));
}
