/** The part of TLS 1.3's key schedule that opens a server's first flight (RFC 8446 sections 7.1 and 5.2). */
import { createDecipheriv, createHash, createHmac } from "node:crypto";
import { join, uint, vector } from "./octets.ts";

const HASH_LENGTH = 32;
const KEY_LENGTH = 16;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const NOTHING = new Uint8Array();
const encoder = new TextEncoder();

/** Opens the records of TLS_AES_128_GCM_SHA256 that a server protects with its handshake keys, in their order. */
export class RecordOpener {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #sequence = 0;

  /** `transcript`: the client's hello and the server's, without record headers. */
  constructor(sharedSecret: Uint8Array, transcript: Uint8Array) {
    const zeros = new Uint8Array(HASH_LENGTH);
    const early = hmac(zeros, zeros);
    const handshake = hmac(expand(early, "derived", sha256(NOTHING), HASH_LENGTH), sharedSecret);
    const traffic = expand(handshake, "s hs traffic", sha256(transcript), HASH_LENGTH);
    this.#key = expand(traffic, "key", NOTHING, KEY_LENGTH);
    this.#iv = expand(traffic, "iv", NOTHING, IV_LENGTH);
  }

  /** Content type and contents of a protected record; `undefined` when it is not authentic. */
  open(contents: Uint8Array): { readonly type: number; readonly contents: Uint8Array } | undefined {
    if (contents.length < TAG_LENGTH) return undefined;
    const end = contents.length - TAG_LENGTH;
    const decipher = createDecipheriv("aes-128-gcm", this.#key, this.#nonce());
    decipher.setAAD(join(uint(1, 23), uint(2, 0x0303), uint(2, contents.length)));
    decipher.setAuthTag(contents.subarray(end));
    try {
      const plain = join(decipher.update(contents.subarray(0, end)), decipher.final());
      return withoutPadding(plain);
    } catch {
      return undefined;
    }
  }

  #nonce(): Uint8Array {
    const nonce = this.#iv.slice();
    uint(4, this.#sequence++).forEach((octet, at) => nonce[IV_LENGTH - 4 + at]! ^= octet);
    return nonce;
  }
}

/** The content type is the last octet that is not zero. */
function withoutPadding(
  plain: Uint8Array,
): { readonly type: number; readonly contents: Uint8Array } {
  let last = plain.length - 1;
  while (last > 0 && plain[last] === 0) last--;
  return { type: plain[last] ?? 0, contents: plain.subarray(0, Math.max(0, last)) };
}

/** HKDF-Expand-Label of at most one hash's length. */
function expand(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = encoder.encode(`tls13 ${label}`);
  const info = join(uint(2, length), vector(1, name), vector(1, context), uint(1, 1));
  return hmac(secret, info).subarray(0, length);
}

/** HKDF-Extract, with the salt as key. */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}
