/** What certificates and requests share: signatures and extensions of X.509 (RFC 5280). */
import * as der from "../der.ts";
import { generalName, readGeneralName } from "../identifier.ts";
import type { SigningKey } from "./keys.ts";

/** ecdsa-with-SHA256 (RFC 5758 section 3.2). */
const ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
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

/** The subjectAltName extension (section 4.2.1.6) for DNS names and IP addresses, not critical. */
export function subjectAltName(names: readonly string[]): Uint8Array {
  return der.sequence(
    der.oid("2.5.29.17"),
    der.octetString(der.sequence(...names.map(generalName))),
  );
}

const EXTENSIONS = 0xa3;

/** DER inside of a certificate's extension; undefined when there is none, or the certificate cannot be read. */
export function extensionOf(certificate: Uint8Array, dotted: string): Uint8Array | undefined {
  const wanted = der.oid(dotted);
  const [tbs] = childrenOf(der.readElement(certificate));
  const [list] = childrenOf(childrenOf(tbs).find(({ tag }) => tag === EXTENSIONS));
  for (const extension of childrenOf(list)) {
    const parts = childrenOf(extension);
    const isWanted = parts[0] !== undefined && der.equalBytes(parts[0].whole, wanted);
    if (isWanted) return parts.at(-1)!.contents;
  }
  return undefined;
}

/** Names that a certificate is for, in lower case; one that is neither a DNS name nor an IP address as its type. */
export function subjectAltNames(certificate: Uint8Array): string[] {
  const value = extensionOf(certificate, "2.5.29.17");
  return childrenOf(value && der.readElement(value)).map((name) =>
    readGeneralName(name) ?? `a name of type ${name.tag & 0x1f}`
  );
}

export function childrenOf(element: der.Element | undefined): readonly der.Element[] {
  return (element && der.readElements(element.contents)) ?? [];
}
