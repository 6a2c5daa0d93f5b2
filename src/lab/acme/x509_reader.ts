/** What the ACME server reads of certificates (RFC 5280). Pure. */
import { readElement, readElements } from "../../der.ts";
import { readGeneralName } from "../../identifier.ts";
import { type Extension, X509Certificate } from "../../x509.ts";

const SUBJECT_ALT_NAME = "2.5.29.17";

/** Serial number as lower-case hex without leading zero octets; `undefined` when the bytes are no certificate. */
export function serialOf(certificate: Uint8Array): string | undefined {
  const serial = read(certificate)?.serialNumber;
  return serial === undefined ? undefined : hex(Uint8Array.fromHex(serial));
}

/** Empty when the bytes are no certificate. */
export function extensionsOf(certificate: Uint8Array): readonly Extension[] {
  return read(certificate)?.extensions ?? [];
}

function read(certificate: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate as BufferSource);
  } catch {
    return undefined;
  }
}

/** Names of a subjectAltName in lower case; `undefined` in place of one that is neither DNS name nor IP address. */
export function alternativeNames(extensions: readonly Extension[]): (string | undefined)[] {
  const extension = extensions.find(({ type }) => type === SUBJECT_ALT_NAME);
  const names = extension && readElement(new Uint8Array(extension.value));
  return (names && readElements(names.contents) || []).map(readGeneralName);
}

export function hex(octets: Uint8Array): string {
  return octets.toHex().replace(/^(00)+(?=..)/, "");
}
