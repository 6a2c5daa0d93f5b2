/**
 * Flattened JSON Web Signatures as ACME wants them (RFC 8555 section 6.2). What does not change between an account's
 * requests is joined once; a request costs its signature and little else.
 */
import { createHmac } from "node:crypto";
import { encodeBase64url } from "./base64url.ts";
import type { SigningKey } from "./keys.ts";

/** Who signs: a key, and how it is named to the server. */
export interface Signer {
  readonly key: SigningKey;
  /** The account's URL; without it the JWK itself is sent. */
  readonly kid?: string;
  /** Beginning of the protected header: `{"alg":...,"kid":...,` */
  readonly prefix: string;
}

/** Signs as an account (with `kid`) or by the key alone (new account, revocation by certificate key). */
export function signerOf(key: SigningKey, kid?: string): Signer {
  const identity = kid === undefined ? `"jwk":${key.jwk}` : `"kid":${JSON.stringify(kid)}`;
  return { key, kid, prefix: `{"alg":"${key.alg}",${identity},` };
}

/** Payload of a POST-as-GET (RFC 8555 section 6.3). */
export const POST_AS_GET = "";

const encoder = new TextEncoder();

/**
 * A request's body. `payload` is JSON text, or empty for POST-as-GET. Only inner objects (key change) have no nonce.
 * Returns a promise only where the key's signature is one.
 */
export function signJws(
  { key, prefix }: Signer,
  url: string,
  payload: string,
  nonce?: string,
): string | Promise<string> {
  const claim = nonce === undefined ? "" : `"nonce":${JSON.stringify(nonce)},`;
  const header = encodeBase64url(`${prefix}${claim}"url":${JSON.stringify(url)}}`);
  const body = payload === "" ? "" : encodeBase64url(payload);
  const signature = key.sign(encoder.encode(`${header}.${body}`));
  return signature instanceof Promise
    ? signature.then((value) => flattened(header, body, encodeBase64url(value)))
    : flattened(header, body, encodeBase64url(signature));
}

/** What binds an account to one outside ACME (RFC 8555 section 7.3.4), HS256. */
export function externalAccountBinding(
  options: { readonly kid: string; readonly hmacKey: Uint8Array; readonly url: string },
  key: SigningKey,
): string {
  const { kid, hmacKey, url } = options;
  const header = encodeBase64url(JSON.stringify({ alg: "HS256", kid, url }));
  const body = encodeBase64url(key.jwk);
  const mac = createHmac("sha256", hmacKey).update(`${header}.${body}`).digest("base64url");
  return flattened(header, body, mac);
}

function flattened(header: string, payload: string, signature: string): string {
  return `{"protected":"${header}","payload":"${payload}","signature":"${signature}"}`;
}
