/** A certificate that signs others, and the cheapest way to check that it has. */
import type { X509Certificate } from "node:crypto";
import { readElement, readElements } from "../der.ts";
import { P256_ALGORITHM } from "./keys.ts";
import { Verifier } from "./p256.ts";
import { ECDSA_SHA256, equalBytes, signedParts } from "./x509.ts";

/** From this certificate on the table of a P-256 issuer pays (30 ms, against 0.6 ms saved for each certificate). */
const WORTH_A_TABLE = 3;

/** When a certificate is valid. */
export class Validity {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #certificate: X509Certificate;

  constructor(certificate: X509Certificate) {
    this.#certificate = certificate;
    this.#fromMs = Date.parse(certificate.validFrom);
    this.#toMs = Date.parse(certificate.validTo);
  }

  /** What is wrong with the certificate at this instant; a date that cannot be read is wrong at any. */
  complaintAt(nowMs: number): string | undefined {
    const { validFrom, validTo } = this.#certificate;
    if (!(this.#fromMs <= nowMs + CLOCK_SKEW_MS)) return `is not valid before ${validFrom}`;
    if (!(this.#toMs >= nowMs)) return `expired on ${validTo}`;
    return undefined;
  }
}

/** A server's clock may be ahead by so much: many certificates are valid from the second in which they are made. */
const CLOCK_SKEW_MS = 10_000;

export class Issuer {
  readonly certificate: X509Certificate;
  readonly validity: Validity;
  /** The key as a point of P-256; undefined when it is of another kind. */
  readonly #point: Uint8Array | undefined;
  #verifier?: Verifier;
  #checked = 0;

  constructor(certificate: X509Certificate) {
    this.certificate = certificate;
    this.validity = new Validity(certificate);
    this.#point = p256Point(certificate);
  }

  /** Whether this is who the certificate says it is signed by. */
  signed(certificate: X509Certificate): boolean {
    if (certificate.issuer !== this.certificate.subject) return false;
    try {
      return this.#verify(certificate);
    } catch {
      return false; // a signature that cannot even be read
    }
  }

  #verify(certificate: X509Certificate): boolean {
    const parts = signedParts(certificate.raw);
    const isQuick = this.#point !== undefined && parts !== undefined &&
      equalBytes(parts.algorithm, ECDSA_SHA256) && ++this.#checked >= WORTH_A_TABLE;
    if (!isQuick) return certificate.verify(this.certificate.publicKey);
    this.#verifier ??= new Verifier(this.#point!);
    const [r, s] = readElements(readElement(parts.signature)!.contents) ?? [];
    return r !== undefined && s !== undefined &&
      this.#verifier.verify(parts.tbs, r.contents, s.contents);
  }
}

function p256Point(certificate: X509Certificate): Uint8Array | undefined {
  const spki = new Uint8Array(certificate.publicKey.export({ type: "spki", format: "der" }));
  const [algorithm, key] = readElements(readElement(spki)!.contents) ?? [];
  if (algorithm === undefined || key === undefined) return undefined;
  return equalBytes(algorithm.whole, P256_ALGORITHM) ? key.contents.subarray(1) : undefined;
}
