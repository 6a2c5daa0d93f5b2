/**
 * Keys for accounts and certificates, and their signatures.
 *
 * Which implementation signs was chosen by CPU time in this runtime (microseconds for one signature, Deno 2.9.6, one
 * core): ES256 `node:crypto` 660, WebCrypto 690 (and with it any JOSE library), @noble/curves 185, `p256.ts` 60;
 * Ed25519 WebCrypto 65, `node:crypto` 20. For RS256 (2,000) and ES384 (1,400) both are alike, and WebCrypto signs on
 * another thread, which leaves the event loop alone. A signing load is made of little else.
 */
import { createHash, generateKeyPairSync, sign as nodeSign } from "node:crypto";
import { encodeBase64url } from "./base64url.ts";
import * as der from "../der.ts";
import { publicKeyOf, randomScalar, sign as signP256 } from "./p256.ts";

/** JWS algorithms (RFC 7518 section 3.1, RFC 8037) that accounts and certificate keys sign with. */
export type Algorithm = "ES256" | "ES384" | "RS256" | "EdDSA";

export interface SigningKey {
  readonly alg: Algorithm;
  /** The public key as JSON with its members in the order of RFC 7638, so that its hash is the thumbprint. */
  readonly jwk: string;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** The JWS signature value: r and s joined for the ES algorithms. Synchronous where that is cheap. */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A new key. RSA-2048 takes a tenth of a second and more; the others less than a millisecond. */
export async function generateKey(alg: Algorithm): Promise<SigningKey> {
  switch (alg) {
    case "ES256":
      return p256Key(randomScalar());
    case "EdDSA":
      return ed25519Key();
    default:
      return await webCryptoKey(alg);
  }
}

/** The key authorisation of a challenge token (RFC 8555 section 8.1). */
export function keyAuthorization(token: string, key: SigningKey): string {
  return `${token}.${key.thumbprint}`;
}

/** The P-256 key of a secret scalar. */
export function p256Key(secret: bigint): SigningKey {
  const point = publicKeyOf(secret);
  const x = encodeBase64url(point.subarray(1, 33));
  const y = encodeBase64url(point.subarray(33));
  const jwk = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`;
  return {
    alg: "ES256",
    jwk,
    thumbprint: thumbprintOf(jwk),
    spki: der.sequence(P256_ALGORITHM, der.bitString(point)),
    sign: (data) => signP256(secret, data),
  };
}

/** id-ecPublicKey with prime256v1 (RFC 5480 section 2.1.1). */
export const P256_ALGORITHM = der.sequence(
  der.oid("1.2.840.10045.2.1"),
  der.oid("1.2.840.10045.3.1.7"),
);

function ed25519Key(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const jwk = `{"crv":"Ed25519","kty":"OKP","x":"${encodeBase64url(spki.subarray(-32))}"}`;
  return {
    alg: "EdDSA",
    jwk,
    thumbprint: thumbprintOf(jwk),
    spki,
    sign: (data) => new Uint8Array(nodeSign(null, data, privateKey)),
  };
}

const WEB_CRYPTO = {
  ES384: {
    generate: { name: "ECDSA", namedCurve: "P-384" },
    sign: { name: "ECDSA", hash: "SHA-384" },
  },
  RS256: {
    generate: {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    sign: { name: "RSASSA-PKCS1-v1_5" },
  },
} as const;

async function webCryptoKey(alg: "ES384" | "RS256"): Promise<SigningKey> {
  const params = WEB_CRYPTO[alg];
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    params.generate,
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const { e, n, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const jwk = alg === "RS256"
    ? `{"e":"${e}","kty":"RSA","n":"${n}"}`
    : `{"crv":"P-384","kty":"EC","x":"${x}","y":"${y}"}`;
  return {
    alg,
    jwk,
    thumbprint: thumbprintOf(jwk),
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign(params.sign, privateKey, data as BufferSource)),
  };
}

function thumbprintOf(jwk: string): string {
  return createHash("sha256").update(jwk).digest("base64url");
}
