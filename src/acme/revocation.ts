/** Revocation (RFC 8555 section 7.6). */
import { encodeBase64url } from "../keys/base64url.ts";

/** Payload of revokeCert for a certificate's DER. */
export function revocationPayload(certificate: Uint8Array, reason?: number): string {
  return JSON.stringify({ certificate: encodeBase64url(certificate), reason });
}
