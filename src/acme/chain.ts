/**
 * Is the downloaded chain the certificate that was ordered? It parses, the leaf holds the request's key and the order's
 * names, every certificate is in its time and is signed by the next one (RFC 8555 section 7.4.2).
 */
import { quoted } from "../terminal.ts";
import { X509Certificate } from "node:crypto";
import { type Failure, isFailure } from "../http/failure.ts";
import { quotedBody } from "./body.ts";
import { canonicalName } from "../identifier.ts";
import { Issuer, Validity } from "./issuer.ts";
import { equalBytes } from "../der.ts";
import { PEM_CERTIFICATE } from "../pem.ts";
import { subjectAltNames } from "../keys/x509.ts";
import { messageOf } from "../message_of.ts";

export interface ExpectedCertificate {
  /** SubjectPublicKeyInfo of the request, DER. */
  readonly spki: Uint8Array;
  readonly names: readonly string[];
  readonly nowMs: number;
}

export interface Chain {
  readonly leaf: X509Certificate;
  /** The leaf's issuer; undefined when the server sent the leaf alone. */
  readonly issuer?: X509Certificate;
}

/** More are no chain: every one costs a signature's check. */
const MAX_CERTIFICATES = 16;
const REMEMBERED = 64;
/** Of a PEM text; a longer one is checked each time. */
const MAX_REMEMBERED_LENGTH = 64 * 1024;

/** Checks chains, and remembers the issuing certificates that it has already checked. */
export class ChainChecker {
  /** PEM of everything after the leaf -> the issuers in it, the leaf's first, their signatures checked. */
  readonly #issuers = new Map<string, readonly Issuer[]>();

  /** The chain, or what is wrong with it. */
  check(body: Uint8Array, expected: ExpectedCertificate): Chain | Failure {
    try {
      return this.#check(body, expected);
    } catch (error) {
      // node:crypto reads a certificate's key and names only when they are asked for, and throws then.
      const reason = messageOf(error);
      return unparsable(`the key or a name in it: ${reason}`);
    }
  }

  #check(body: Uint8Array, expected: ExpectedCertificate): Chain | Failure {
    const pems = new TextDecoder().decode(body).match(PEM_CERTIFICATE);
    if (pems === null) return unparsable(`no PEM certificate in ${quotedBody(body)}`);
    if (pems.length > MAX_CERTIFICATES) {
      return unparsable(`it has ${pems.length} certificates, ${MAX_CERTIFICATES} are the most`);
    }
    const [first = "", ...rest] = pems;
    const leaf = parse(first);
    if (leaf === undefined) return unparsable(`the first certificate is ${shown(first)}`);
    const complaint = leafComplaint(leaf, expected);
    if (complaint !== undefined) return wrong(complaint);
    if (rest.length === 0) return { leaf };
    const issuers = this.#issuersOf(rest);
    if (isFailure(issuers)) return issuers;
    for (const [index, { validity }] of issuers.entries()) {
      const untimely = validity.complaintAt(expected.nowMs);
      if (untimely !== undefined) return wrong(`certificate ${index + 2} of the chain ${untimely}`);
    }
    const issuer = issuers[0]!;
    const { certificate } = issuer;
    return issuer.signed(leaf)
      ? { leaf, issuer: certificate }
      : wrong(`the leaf is not signed by the next certificate, ${nameOf(certificate.subject)}`);
  }

  #issuersOf(pems: readonly string[]): readonly Issuer[] | Failure {
    const key = pems.join("");
    const known = this.#issuers.get(key);
    if (known !== undefined) return known;
    const issuers: Issuer[] = [];
    for (const [index, pem] of pems.entries()) {
      const certificate = parse(pem);
      if (certificate === undefined) return unparsable(`certificate ${index + 2} is ${shown(pem)}`);
      issuers.push(new Issuer(certificate));
    }
    for (const [index, issuer] of issuers.entries()) {
      if (!issuer.certificate.ca) return wrong(`certificate ${index + 2} of the chain is no CA`);
      const next = issuers[index + 1];
      if (next !== undefined && !next.signed(issuer.certificate)) {
        return wrong(`certificate ${index + 2} of the chain is not signed by the one after it`);
      }
    }
    if (this.#issuers.size >= REMEMBERED) this.#issuers.clear();
    if (key.length <= MAX_REMEMBERED_LENGTH) this.#issuers.set(key, issuers);
    return issuers;
  }
}

function leafComplaint(leaf: X509Certificate, expected: ExpectedCertificate): string | undefined {
  const spki = leaf.publicKey.export({ type: "spki", format: "der" });
  if (!equalBytes(spki, expected.spki)) return "the leaf's key is not the request's";
  const names = new Set(subjectAltNames(leaf.raw));
  const ordered = new Set(expected.names.map((name) => canonicalName(name).toLowerCase()));
  if (names.size !== ordered.size || [...ordered].some((name) => !names.has(name))) {
    return `the leaf's names are ${[...names].join(", ") || "none"}, ` +
      `the order's ${[...ordered].join(", ")}`;
  }
  const untimely = new Validity(leaf).complaintAt(expected.nowMs);
  return untimely === undefined ? undefined : `the leaf ${untimely}`;
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The beginning of what stands between the PEM lines. */
function shown(pem: string): string {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  return `no X.509 in DER: base64 ${quoted(base64, 40)}, ${base64.length} characters`;
}

function nameOf(subject: string): string {
  return JSON.stringify(subject.replaceAll("\n", ", "));
}

function unparsable(message: string): Failure {
  return { class: "unexpected_body", message: `The certificate chain cannot be read: ${message}` };
}

function wrong(message: string): Failure {
  return {
    class: "wrong_certificate",
    message: `The certificate is not the ordered one: ${message}`,
  };
}
