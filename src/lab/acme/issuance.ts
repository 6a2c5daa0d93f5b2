/**
 * Certificates for clients, written as DER directly: with the X.509 library a certificate takes 4 ms, so 5 ms with its
 * request; with these few elements and one signature it is a tenth of that, and the lab has to keep up with a load.
 */
import { createHash } from "node:crypto";
import * as der from "../../der.ts";
import { generalName } from "../../identifier.ts";
import { type Authority, serialNumber } from "../authority.ts";
import type { CertificateRequest } from "./csr.ts";

export interface IssuanceOptions {
  readonly authority: Authority;
  readonly request: CertificateRequest;
  /** DNS names and IP addresses, in the order in which the certificate has them. */
  readonly names: readonly string[];
  /** Whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface IssuedCertificate {
  readonly der: Uint8Array;
  /** Lower-case hex. */
  readonly serial: string;
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const VERSION_3 = der.explicit(0, der.integer(Uint8Array.of(2)));
const BASIC_CONSTRAINTS = extension("2.5.29.19", true, der.sequence());
const SERVER_AND_CLIENT = extension(
  "2.5.29.37",
  false,
  der.sequence(der.oid("1.3.6.1.5.5.7.3.1"), der.oid("1.3.6.1.5.5.7.3.2")),
);
/** BIT STRINGs: digitalSignature, and with keyEncipherment for RSA. */
const SIGNING = extension("2.5.29.15", true, der.element(0x03, Uint8Array.of(7, 0x80)));
const SIGNING_AND_ENCIPHERING = extension(
  "2.5.29.15",
  true,
  der.element(0x03, Uint8Array.of(5, 0xa0)),
);
/** ub-common-name (RFC 5280 appendix A.1). */
const MAX_COMMON_NAME = 64;
const encoder = new TextEncoder();

export function issueCertificate(options: IssuanceOptions): IssuedCertificate {
  const { authority, request, names } = options;
  const serial = serialNumber();
  const subject = subjectOf(names[0]!);
  const tbs = der.sequence(
    VERSION_3,
    der.integer(Uint8Array.fromHex(serial)),
    ECDSA_WITH_SHA256,
    new Uint8Array(authority.certificate.subjectName.toArrayBuffer()),
    der.sequence(time(options.notBeforeMs), time(options.notAfterMs)),
    subject,
    request.publicKey,
    der.explicit(
      3,
      der.sequence(
        BASIC_CONSTRAINTS,
        request.keyAlgorithm === "RSA" ? SIGNING_AND_ENCIPHERING : SIGNING,
        SERVER_AND_CLIENT,
        alternativeNames(names, subject.length === 2),
        authorityKeyIdentifier(authority.keyIdentifier),
        subjectKeyIdentifier(request.publicKey),
      ),
    ),
  );
  const certificate = der.sequence(tbs, ECDSA_WITH_SHA256, der.bitString(authority.sign(tbs)));
  return { der: certificate, serial };
}

/** The first name where it fits, otherwise empty. */
function subjectOf(name: string): Uint8Array {
  if (name.length > MAX_COMMON_NAME) return der.sequence();
  const value = der.element(0x0c, encoder.encode(name));
  return der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), value)));
}

/** Critical where the subject is empty (RFC 5280 section 4.2.1.6). */
function alternativeNames(names: readonly string[], critical: boolean): Uint8Array {
  return extension("2.5.29.17", critical, der.sequence(...names.map(generalName)));
}

function authorityKeyIdentifier(identifier: Uint8Array): Uint8Array {
  return extension("2.5.29.35", false, der.sequence(der.element(0x80, identifier)));
}

/** SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2, method 1). */
function subjectKeyIdentifier(publicKey: Uint8Array): Uint8Array {
  const [, bits] = der.readElements(der.readElement(publicKey)!.contents)!;
  const digest = createHash("sha1").update(bits!.contents.subarray(1)).digest();
  return extension("2.5.29.14", false, der.octetString(new Uint8Array(digest)));
}

function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oid), ...(critical ? [der.TRUE] : []), der.octetString(value));
}

/** UTCTime until 2049, GeneralizedTime afterwards (RFC 5280 section 4.1.2.5). */
function time(ms: number): Uint8Array {
  const date = new Date(ms);
  if (date.getUTCFullYear() < 2050) return der.utcTime(date);
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return der.element(0x18, encoder.encode(`${digits}Z`));
}
