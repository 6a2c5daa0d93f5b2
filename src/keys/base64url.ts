/** base64url without padding (RFC 4648 section 5), the only encoding in JWS and ACME. */
import { base64url } from "jose";

export const encodeBase64url: (data: Uint8Array | string) => string = base64url.encode;

/** Bytes of a base64url text; undefined when it is not one. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined; // the decoder takes spaces and padding too
  try {
    return base64url.decode(text);
  } catch {
    return undefined;
  }
}
