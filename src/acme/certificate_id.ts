/** The name of a certificate in renewal information (RFC 9773 section 4.1). */
import { readElement } from "../der.ts";
import { encodeBase64url } from "../keys/base64url.ts";
import { childrenOf, extensionOf } from "../keys/x509.ts";

const SERIAL = 0x02;
const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
const KEY_IDENTIFIER = 0x80;

/**
 * base64url of the authority key identifier, a dot, base64url of the serial number as it stands in the DER. Undefined
 * when the certificate has no authority key identifier or cannot be read.
 */
export function certificateId(certificate: Uint8Array): string | undefined {
  const [tbs] = childrenOf(readElement(certificate));
  const serial = childrenOf(tbs).find(({ tag }) => tag === SERIAL);
  const authority = extensionOf(certificate, AUTHORITY_KEY_IDENTIFIER);
  const identifier = childrenOf(authority && readElement(authority))
    .find(({ tag }) => tag === KEY_IDENTIFIER);
  if (serial === undefined || identifier === undefined) return undefined;
  return `${encodeBase64url(identifier.contents)}.${encodeBase64url(serial.contents)}`;
}
