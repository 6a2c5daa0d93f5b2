/**
 * JSON Web Signatures as ACME uses them (RFC 8555 section 6.2): flattened JSON serialization, everything in the
 * protected header, exactly one of `jwk` and `kid`.
 */
import {
  calculateJwkThumbprint,
  type CryptoKey,
  type FlattenedJWS,
  flattenedVerify,
  importJWK,
  type JWK,
} from "jose";
import { malformed, Problem, unauthorized } from "./problem.ts";

/** ES384 is for certificates with P-384 keys, which may sign their own revocation. */
const ALGORITHMS = ["ES256", "ES384", "RS256", "EdDSA"] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const BODY_LIMIT_BYTES = 64 * 1024;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A public key, its private and decorative members left out. */
export type PublicJwk = JWK;

export interface Jws {
  readonly flattened: FlattenedJWS;
  readonly algorithm: Algorithm;
  readonly header: Readonly<Record<string, unknown>>;
  /** Bytes of the payload, not yet verified. */
  readonly payload: Uint8Array;
}

/** Takes a body apart without trusting it. Throws `malformed` or `badSignatureAlgorithm`. */
export function parseJws(body: Uint8Array | undefined, algorithms = ALGORITHMS): Jws {
  if (body === undefined || body.length > BODY_LIMIT_BYTES) {
    throw malformed(`the request body is larger than ${BODY_LIMIT_BYTES} bytes`);
  }
  return readJws(parseObject(body, "the request body"), algorithms);
}

/** The same for a JWS inside of another. */
export function readJws(value: unknown, algorithms: readonly string[] = ALGORITHMS): Jws {
  const { protected: encoded, payload, signature, ...rest } = (value ?? {}) as FlattenedJWS;
  if (typeof encoded !== "string" || typeof payload !== "string" || typeof signature !== "string") {
    throw malformed(
      "a JWS must be a JSON object with the strings protected, payload and signature",
    );
  }
  if ("header" in rest) throw malformed("a JWS must have no unprotected header (RFC 8555 6.2)");
  if ("signatures" in rest) throw malformed("a JWS must have exactly one signature");
  const header = parseObject(decodeBase64url(encoded, "protected"), "the protected header");
  const { alg, typ } = header;
  if (typ !== undefined && typ !== "JWT" && typ !== "application/jose+json") {
    throw malformed(`typ must be absent or application/jose+json, not ${JSON.stringify(typ)}`);
  }
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw new Problem(
      "badSignatureAlgorithm",
      400,
      `alg ${JSON.stringify(alg)} is not one of ${algorithms.join(", ")}`,
      { members: { algorithms } },
    );
  }
  return {
    flattened: { protected: encoded, payload, signature },
    algorithm: alg as Algorithm,
    header,
    payload: decodeBase64url(payload, "payload"),
  };
}

/** JSON of the payload; `undefined` when it is empty. Only to be read after the signature has been verified. */
export function payloadOf({ payload }: Jws): Readonly<Record<string, unknown>> | undefined {
  return payload.length === 0 ? undefined : parseObject(payload, "the payload");
}

/** Throws `unauthorized`. */
export async function verify(jws: Jws, key: CryptoKey | Uint8Array): Promise<void> {
  try {
    await flattenedVerify(jws.flattened, key, { algorithms: [jws.header["alg"] as string] });
  } catch {
    throw unauthorized("the JWS signature does not verify with the key");
  }
}

/** What of a header's `jwk` makes up the key. Throws `badPublicKey`. */
export function publicJwk(value: unknown): PublicJwk {
  const { kty, crv, x, y, n, e } = (typeof value === "object" ? value ?? {} : {}) as JWK;
  switch (kty) {
    case "EC":
      return { kty, crv, x, y } as JWK;
    case "OKP":
      return { kty, crv, x } as JWK;
    case "RSA":
      return { kty, n, e } as JWK;
  }
  throw badPublicKey(`kty ${JSON.stringify(kty)} is not one of EC, OKP, RSA`);
}

/** RFC 7638, SHA-256, base64url. Throws `badPublicKey`. */
export async function thumbprint(jwk: PublicJwk): Promise<string> {
  try {
    return await calculateJwkThumbprint(jwk);
  } catch (error) {
    throw badPublicKey((error as Error).message);
  }
}

/** Imported keys by algorithm and JWK: importing costs more than looking up. */
const imported = new Map<string, CryptoKey>();
const IMPORTED_LIMIT = 10_000;

/** Throws `badPublicKey` for a key that is none, or does not fit the algorithm. */
export async function importKey(jwk: PublicJwk, algorithm: Algorithm): Promise<CryptoKey> {
  const name = `${algorithm} ${JSON.stringify(jwk)}`;
  let key = imported.get(name);
  if (key === undefined) {
    try {
      key = await importJWK(jwk, algorithm) as CryptoKey;
    } catch (error) {
      throw badPublicKey((error as Error).message);
    }
    if (imported.size >= IMPORTED_LIMIT) imported.clear();
    imported.set(name, key);
  }
  return key;
}

/** SubjectPublicKeyInfo, DER. Throws `badPublicKey`. */
export async function publicKeyOf(jwk: PublicJwk, algorithm: Algorithm): Promise<Uint8Array> {
  const key = await importKey(jwk, algorithm);
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}

function badPublicKey(detail: string): Problem {
  return new Problem("badPublicKey", 400, `the key cannot be used: ${detail}`);
}

/** Throws `malformed`. */
export function decodeBase64url(text: unknown, what: string): Uint8Array {
  if (typeof text === "string" && /^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1) {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  }
  throw malformed(`${what} is not base64url without padding`);
}

function parseObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    throw malformed(`${what} is not JSON`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw malformed(`${what} is not a JSON object`);
}
