/** What cert-manager leaves behind for a Certificate, and whether it is worth anything. Pure. */
import { X509Certificate } from "../../src/x509.ts";
import { createPrivateKey, createPublicKey } from "node:crypto";

interface TlsSecret {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Reads a TLS Secret as JSON and returns every complaint about it: missing parts, a key that is not the certificate's,
 * names that were not asked for, a chain that does not hold together.
 */
export async function checkTlsSecret(json: string, names: readonly string[]): Promise<string[]> {
  const { data = {} } = JSON.parse(json) as TlsSecret;
  const missing = ["tls.crt", "tls.key"].filter((part) => !data[part]);
  if (missing.length > 0) return missing.map((part) => `${part} is missing or empty`);
  const chain = splitPem(atob(data["tls.crt"]!)).map((pem) => new X509Certificate(pem));
  const [leaf, ...issuers] = chain;
  if (!leaf) return ["tls.crt holds no certificate"];
  return [
    ...checkNames(leaf, names),
    ...checkKey(leaf, atob(data["tls.key"]!)),
    ...(issuers.length === 0 ? ["tls.crt holds no issuer beside the certificate"] : []),
    ...await checkSignatures(chain),
  ];
}

function splitPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

function checkNames(leaf: X509Certificate, names: readonly string[]): string[] {
  const extension = leaf.getExtension("2.5.29.17") as
    | { names: { items: readonly { type: string; value: string }[] } }
    | null;
  const served = extension?.names.items.map(({ value }) => value).sort() ?? [];
  const wanted = [...names].sort();
  return served.join() === wanted.join()
    ? []
    : [`the certificate is for ${served.join(", ") || "no name"}, not for ${wanted.join(", ")}`];
}

function checkKey(leaf: X509Certificate, keyPem: string): string[] {
  const spki = createPublicKey(createPrivateKey(keyPem)).export({ type: "spki", format: "der" });
  const wanted = new Uint8Array(leaf.publicKey.rawData);
  const same = spki.length === wanted.length && spki.every((byte, at) => byte === wanted[at]);
  return same ? [] : ["tls.key is not the key of the certificate"];
}

/** Each certificate must be signed by the next one; the last may be anyone's. */
async function checkSignatures(chain: readonly X509Certificate[]): Promise<string[]> {
  const problems: string[] = [];
  for (const [at, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[at + 1]!;
    const signed = await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true });
    if (!signed) problems.push(`${certificate.subject} is not signed by ${issuer.subject}`);
  }
  return problems;
}
