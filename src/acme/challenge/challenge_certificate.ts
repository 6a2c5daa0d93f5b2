/** The self-signed certificate that answers tls-alpn-01 (RFC 8737 section 3). */
import { createHash } from "node:crypto";
import * as der from "../../der.ts";
import type { SigningKey } from "../../keys/keys.ts";
import { signatureAlgorithm, signed, subjectAltName } from "../../keys/x509.ts";
import type { Proof } from "./proofs.ts";

const DAY_MS = 86_400_000;

/** DER of a certificate for the proof's name with the critical extension acmeIdentifier. */
export function challengeCertificate(
  key: SigningKey,
  { name, keyAuthorization }: Pick<Proof, "name" | "keyAuthorization">,
  nowMs: number,
): Promise<Uint8Array> {
  const digest = createHash("sha256").update(keyAuthorization).digest();
  const acmeIdentifier = der.sequence(
    der.oid("1.3.6.1.5.5.7.1.31"),
    der.TRUE,
    der.octetString(der.octetString(digest)),
  );
  return selfSigned(key, [subjectAltName([name]), acmeIdentifier], nowMs);
}

/** DER of a self-signed end-entity certificate (RFC 5280), good for a day before and after now. */
export async function selfSigned(
  key: SigningKey,
  extensions: readonly Uint8Array[],
  nowMs: number,
): Promise<Uint8Array> {
  const commonName = der.element(0x0c, new TextEncoder().encode("certload"));
  const name = der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), commonName)));
  const tbs = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(crypto.getRandomValues(new Uint8Array(16))),
    signatureAlgorithm(key),
    name,
    der.sequence(der.utcTime(new Date(nowMs - DAY_MS)), der.utcTime(new Date(nowMs + DAY_MS))),
    name,
    key.spki,
    der.explicit(3, der.sequence(...extensions)),
  );
  return await signed(key, tbs);
}
