/** Flattened JSON Web Signatures as ACME wants them (RFC 8555 section 6.2). */
import { FlattenedSign } from "jose";
import { encodeBase64url } from "../keys/base64url.ts";
import type { SigningKey } from "../keys/keys.ts";

/** Who signs: a key, and how it is named to the server. */
export interface Signer {
  readonly key: SigningKey;
  /** The account's URL; without it the JWK itself is sent. */
  readonly kid?: string;
}

/** Payload of a POST-as-GET (RFC 8555 section 6.3). */
export const POST_AS_GET = "";

const encoder = new TextEncoder();

/** A request's body. `payload` is JSON text, or empty for POST-as-GET. Only inner objects (key change) have no nonce. */
export async function signJws(
  { key, kid }: Signer,
  url: string,
  payload: string,
  nonce?: string,
): Promise<string> {
  const header = { alg: key.alg, ...(kid === undefined ? { jwk: key.jwk } : { kid }), nonce, url };
  return key.alg === "ES256"
    ? await signPrepared(key, JSON.stringify(header), payload)
    : JSON.stringify(
      await new FlattenedSign(encoder.encode(payload)).setProtectedHeader(header)
        .sign(await key.privateKey()),
    );
}

/** The same with a signature that is half made, which no JOSE library can be given. */
async function signPrepared(key: SigningKey, header: string, payload: string): Promise<string> {
  const signed = `${encodeBase64url(header)}.${encodeBase64url(payload)}`;
  const signature = encodeBase64url(await key.sign(encoder.encode(signed)));
  const [first, second] = signed.split(".");
  return `{"protected":"${first}","payload":"${second}","signature":"${signature}"}`;
}

/** What binds an account to one outside ACME (RFC 8555 section 7.3.4), HS256. */
export function externalAccountBinding(
  options: { readonly kid: string; readonly hmacKey: Uint8Array; readonly url: string },
  key: SigningKey,
): Promise<object> {
  const { kid, hmacKey, url } = options;
  return new FlattenedSign(encoder.encode(JSON.stringify(key.jwk)))
    .setProtectedHeader({ alg: "HS256", kid, url }).sign(hmacKey);
}
