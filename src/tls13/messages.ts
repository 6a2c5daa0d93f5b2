/** Numbers of TLS 1.3 (RFC 8446) that both sides of a handshake use, and the frames around what they say. */
import { type Cursor, join, uint, vector } from "./octets.ts";

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 };
export const MESSAGE = {
  clientHello: 1,
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
  certificateVerify: 15,
  finished: 20,
};
export const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureSchemes: 13,
  alpn: 16,
  supportedVersions: 43,
  keyShare: 51,
};
export const TLS_1_3 = 0x0304;
/** What records and hellos call themselves, for those in between that know nothing newer. */
export const TLS_1_2 = 0x0303;
/** The cipher suite that everybody must have. */
export const AES_128_GCM_SHA256 = 0x1301;
export const ECDSA_P256_SHA256 = 0x0403;

export function record(type: number, contents: Uint8Array): Uint8Array {
  return join(uint(1, type), uint(2, TLS_1_2), vector(2, contents));
}

export function message(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return join(uint(1, type), vector(3, ...parts));
}

export function extension(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return join(uint(2, type), vector(2, ...parts));
}

/** By type. */
export function readExtensions(cursor: Cursor): Map<number, Uint8Array> {
  return new Map(cursor.list(2, (each) => [each.uint(2), each.vector(2)]));
}
