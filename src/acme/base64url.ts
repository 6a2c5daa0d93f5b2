/** base64url without padding (RFC 4648 section 5), the only encoding in JWS and ACME. */
import { Buffer } from "node:buffer";

export function encodeBase64url(data: Uint8Array | string): string {
  return (typeof data === "string"
    ? Buffer.from(data, "utf8")
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength)).toString("base64url");
}

/** Bytes of a base64url text; undefined when it is not one. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1
    ? new Uint8Array(Buffer.from(text, "base64url"))
    : undefined;
}
