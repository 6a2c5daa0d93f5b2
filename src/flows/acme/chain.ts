/**
 * Is the downloaded chain the certificate that was ordered? It parses, the leaf holds the request's key and the order's
 * names, it is in its time, and every certificate is signed by the next one (RFC 8555 section 7.4.2).
 */
import { X509Certificate } from "node:crypto";
import type { Failure } from "../../transport/failure.ts";
import { excerpt } from "./body.ts";
import { equalBytes, Issuer } from "./issuer.ts";

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

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const REMEMBERED = 64;

/** Checks chains, and remembers the issuing certificates that it has already checked. */
export class ChainChecker {
  /** PEM of everything after the leaf -> the leaf's issuer, its chain checked. */
  readonly #issuers = new Map<string, Issuer>();

  /** The chain, or what is wrong with it. */
  check(body: Uint8Array, expected: ExpectedCertificate): Chain | Failure {
    try {
      return this.#check(body, expected);
    } catch (error) {
      // node:crypto reads a certificate's key and names only when they are asked for, and throws then.
      const reason = error instanceof Error ? error.message : String(error);
      return unparsable(`the key or a name in it: ${reason}`);
    }
  }

  #check(body: Uint8Array, expected: ExpectedCertificate): Chain | Failure {
    const pems = new TextDecoder().decode(body).match(CERTIFICATE);
    if (pems === null) return unparsable(`no PEM certificate in ${excerpt(body)}`);
    const [first = "", ...rest] = pems;
    const leaf = parse(first);
    if (leaf === undefined) return unparsable(`the first certificate is ${shown(first)}`);
    const complaint = leafComplaint(leaf, expected);
    if (complaint !== undefined) return wrong(complaint);
    if (rest.length === 0) return { leaf };
    const issuer = this.#issuerOf(rest);
    if (!(issuer instanceof Issuer)) return issuer;
    const { certificate } = issuer;
    return issuer.signed(leaf)
      ? { leaf, issuer: certificate }
      : wrong(`the leaf is not signed by the next certificate, ${nameOf(certificate.subject)}`);
  }

  #issuerOf(pems: readonly string[]): Issuer | Failure {
    const key = pems.join("");
    const known = this.#issuers.get(key);
    if (known !== undefined) return known;
    const issuers = pems.map(parse).map((each) => each && new Issuer(each));
    for (const [index, issuer] of issuers.entries()) {
      if (issuer === undefined) {
        return unparsable(`certificate ${index + 2} is ${shown(pems[index]!)}`);
      }
      if (!issuer.certificate.ca) return wrong(`certificate ${index + 2} of the chain is no CA`);
      const next = issuers[index + 1];
      if (next !== undefined && !next.signed(issuer.certificate)) {
        return wrong(`certificate ${index + 2} of the chain is not signed by the one after it`);
      }
    }
    if (this.#issuers.size >= REMEMBERED) this.#issuers.clear();
    this.#issuers.set(key, issuers[0]!);
    return issuers[0]!;
  }
}

function leafComplaint(leaf: X509Certificate, expected: ExpectedCertificate): string | undefined {
  const spki = leaf.publicKey.export({ type: "spki", format: "der" });
  if (!equalBytes(spki, expected.spki)) return "the leaf's key is not the request's";
  const names = dnsNames(leaf);
  const ordered = new Set(expected.names.map((name) => name.toLowerCase()));
  if (names.size !== ordered.size || [...ordered].some((name) => !names.has(name))) {
    return `the leaf's names are ${[...names].join(", ") || "none"}, ` +
      `the order's ${[...ordered].join(", ")}`;
  }
  if (Date.parse(leaf.validTo) < expected.nowMs) return `the leaf expired on ${leaf.validTo}`;
  return undefined;
}

/** DNS names in the subjectAltName, in lower case. */
function dnsNames(leaf: X509Certificate): Set<string> {
  const entries = (leaf.subjectAltName ?? "").split(", ");
  return new Set(
    entries.map((entry) => entry.startsWith("DNS:") ? entry.slice(4).toLowerCase() : entry)
      .filter((entry) => entry !== ""),
  );
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
  return `no X.509 in DER: base64 ${
    JSON.stringify(base64.slice(0, 40))
  }, ${base64.length} characters`;
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
