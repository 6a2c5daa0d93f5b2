/**
 * Keys for accounts and certificates. They are jose's, and so are the signatures of requests, but for ES256: signing is
 * most of what a load of it does, so its signatures are prepared (`prepared_signatures.ts`).
 */
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from "jose";
import { p256 } from "@noble/curves/nist";
import * as der from "../der.ts";
import { encodeBase64url } from "./base64url.ts";
import { randomScalar, sign as signPrepared } from "./prepared_signatures.ts";

/** JWS algorithms (RFC 7518 section 3.1, RFC 8037) that accounts and certificate keys sign with. */
export type Algorithm = "ES256" | "ES384" | "RS256" | "EdDSA";

export interface SigningKey {
  readonly alg: Algorithm;
  /** The public key. */
  readonly jwk: JWK;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** The key as the runtime holds it. */
  privateKey(): Promise<CryptoKey>;
  /** PKCS #8 (RFC 5958), DER: what PEM files of servers hold. */
  pkcs8(): Promise<Uint8Array>;
  /** The JWS signature value: r and s joined for the ES algorithms. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A new key. RSA-2048 takes a tenth of a second and more; the others less than a millisecond. */
export function generateKey(alg: Algorithm): Promise<SigningKey> {
  return alg === "ES256" ? p256Key(randomScalar()) : runtimeKey(alg);
}

/** id-ecPublicKey with prime256v1 (RFC 5480 section 2.1.1). */
const P256_ALGORITHM = der.sequence(
  der.oid("1.2.840.10045.2.1"),
  der.oid("1.2.840.10045.3.1.7"),
);

/** The P-256 key of a secret scalar. */
async function p256Key(secret: bigint): Promise<SigningKey> {
  const point = p256.Point.BASE.multiplyUnsafe(secret).toBytes(false);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(encodeBase64url);
  const jwk: JWK = { crv: "P-256", kty: "EC", x: x!, y: y! };
  return {
    alg: "ES256",
    jwk,
    thumbprint: await calculateJwkThumbprint(jwk),
    spki: der.sequence(P256_ALGORITHM, der.bitString(point)),
    privateKey: () => {
      const d = encodeBase64url(p256.Point.Fn.toBytes(secret));
      return importJWK({ ...jwk, d }, "ES256") as Promise<CryptoKey>;
    },
    pkcs8: () => Promise.resolve(p256Pkcs8(p256.Point.Fn.toBytes(secret), point)),
    sign: (data) => Promise.resolve(signPrepared(secret, data)),
  };
}

/** An ECPrivateKey (RFC 5915) with its public key, as PKCS #8. */
function p256Pkcs8(secret: Uint8Array, point: Uint8Array): Uint8Array {
  const key = der.sequence(
    der.integer(Uint8Array.of(1)),
    der.octetString(secret),
    der.explicit(1, der.bitString(point)),
  );
  return der.sequence(der.integer(Uint8Array.of(0)), P256_ALGORITHM, der.octetString(key));
}

const SIGNING = {
  ES384: { name: "ECDSA", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  EdDSA: { name: "Ed25519" },
} as const;

async function runtimeKey(alg: Exclude<Algorithm, "ES256">): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    alg,
    jwk,
    thumbprint: await calculateJwkThumbprint(jwk),
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    privateKey: () => Promise.resolve(privateKey),
    pkcs8: async () => new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)),
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign(SIGNING[alg], privateKey, data as BufferSource)),
  };
}
