/** What certificates and requests share: signatures and extensions of X.509 (RFC 5280), and their PEM. */
import * as der from "../../der.ts";
import type { SigningKey } from "./keys.ts";

/** ecdsa-with-SHA256 (RFC 5758 section 3.2). */
export const ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const ECDSA_SHA384 = der.sequence(der.oid("1.2.840.10045.4.3.3"));
const RSA_SHA256 = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.NULL);
const ED25519 = der.sequence(der.oid("1.3.101.112"));

/** `tbs` with its algorithm and signature: a certificate, or a request. */
export async function signed(key: SigningKey, tbs: Uint8Array): Promise<Uint8Array> {
  return der.sequence(tbs, signatureAlgorithm(key), der.bitString(await signatureOver(key, tbs)));
}

/** AlgorithmIdentifier of the key's signatures. */
export function signatureAlgorithm({ alg }: SigningKey): Uint8Array {
  return { ES256: ECDSA_SHA256, ES384: ECDSA_SHA384, RS256: RSA_SHA256, EdDSA: ED25519 }[alg];
}

/** The signature as X.509 and TLS write it: for ECDSA a sequence of r and s. */
export async function signatureOver(key: SigningKey, data: Uint8Array): Promise<Uint8Array> {
  const signature = await key.sign(data);
  if (key.alg !== "ES256" && key.alg !== "ES384") return signature;
  const half = signature.length / 2;
  return der.sequence(
    der.integer(signature.subarray(0, half)),
    der.integer(signature.subarray(half)),
  );
}

/** The subjectAltName extension (section 4.2.1.6) for DNS names, not critical. */
export function subjectAltName(names: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const dnsNames = names.map((name) => der.element(0x82, encoder.encode(name)));
  return der.sequence(der.oid("2.5.29.17"), der.octetString(der.sequence(...dnsNames)));
}

/** Parts of a certificate whose signature is to be checked; undefined when it cannot be read. */
export interface SignedParts {
  readonly tbs: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
}

export function signedParts(certificate: Uint8Array): SignedParts | undefined {
  const whole = der.readElement(certificate);
  const [tbs, algorithm, signature] = (whole && der.readElements(whole.contents)) ?? [];
  if (tbs === undefined || algorithm === undefined || signature === undefined) return undefined;
  return { tbs: tbs.whole, algorithm: algorithm.whole, signature: signature.contents.subarray(1) };
}

export function toPem(label: string, data: Uint8Array): string {
  const lines = data.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
