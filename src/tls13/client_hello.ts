/** The ClientHello of TLS 1.3 (RFC 8446 section 4.1.2), written and read as far as a challenge needs it. */
import { GROUPS, type KeyShare } from "./key_share.ts";
import {
  AES_128_GCM_SHA256,
  ECDSA_P256_SHA256,
  EXTENSION,
  extension,
  MESSAGE,
  message,
  readExtensions,
  RECORD,
  TLS_1_2,
  TLS_1_3,
} from "./messages.ts";
import { Cursor, HandshakeError, uint, vector } from "./octets.ts";

/** Beyond this a hello is refused: real ones are a few hundred octets, with post-quantum shares under two thousand. */
export const MAX_HELLO = 16 * 1024;

/** ECDSA, RSA-PSS and RSA with SHA-256, SHA-384 and SHA-512, and Ed25519. */
const SIGNATURE_SCHEMES = [
  ECDSA_P256_SHA256,
  ...[0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807],
];

/** The message that asks for one name and one application protocol, by the mandatory cipher suite and no older TLS. */
export function clientHello(
  name: string,
  protocol: string,
  shares: readonly KeyShare[],
): Uint8Array {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const twos = (values: readonly number[]): Uint8Array[] => values.map((value) => uint(2, value));
  const keyShares = shares.flatMap((
    { group, publicKey },
  ) => [uint(2, group), vector(2, publicKey)]);
  return message(
    MESSAGE.clientHello,
    uint(2, TLS_1_2),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, crypto.getRandomValues(new Uint8Array(32))),
    vector(2, uint(2, AES_128_GCM_SHA256)),
    vector(1, uint(1, 0)), // no compression
    vector(
      2,
      extension(EXTENSION.serverName, vector(2, uint(1, 0), vector(2, text(name)))),
      extension(EXTENSION.supportedGroups, vector(2, ...twos(GROUPS))),
      extension(EXTENSION.signatureSchemes, vector(2, ...twos(SIGNATURE_SCHEMES))),
      extension(EXTENSION.alpn, vector(2, vector(1, text(protocol)))),
      extension(EXTENSION.supportedVersions, vector(1, uint(2, TLS_1_3))),
      extension(EXTENSION.keyShare, vector(2, ...keyShares)),
    ),
  );
}

export interface ClientHello {
  /** The handshake message as it came, for the transcript. */
  readonly message: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  /** RFC 6066 section 3, in lower case. */
  readonly serverName?: string;
  /** RFC 7301. */
  readonly protocols: readonly string[];
  readonly versions: readonly number[];
  readonly signatureSchemes: readonly number[];
  /** Group -> public value. */
  readonly keyShares: ReadonlyMap<number, Uint8Array>;
}

/** The hello in the octets received so far, if it is complete. Only one within a single record is understood. */
export function readClientHello(octets: Uint8Array): ClientHello | "incomplete" | "bad" {
  if (octets.length < 5) return "incomplete";
  const length = octets[3]! * 256 + octets[4]!;
  if (octets[0] !== RECORD.handshake || length > MAX_HELLO) return "bad";
  if (octets.length < 5 + length) return "incomplete";
  try {
    return parse(octets.slice(5, 5 + length));
  } catch {
    return "bad";
  }
}

function parse(message: Uint8Array): ClientHello {
  const cursor = new Cursor(message);
  if (cursor.uint(1) !== MESSAGE.clientHello) throw new HandshakeError("no ClientHello");
  const hello = new Cursor(cursor.vector(3));
  hello.take(2 + 32); // version, random
  const sessionId = hello.vector(1);
  const cipherSuites = hello.list(2, twoOctets);
  hello.vector(1); // compression
  const extensions = readExtensions(hello);
  const list = <Item>(type: number, lengthOctets: number, read: (items: Cursor) => Item): Item[] =>
    extensions.has(type) ? new Cursor(extensions.get(type)!).list(lengthOctets, read) : [];
  const names = list(EXTENSION.serverName, 2, (each) => ({
    type: each.uint(1),
    name: text(each.vector(2)).toLowerCase(),
  }));
  return {
    message,
    sessionId,
    cipherSuites,
    serverName: names.find(({ type }) => type === 0)?.name,
    protocols: list(EXTENSION.alpn, 2, (each) => text(each.vector(1))),
    versions: list(EXTENSION.supportedVersions, 1, twoOctets),
    signatureSchemes: list(EXTENSION.signatureSchemes, 2, twoOctets),
    keyShares: new Map(list(EXTENSION.keyShare, 2, (each) => [each.uint(2), each.vector(2)])),
  };
}

function twoOctets(items: Cursor): number {
  return items.uint(2);
}

function text(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}
