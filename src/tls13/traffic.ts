/** How a server's first flight is protected: TLS 1.3's key schedule and records (RFC 8446 sections 7.1 and 5.2). */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { RECORD, TLS_1_2 } from "./messages.ts";
import { join, uint, vector } from "./octets.ts";

const HASH_LENGTH = 32;
const KEY_LENGTH = 16;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const NOTHING = new Uint8Array();

/** Records of TLS_AES_128_GCM_SHA256 under a server's handshake keys, in their order; one side seals, one opens. */
export class ServerTraffic {
  readonly #secret: Uint8Array;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #sequence = 0;

  /** `hellos`: the client's and the server's, without record headers. */
  constructor(sharedSecret: Uint8Array, hellos: Uint8Array) {
    const zeros = new Uint8Array(HASH_LENGTH);
    const early = hmac(zeros, zeros);
    const handshake = hmac(expand(early, "derived", sha256(NOTHING), HASH_LENGTH), sharedSecret);
    this.#secret = expand(handshake, "s hs traffic", sha256(hellos), HASH_LENGTH);
    this.#key = expand(this.#secret, "key", NOTHING, KEY_LENGTH);
    this.#iv = expand(this.#secret, "iv", NOTHING, IV_LENGTH);
  }

  /** What the message Finished says of all messages before it (section 4.4.4). */
  finished(transcript: Uint8Array): Uint8Array {
    return hmac(expand(this.#secret, "finished", NOTHING, HASH_LENGTH), sha256(transcript));
  }

  /** The record that carries handshake messages. */
  seal(messages: Uint8Array): Uint8Array {
    const plain = join(messages, uint(1, RECORD.handshake));
    const header = headerOf(plain.length + TAG_LENGTH);
    const cipher = createCipheriv("aes-128-gcm", this.#key, this.#nonce()).setAAD(header);
    const parts = [cipher.update(plain), cipher.final()];
    return join(header, ...parts, cipher.getAuthTag());
  }

  /** Content type and contents of a protected record; `undefined` when it is not authentic. */
  open(contents: Uint8Array): { readonly type: number; readonly contents: Uint8Array } | undefined {
    if (contents.length < TAG_LENGTH) return undefined;
    const end = contents.length - TAG_LENGTH;
    const decipher = createDecipheriv("aes-128-gcm", this.#key, this.#nonce());
    decipher.setAAD(headerOf(contents.length));
    decipher.setAuthTag(contents.subarray(end));
    try {
      return withoutPadding(join(decipher.update(contents.subarray(0, end)), decipher.final()));
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

function headerOf(length: number): Uint8Array {
  return join(uint(1, RECORD.applicationData), uint(2, TLS_1_2), uint(2, length));
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
  const name = new TextEncoder().encode(`tls13 ${label}`);
  const info = join(uint(2, length), vector(1, name), vector(1, context), uint(1, 1));
  return hmac(secret, info).subarray(0, length);
}

/** HKDF-Extract, with the salt as key. */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

export function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}
