/**
 * Keys for accounts and certificates, and their signatures. The only importer of the curve library.
 *
 * Which implementation signs was chosen by CPU time in this runtime (microseconds for one signature, Deno 2.9.6, one
 * core): ES256 `node:crypto` 660, WebCrypto 690 (and with it any JOSE library), @noble/curves 185; P-384 `node:crypto`
 * 1,460, @noble/curves 420; Ed25519 WebCrypto 65, `node:crypto` 20; RS256 both 2,000, where WebCrypto signs on another
 * thread and so does not hold up the event loop. A signing load is made of little else.
 */
import { createHash, generateKeyPairSync, sign as nodeSign } from "node:crypto";
import { p256, p384 } from "@noble/curves/nist";
import { encodeBase64url } from "./base64url.ts";
import * as der from "./der.ts";

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

interface Curve {
  readonly alg: "ES256" | "ES384";
  readonly crv: "P-256" | "P-384";
  readonly hash: "sha256" | "sha384";
  readonly oid: string;
  readonly curve: typeof p256;
}

const P256: Curve = {
  alg: "ES256",
  crv: "P-256",
  hash: "sha256",
  oid: "1.2.840.10045.3.1.7",
  curve: p256,
};
const P384: Curve = {
  alg: "ES384",
  crv: "P-384",
  hash: "sha384",
  oid: "1.3.132.0.34",
  curve: p384,
};

/** A new key. RSA-2048 takes a tenth of a second and more; the others less than a millisecond. */
export async function generateKey(alg: Algorithm): Promise<SigningKey> {
  switch (alg) {
    case "ES256":
      return ecKey(P256, p256.utils.randomPrivateKey());
    case "ES384":
      return ecKey(P384, p384.utils.randomPrivateKey());
    case "RS256":
      return await rsaKey();
    case "EdDSA":
      return ed25519Key();
  }
}

/** A P-256 key with its private half as PKCS #8 PEM, for a TLS listener. */
export function generateP256WithPem(): { readonly key: SigningKey; readonly pem: string } {
  const secret = p256.utils.randomPrivateKey();
  const privateKey = der.sequence(der.integer(Uint8Array.of(1)), der.octetString(secret));
  const pkcs8 = der.sequence(
    der.integer(Uint8Array.of(0)),
    curveAlgorithm(P256),
    der.octetString(privateKey),
  );
  return { key: ecKey(P256, secret), pem: toPem("PRIVATE KEY", pkcs8) };
}

export function toPem(label: string, data: Uint8Array): string {
  const base64 = encodeBase64url(data).replaceAll("-", "+").replaceAll("_", "/");
  const padded = base64 + "=".repeat((4 - base64.length % 4) % 4);
  const lines = padded.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The key authorisation of a challenge token (RFC 8555 section 8.1). */
export function keyAuthorization(token: string, key: SigningKey): string {
  return `${token}.${key.thumbprint}`;
}

function ecKey(params: Curve, secret: Uint8Array): SigningKey {
  const { alg, crv, curve, hash } = params;
  const point = curve.getPublicKey(secret, false);
  const size = (point.length - 1) / 2;
  const x = encodeBase64url(point.subarray(1, 1 + size));
  const y = encodeBase64url(point.subarray(1 + size));
  const jwk = `{"crv":"${crv}","kty":"EC","x":"${x}","y":"${y}"}`;
  return {
    alg,
    jwk,
    thumbprint: thumbprintOf(jwk),
    spki: der.sequence(curveAlgorithm(params), der.bitString(point)),
    sign: (data) =>
      curve.sign(createHash(hash).update(data).digest(), secret, { prehash: false }).toBytes(
        "compact",
      ),
  };
}

function curveAlgorithm({ oid }: Curve): Uint8Array {
  return der.sequence(der.oid("1.2.840.10045.2.1"), der.oid(oid));
}

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

async function rsaKey(): Promise<SigningKey> {
  const name = "RSASSA-PKCS1-v1_5";
  const params = {
    name,
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: "SHA-256",
  };
  const pair = await crypto.subtle.generateKey(params, true, ["sign", "verify"]) as CryptoKeyPair;
  const { e, n } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = `{"e":"${e}","kty":"RSA","n":"${n}"}`;
  return {
    alg: "RS256",
    jwk,
    thumbprint: thumbprintOf(jwk),
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign(name, pair.privateKey, data as BufferSource)),
  };
}

function thumbprintOf(jwk: string): string {
  return createHash("sha256").update(jwk).digest("base64url");
}

/** AlgorithmIdentifier and value of an X.509 signature (RFC 5758 section 3.2, RFC 4055 section 5) over `data`. */
export async function x509Signature(
  key: SigningKey,
  data: Uint8Array,
): Promise<{ readonly algorithm: Uint8Array; readonly value: Uint8Array }> {
  const signature = await key.sign(data);
  switch (key.alg) {
    case "ES256":
      return { algorithm: der.sequence(der.oid("1.2.840.10045.4.3.2")), value: rsPair(signature) };
    case "ES384":
      return { algorithm: der.sequence(der.oid("1.2.840.10045.4.3.3")), value: rsPair(signature) };
    case "RS256":
      return {
        algorithm: der.sequence(der.oid("1.2.840.113549.1.1.11"), der.NULL),
        value: signature,
      };
    case "EdDSA":
      return { algorithm: der.sequence(der.oid("1.3.101.112")), value: signature };
  }
}

function rsPair(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  return der.sequence(
    der.integer(signature.subarray(0, half)),
    der.integer(signature.subarray(half)),
  );
}
