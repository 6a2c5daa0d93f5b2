import { X509CertificateGenerator } from "../../src/x509.ts";
import { certificatesOf } from "../../src/plan/trust.ts";
import { assert, assertEquals, assertLess } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";
import { planOf, problemsOf } from "./catalogue.ts";

async function makeCertificate(name: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return certificate.toString("pem");
}

const PLAN = `target: { base_url: https://x, tls: { insecure_skip_verify: true, ca_file: ca.pem } }
scenarios: { a: { flow: list_certificates, users: 1, duration: 1s } }
`;

Deno.test("certificatesOf() keeps certificates and nothing else of a PEM file", async () => {
  const [a, b] = [await makeCertificate("a"), await makeCertificate("b")];
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
  const kept = certificatesOf(`comment\n${a}\n${key}\n${b}`);
  assertEquals(kept?.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert(!kept?.includes("PRIVATE"));
});

Deno.test("certificatesOf() refuses a file without certificates, or with a broken one", () => {
  assertEquals(certificatesOf("hello"), undefined);
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  assertEquals(certificatesOf(broken), undefined);
});

Deno.test("a CA file is read while the plan is loaded, and turns verification on", async () => {
  const pem = await makeCertificate("root");
  const read: string[] = [];
  const { tls } = planOf(PLAN, {
    readFile: (path) => {
      read.push(path);
      return pem;
    },
  }).target;
  assertEquals(read, ["ca.pem"]);
  assertEquals([tls.insecureSkipVerify, tls.caFile], [false, "ca.pem"]);
  assertEquals(tls.caPem?.startsWith("-----BEGIN CERTIFICATE-----"), true);
});

Deno.test("a CA file that is none is a problem at its name", () => {
  const [problem] = problemsOf(PLAN, { readFile: () => "not PEM" });
  assertEquals([problem?.line, problem?.column, problem?.message], [
    1,
    76,
    'no readable certificate in "ca.pem"',
  ]);
});

Deno.test("a file of beginnings without an end is read in a moment", () => {
  const text = "-----BEGIN CERTIFICATE-----\n".repeat(50_000);
  assertLess(cpuMsOf(() => assertEquals(certificatesOf(text), undefined)), 2_000);
});
