/** How a certificate chain that was seen once can stand for itself: as the roots of a road that must verify. */
import { X509Certificate } from "node:crypto";

export interface Pin {
  /** PEM of the certificates to trust. */
  readonly caCerts: readonly string[];
  /** Only this very leaf is accepted. Otherwise any that the same authority issued. */
  readonly exact: boolean;
}

/**
 * The pin for a chain as served (DER, leaf first); undefined where rustls can take none: a self-signed CA certificate
 * (`CaUsedAsEndEntity`), or a leaf without its issuer.
 */
export function pinOf(chain: readonly Uint8Array[]): Pin | undefined {
  const [leaf, ...issuers] = chain.map((der) => new X509Certificate(der));
  if (leaf === undefined || leaf.ca) return undefined;
  if (leaf.subject === leaf.issuer) return { caCerts: [pemOf(leaf)], exact: true };
  if (issuers.length === 0) return undefined;
  return { caCerts: issuers.map(pemOf), exact: false };
}

function pemOf(certificate: X509Certificate): string {
  return certificate.toString();
}
