/** Ephemeral Diffie-Hellman of TLS 1.3 (RFC 8446 section 4.2.8). */
import { HandshakeError } from "./octets.ts";

const ALGORITHMS = {
  [0x001d]: { name: "X25519" },
  [0x0017]: { name: "ECDH", namedCurve: "P-256" },
} as const;

type Group = keyof typeof ALGORITHMS;

/** X25519 and P-256, the one that is liked best first. */
export const GROUPS: readonly Group[] = [0x001d, 0x0017];

export interface KeyShare {
  readonly group: Group;
  readonly publicKey: Uint8Array;
  readonly privateKey: CryptoKey;
}

export async function newKeyShare(group: Group): Promise<KeyShare> {
  const pair = await crypto.subtle.generateKey(ALGORITHMS[group], true, ["deriveBits"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey("raw", publicKey);
  return { group, privateKey, publicKey: new Uint8Array(raw) };
}

/** Throws HandshakeError for what is no point of the curve, or one of small order. */
export async function sharedSecret(
  { group, privateKey }: KeyShare,
  theirs: Uint8Array,
): Promise<Uint8Array> {
  try {
    const algorithm = ALGORITHMS[group];
    const peer = await crypto.subtle.importKey("raw", theirs as BufferSource, algorithm, true, []);
    const params = { name: algorithm.name, public: peer };
    return new Uint8Array(await crypto.subtle.deriveBits(params, privateKey, 256));
  } catch {
    throw new HandshakeError("a key share that is no key");
  }
}
