/** Certificate signing requests (RFC 2986) with the names as subject alternative names. */
import * as der from "../der.ts";
import type { SigningKey } from "./keys.ts";
import { signed, subjectAltName } from "./x509.ts";

/** DER of a request for DNS names and IP addresses, signed with `key`; the subject is empty but for a given name. */
export async function makeCsr(
  key: SigningKey,
  names: readonly string[],
  commonName?: string,
): Promise<Uint8Array> {
  const info = der.sequence(
    der.integer(Uint8Array.of(0)),
    commonName === undefined ? der.sequence() : subjectOf(commonName),
    key.spki,
    der.explicit(0, extensionRequest(subjectAltName(names))),
  );
  return await signed(key, info);
}

const UTF8_STRING = 0x0c;

/** A name with one commonName (RFC 5280 appendix A.1). */
function subjectOf(commonName: string): Uint8Array {
  const value = der.element(UTF8_STRING, new TextEncoder().encode(commonName));
  return der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), value)));
}

/** The attribute extensionRequest (RFC 2985 section 5.4.2). */
function extensionRequest(extension: Uint8Array): Uint8Array {
  return der.sequence(der.oid("1.2.840.113549.1.9.14"), der.set(der.sequence(extension)));
}
