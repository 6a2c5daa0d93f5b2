/** Certificate signing requests (RFC 2986) with the names as subject alternative names and an empty subject. */
import * as der from "./der.ts";
import { type SigningKey, x509Signature } from "./keys.ts";

/** DER of a request for DNS names, signed with `key`. */
export async function makeCsr(key: SigningKey, names: readonly string[]): Promise<Uint8Array> {
  const info = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(),
    key.spki,
    der.explicit(0, extensionRequest(subjectAltName(names))),
  );
  const { algorithm, value } = await x509Signature(key, info);
  return der.sequence(info, algorithm, der.bitString(value));
}

/** The subjectAltName extension (RFC 5280 section 4.2.1.6), not critical. */
export function subjectAltName(names: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const dnsNames = names.map((name) => der.element(0x82, encoder.encode(name)));
  return der.sequence(der.oid("2.5.29.17"), der.octetString(der.sequence(...dnsNames)));
}

/** The attribute extensionRequest (RFC 2985 section 5.4.2). */
function extensionRequest(extension: Uint8Array): Uint8Array {
  return der.sequence(der.oid("1.2.840.113549.1.9.14"), der.set(der.sequence(extension)));
}
