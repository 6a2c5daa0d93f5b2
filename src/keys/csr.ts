/** Certificate signing requests (RFC 2986) with the names as subject alternative names and an empty subject. */
import * as der from "../der.ts";
import type { SigningKey } from "./keys.ts";
import { signed, subjectAltName } from "./x509.ts";

/** DER of a request for DNS names and IP addresses, signed with `key`. */
export async function makeCsr(key: SigningKey, names: readonly string[]): Promise<Uint8Array> {
  const info = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(),
    key.spki,
    der.explicit(0, extensionRequest(subjectAltName(names))),
  );
  return await signed(key, info);
}

/** The attribute extensionRequest (RFC 2985 section 5.4.2). */
function extensionRequest(extension: Uint8Array): Uint8Array {
  return der.sequence(der.oid("1.2.840.113549.1.9.14"), der.set(der.sequence(extension)));
}
