/**
 * The server's half of a TLS 1.3 handshake (RFC 8446), and nothing after it: enough for a validator to see a
 * certificate. RFC 8737 wants that certificate to have a critical extension, and the runtime's own TLS server refuses
 * one with a critical extension that it does not know. No data is carried, so the keys protect nothing.
 */
import type { ClientHello } from "./client_hello.ts";
import { GROUPS, type KeyShare, newKeyShare, sharedSecret } from "./key_share.ts";
import {
  AES_128_GCM_SHA256,
  ECDSA_P256_SHA256,
  EXTENSION,
  extension,
  MESSAGE,
  message,
  RECORD,
  record,
  TLS_1_2,
  TLS_1_3,
} from "./messages.ts";
import { HandshakeError, join, uint, vector } from "./octets.ts";
import { ServerTraffic, sha256 } from "./traffic.ts";

interface ServerIdentity {
  /** DER of the only certificate. */
  readonly certificate: Uint8Array;
  /** With its P-256 key: the signature in DER. */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
  /** The application protocol to agree on (RFC 7301). */
  readonly protocol: string;
}

/** All records that the server sends. Throws HandshakeError when the client cannot be served. */
export async function serverFlight(
  hello: ClientHello,
  { certificate, sign, protocol }: ServerIdentity,
): Promise<Uint8Array> {
  const group = GROUPS.find((each) => hello.keyShares.has(each));
  if (group === undefined || !isServable(hello, protocol)) {
    throw new HandshakeError("a hello without what RFC 8737 and TLS 1.3 want of it");
  }
  const share = await newKeyShare(group);
  const secret = await sharedSecret(share, hello.keyShares.get(group)!);
  const serverHello = serverHelloOf(hello, share);
  const hellos = join(hello.message, serverHello);
  const traffic = new ServerTraffic(secret, hellos);
  const shown = join(
    message(MESSAGE.encryptedExtensions, vector(2, alpn(protocol))),
    message(MESSAGE.certificate, uint(1, 0), vector(3, vector(3, certificate), uint(2, 0))),
  );
  const proof = await sign(join(VERIFY_CONTEXT, sha256(join(hellos, shown))));
  const proved = join(
    shown,
    message(MESSAGE.certificateVerify, uint(2, ECDSA_P256_SHA256), vector(2, proof)),
  );
  const finished = message(MESSAGE.finished, traffic.finished(join(hellos, proved)));
  return join(
    record(RECORD.handshake, serverHello),
    record(RECORD.changeCipherSpec, Uint8Array.of(1)),
    traffic.seal(join(proved, finished)),
  );
}

/** What stands before the transcript's hash in a signature (section 4.4.3). */
const VERIFY_CONTEXT = new TextEncoder().encode(
  " ".repeat(64) + "TLS 1.3, server CertificateVerify\0",
);

function isServable(hello: ClientHello, protocol: string): boolean {
  return hello.versions.includes(TLS_1_3) && hello.cipherSuites.includes(AES_128_GCM_SHA256) &&
    hello.signatureSchemes.includes(ECDSA_P256_SHA256) && hello.protocols.includes(protocol);
}

function serverHelloOf({ sessionId }: ClientHello, { group, publicKey }: KeyShare): Uint8Array {
  return message(
    MESSAGE.serverHello,
    uint(2, TLS_1_2),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, sessionId),
    uint(2, AES_128_GCM_SHA256),
    uint(1, 0),
    vector(
      2,
      extension(EXTENSION.supportedVersions, uint(2, TLS_1_3)),
      extension(EXTENSION.keyShare, uint(2, group), vector(2, publicKey)),
    ),
  );
}

function alpn(protocol: string): Uint8Array {
  return extension(EXTENSION.alpn, vector(2, vector(1, new TextEncoder().encode(protocol))));
}
