/** What a server's leaf certificate says. */
import { X509Certificate } from "node:crypto";
import type { ServerCertificate } from "./http.ts";

/** What the handshake says beside the leaf. */
interface HandshakeFacts {
  readonly tlsVersion?: string;
  readonly cipher?: string;
  readonly chainLength: number;
}

/** Reads a leaf certificate's DER. Throws where it cannot be read. */
function readCertificate(leaf: Uint8Array, facts: HandshakeFacts): ServerCertificate {
  const certificate = new X509Certificate(leaf);
  return {
    ...facts,
    keyType: keyTypeOf(certificate),
    fingerprintSha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    sans: splitNames(certificate.subjectAltName),
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}

/**
 * Certificates by their DER, so that a certificate is parsed once and not in every handshake. Bounded: a server that shows a
 * new certificate each time costs time, not memory.
 */
export class CertificateCache {
  readonly #seen: { leaf: Uint8Array; certificate: ServerCertificate }[] = [];

  constructor(readonly capacity = 64) {}

  /** The certificate for a leaf; `facts` is asked for only where the leaf is new. */
  get(leaf: Uint8Array, facts: () => HandshakeFacts): ServerCertificate {
    const known = this.#seen.find((entry) => equal(entry.leaf, leaf));
    if (known !== undefined) return known.certificate;
    const certificate = readCertificate(leaf, facts());
    if (this.#seen.length === this.capacity) this.#seen.shift();
    this.#seen.push({ leaf, certificate });
    return certificate;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // Two certificates of one issuer differ first in the serial number and most surely in the signature at the end.
  for (let i = a.length - 1; i >= 0; i--) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

function keyTypeOf(certificate: X509Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  switch (type) {
    case "ec":
      return `ECDSA ${CURVES[details?.namedCurve ?? ""] ?? details?.namedCurve ?? "unknown curve"}`;
    case "rsa":
    case "rsa-pss":
      return `${type.toUpperCase()} ${details?.modulusLength ?? "of unknown size"}`;
    case "ed25519":
      return "Ed25519";
    case "ed448":
      return "Ed448";
    default:
      return type ?? "unknown";
  }
}

/** `DNS:localhost, IP Address:127.0.0.1` as plain values; other kinds keep their prefix. */
function splitNames(names: string | undefined): readonly string[] {
  if (!names) return [];
  return names.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
}

function oneLine(name: string): string {
  return name.trim().replaceAll("\n", ", ");
}
