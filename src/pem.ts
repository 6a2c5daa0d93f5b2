/** PEM (RFC 7468). */

/** Certificates in a text; base64 has no hyphen. */
export const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export function toPem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
