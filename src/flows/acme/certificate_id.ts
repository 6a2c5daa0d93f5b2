/** The name of a certificate in renewal information (RFC 9773 section 4.1). */
import { encodeBase64url } from "./base64url.ts";
import { type Element, readElement, readElements } from "../../der.ts";

const SERIAL = 0x02;
const EXTENSIONS = 0xa3;
/** 2.5.29.35 */
const AUTHORITY_KEY_IDENTIFIER = "551d23";

/**
 * base64url of the authority key identifier, a dot, base64url of the serial number as it stands in the DER. Undefined
 * when the certificate has no authority key identifier or cannot be read.
 */
export function certificateId(certificate: Uint8Array): string | undefined {
  const [tbs] = childrenOf(readElement(certificate));
  const fields = childrenOf(tbs);
  const serial = fields.find(({ tag }) => tag === SERIAL);
  const [extensions] = childrenOf(fields.find(({ tag }) => tag === EXTENSIONS));
  const identifier = authorityKeyIdentifier(childrenOf(extensions));
  if (serial === undefined || identifier === undefined) return undefined;
  return `${encodeBase64url(identifier)}.${encodeBase64url(serial.contents)}`;
}

function authorityKeyIdentifier(extensions: readonly Element[]): Uint8Array | undefined {
  for (const extension of extensions) {
    const parts = childrenOf(extension);
    if (parts[0] === undefined || hex(parts[0].contents) !== AUTHORITY_KEY_IDENTIFIER) continue;
    const value = readElement(parts.at(-1)!.contents);
    return childrenOf(value).find(({ tag }) => tag === 0x80)?.contents;
  }
  return undefined;
}

function childrenOf(element: Element | undefined): readonly Element[] {
  return (element && readElements(element.contents)) ?? [];
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
