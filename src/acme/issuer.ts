/** A certificate that signs others. */
import type { X509Certificate } from "node:crypto";

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

/** After so many good signatures in a row, only one in so many is checked: each takes 0.6 ms and more of CPU. */
const SAMPLE = { after: 16, oneIn: 16 };

export class Issuer {
  readonly certificate: X509Certificate;
  readonly validity: Validity;
  #goodInARow = 0;
  #unchecked = 0;

  constructor(certificate: X509Certificate) {
    this.certificate = certificate;
    this.validity = new Validity(certificate);
  }

  /**
   * Whether this is who the certificate says it is signed by. Of many signatures a sample is checked; from the first
   * wrong one on all are again.
   */
  signed(certificate: X509Certificate): boolean {
    if (certificate.issuer !== this.certificate.subject) return false;
    if (this.#goodInARow >= SAMPLE.after && ++this.#unchecked < SAMPLE.oneIn) return true;
    this.#unchecked = 0;
    const isGood = verifies(certificate, this.certificate);
    this.#goodInARow = isGood ? this.#goodInARow + 1 : 0;
    return isGood;
  }
}

function verifies(certificate: X509Certificate, { publicKey }: X509Certificate): boolean {
  try {
    return certificate.verify(publicKey);
  } catch {
    return false; // a signature that cannot even be read
  }
}
