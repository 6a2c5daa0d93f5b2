/**
 * The lab's certificate authority: one self-signed ECDSA P-256 root that signs the servers' certificates and, for
 * ACME, the clients'. It lives as long as the lab.
 */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "../x509.ts";
import { toPem } from "../pem.ts";
import type { CertificateFault } from "./faults.ts";
import type { KeyPair } from "./http/server.ts";

const ECDSA_P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
const SERVER_DAYS = 365;
/** Clocks differ; a certificate made this instant must not be one of the future. */
const BACKDATE_MS = 60 * 60 * 1000;

export interface Authority {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  readonly privateKey: CryptoKey;
  /** Its subject key identifier, the authority key identifier of what it signs. */
  readonly keyIdentifier: Uint8Array;
  /** DER of an ECDSA signature with SHA-256, made at once: a third of the CPU that WebCrypto takes for it. */
  sign(data: Uint8Array): Uint8Array;
}

export async function createAuthority(commonName = "certload lab CA"): Promise<Authority> {
  const keys = await newKeys();
  const identifier = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    ...validity(CA_DAYS),
    keys,
    signingAlgorithm: ECDSA_P256,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      identifier,
    ],
  });
  const { d } = await crypto.subtle.exportKey("jwk", keys.privateKey);
  const scalar = Uint8Array.fromBase64(d!, { alphabet: "base64url" });
  return {
    certificate,
    certificatePem: pem(certificate),
    privateKey: keys.privateKey,
    keyIdentifier: Uint8Array.fromHex(identifier.keyId),
    sign: (data) => p256.sign(sha256(data), scalar, { lowS: false }).toDERRawBytes(),
  };
}

function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

export interface ServerCertificateOptions {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** A certificate with this defect instead. */
  readonly fault?: CertificateFault;
}

/** A new key and its certificate, followed by the authority's. */
export async function serverCertificate(
  authority: Authority,
  options: ServerCertificateOptions,
): Promise<KeyPair> {
  const { fault } = options;
  if (fault === "self_signed") return await selfSigned(options);
  const signer = fault === "unknown_ca" ? await createAuthority("Somebody else's CA") : authority;
  const keys = await newKeys();
  const names = fault === "wrong_name"
    ? { ...options, commonName: "wrong.example", dnsNames: ["wrong.example"], ipAddresses: [] }
    : options;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${names.commonName}`,
    issuer: signer.certificate.subject,
    ...validity(SERVER_DAYS, fault === "expired" ? -SERVER_DAYS - 1 : 0),
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: ECDSA_P256,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      alternativeNames(names),
      await AuthorityKeyIdentifierExtension.create(signer.certificate),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificatePem: `${pem(certificate)}${signer.certificatePem}`,
    keyPem: await keyPem(keys.privateKey),
  };
}

/** What certctl's bootstrap makes: the server's certificate is its own CA. */
async function selfSigned(options: ServerCertificateOptions): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${options.commonName}`,
    ...validity(SERVER_DAYS),
    keys,
    signingAlgorithm: ECDSA_P256,
    extensions: [new BasicConstraintsExtension(true, undefined, true), alternativeNames(options)],
  });
  return { certificatePem: pem(certificate), keyPem: await keyPem(keys.privateKey) };
}

function alternativeNames(
  { dnsNames, ipAddresses }: ServerCertificateOptions,
): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension([
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
  ]);
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ECDSA_P256, true, ["sign", "verify"]);
}

function validity(days: number, shiftDays = 0): { notBefore: Date; notAfter: Date } {
  const from = Math.floor(Date.now() / 1000) * 1000 + shiftDays * DAY_MS;
  return { notBefore: new Date(from - BACKDATE_MS), notAfter: new Date(from + days * DAY_MS) };
}

/** 127 random bits, never zero, never negative in DER (RFC 5280 section 4.1.2.2). Lower-case hex. */
export function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toHex();
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyPem(key: CryptoKey): Promise<string> {
  return toPem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}
