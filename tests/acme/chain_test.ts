import { readElement } from "../../src/der.ts";
import { ChainChecker, type ExpectedCertificate } from "../../src/acme/chain.ts";
import { certificateId } from "../../src/acme/certificate_id.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { childrenOf } from "../../src/keys/x509.ts";
import { toPem } from "../../src/pem.ts";
import type { Failure } from "../../src/http/failure.ts";
import { X509Certificate } from "node:crypto";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
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

const MINUTE_MS = 60_000;

Deno.test("ChainChecker refuses a leaf that is not valid yet, but for clocks that differ by seconds", async () => {
  const early = await issue(issuer, key.spki, names, { fromMs: MINUTE_MS });
  const failure = check(early + issuer.certificate);
  assertEquals(failure?.class, "wrong_certificate");
  assertStringIncludes(failure?.message ?? "", "the leaf is not valid before ");
  const ahead = await issue(issuer, key.spki, names, { fromMs: 5000 });
  assertEquals(check(ahead + issuer.certificate), undefined);
});

Deno.test("ChainChecker refuses an issuer out of its time, whichever it is and though its chain is known", async () => {
  const [expired, unborn] = await Promise.all([
    createIssuer("test issuer", { toMs: -MINUTE_MS }),
    createIssuer("test issuer", { fromMs: MINUTE_MS }),
  ]);
  for (
    const [bad, reason] of [[expired, "expired on "], [unborn, "is not valid before "]] as const
  ) {
    const failure = check(await issue(bad, key.spki, names) + bad.certificate);
    assertEquals(failure?.class, "wrong_certificate");
    assertStringIncludes(failure?.message ?? "", `certificate 2 of the chain ${reason}`);
  }
  const soonOver = await createIssuer("test issuer", { toMs: MINUTE_MS });
  const pem = new TextEncoder().encode(
    await issue(soonOver, key.spki, names, { toMs: 3 * MINUTE_MS }) + soonOver.certificate,
  );
  const checker = new ChainChecker();
  assertEquals("leaf" in checker.check(pem, expected), true);
  const later = checker.check(pem, { ...expected, nowMs: Date.now() + 2 * MINUTE_MS });
  assertStringIncludes((later as Failure).message, "certificate 2 of the chain expired on ");
});

Deno.test("ChainChecker checks the dates of every issuer, the last one too", async () => {
  const root = await createIssuer("test issuer", { toMs: -MINUTE_MS });
  const failure = check(leaf + issuer.certificate + root.certificate);
  assertEquals(failure?.class, "wrong_certificate");
});

Deno.test("ChainChecker takes addresses however they are written, and not as names", async () => {
  const addresses = ["192.0.2.1", "2001:db8::1"];
  const certificate = await issue(issuer, key.spki, addresses);
  assertEquals(check(certificate, { names: ["2001:DB8:0::1", "192.0.2.1"] }), undefined);
  assertStringIncludes(
    check(certificate, { names: ["192.0.2.1"] })?.message ?? "",
    "the leaf's names are 192.0.2.1, 2001:db8::1, the order's 192.0.2.1",
  );
});

Deno.test("ChainChecker refuses more certificates than a chain has", () => {
  assertStringIncludes(
    check(leaf + issuer.certificate.repeat(16))?.message ?? "",
    "it has 17 certificates, 16 are the most",
  );
  assertEquals(check(leaf + issuer.certificate.repeat(15)), undefined);
});

Deno.test("ChainChecker refuses a chain whose signatures do not hold", async () => {
  const other = await createIssuer(); // the same name, another key
  const failure = check(leaf + other.certificate);
  assertEquals(failure?.class, "wrong_certificate");
  assertStringIncludes(failure?.message ?? "", "not signed by the next certificate");
});

Deno.test("ChainChecker refuses an issuer of another name, though its key has signed", async () => {
  const other = await createIssuer("another name", {}, issuer.key);
  const failure = check(leaf + other.certificate);
  assertStringIncludes(failure?.message ?? "", "not signed by the next certificate");
});

Deno.test("ChainChecker refuses issuers that did not sign each other", async () => {
  const other = await createIssuer();
  const failure = check(leaf + issuer.certificate + other.certificate);
  assertEquals(failure?.class, "wrong_certificate");
  assertStringIncludes(
    failure?.message ?? "",
    "certificate 2 of the chain is not signed by the one after it",
  );
});

Deno.test("ChainChecker says so where a leaf has no names", async () => {
  const nameless = await issue(issuer, key.spki, []);
  assertStringIncludes(
    check(nameless)?.message ?? "",
    "the leaf's names are none, the order's a.example.test, b.example.test",
  );
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
  const { whole: tbs } = childrenOf(readElement(octets))[0]!;
  for (let at = tbs.byteOffset; at < tbs.byteOffset + tbs.length; at++) {
    for (const flipped of [0x01, 0x80, 0xff]) {
      const changed = octets.slice();
      changed[at]! ^= flipped;
      const failure = check(toPem("CERTIFICATE", changed) + issuer.certificate);
      assertMatch(failure?.class ?? "accepted", /^(unexpected_body|wrong_certificate)$/);
    }
  }
});

Deno.test("ChainChecker accepts no certificate whose signature, or what it is by, has an octet changed", () => {
  const octets = octetsOf(leaf);
  const [tbs] = childrenOf(readElement(octets));
  const from = tbs!.whole.byteOffset + tbs!.whole.length;
  for (let at = from; at < octets.length; at++) {
    const changed = octets.slice();
    changed[at]! ^= 0xff;
    const failure = check(toPem("CERTIFICATE", changed) + issuer.certificate);
    assertMatch(failure?.class ?? `accepted ${at}`, /^(unexpected_body|wrong_certificate)$/);
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

Deno.test("after sixteen good leaves in a row one in sixteen is checked, and all again from the first forged one on", async () => {
  const checker = new ChainChecker();
  const run = (pem: string): boolean =>
    "leaf" in checker.check(new TextEncoder().encode(pem + issuer.certificate), expected);
  const forged = await issue(await createIssuer(), key.spki, names);
  /** How many forged leaves pass after so many good ones. */
  const passed = (good: number): number => {
    for (let count = 0; count < good; count++) assertEquals(run(leaf), true);
    const verdicts = Array.from({ length: 32 }, () => run(forged));
    const first = verdicts.indexOf(false);
    assertEquals(verdicts.slice(first).includes(true), false);
    return first;
  };
  assertEquals([passed(15), passed(16), passed(20)], [0, 15, 11]);
  // The sixteenth of those that are not checked is, and the row begins anew with it.
  assertEquals([passed(31), passed(32), passed(33)], [0, 15, 14]);
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
