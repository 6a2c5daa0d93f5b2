/**
 * The server's half of a TLS 1.3 handshake (RFC 8446), and nothing after it: enough for a validator to see a
 * certificate. RFC 8737 wants that certificate to have a critical extension, and the runtime's own TLS server refuses
 * to load one with a critical extension that it does not know. No data is carried, so the keys protect nothing.
 */
import { createCipheriv, createHash, createHmac } from "node:crypto";
import type { SigningKey } from "../keys.ts";
import { signatureOver } from "../x509.ts";
import type { ClientHello } from "./client_hello.ts";

const AES_128_GCM_SHA256 = 0x1301;
const ECDSA_P256_SHA256 = 0x0403;
const TLS_1_3 = 0x0304;
const HASH_LENGTH = 32;

const MESSAGE = {
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
  certificateVerify: 15,
  finished: 20,
} as const;
const CONTENT = { changeCipherSpec: 20, handshake: 22 } as const;

const GROUPS = [
  { id: 0x001d, algorithm: { name: "X25519" } },
  { id: 0x0017, algorithm: { name: "ECDH", namedCurve: "P-256" } },
] as const;

export interface ServerIdentity {
  /** DER of the only certificate. */
  readonly certificate: Uint8Array;
  /** Its P-256 key. */
  readonly key: SigningKey;
  /** The application protocol to agree on (RFC 7301). */
  readonly protocol: string;
}

/** All records that the server sends; undefined when the client cannot be served. */
export async function serverFlight(
  hello: ClientHello,
  { certificate, key, protocol }: ServerIdentity,
): Promise<Uint8Array | undefined> {
  if (!isServable(hello, protocol)) return undefined;
  const exchange = await agree(hello);
  if (exchange === undefined) return undefined;
  const serverHello = message(MESSAGE.serverHello, serverHelloBody(hello, exchange));
  const handshakeSecret = extract(
    derive(extract(zeros(), zeros()), "derived", digest()),
    exchange.secret,
  );
  const transcript = [hello.message, serverHello];
  const secret = derive(handshakeSecret, "s hs traffic", digest(...transcript));
  transcript.push(message(MESSAGE.encryptedExtensions, vector(2, alpn(protocol))));
  transcript.push(message(MESSAGE.certificate, certificateBody(certificate)));
  transcript.push(
    message(MESSAGE.certificateVerify, await certificateVerifyBody(key, digest(...transcript))),
  );
  transcript.push(message(MESSAGE.finished, finishedBody(secret, digest(...transcript))));
  return join(
    record(CONTENT.handshake, serverHello),
    record(CONTENT.changeCipherSpec, Uint8Array.of(1)),
    sealed(secret, join(...transcript.slice(2))),
  );
}

function isServable(hello: ClientHello, protocol: string): boolean {
  return hello.versions.includes(TLS_1_3) && hello.cipherSuites.includes(AES_128_GCM_SHA256) &&
    hello.signatureSchemes.includes(ECDSA_P256_SHA256) && hello.protocols.includes(protocol);
}

interface KeyAgreement {
  readonly group: number;
  readonly share: Uint8Array;
  readonly secret: Uint8Array;
}

/** Ephemeral Diffie-Hellman (section 4.2.8) in the first group that the client sent a share of, if that is one. */
async function agree({ keyShares }: ClientHello): Promise<KeyAgreement | undefined> {
  const group = GROUPS.find(({ id }) => keyShares.has(id));
  if (group === undefined) return undefined;
  const { algorithm, id } = group;
  const theirs = keyShares.get(id) as BufferSource;
  const pair = await crypto.subtle.generateKey(algorithm, true, ["deriveBits"]) as CryptoKeyPair;
  const share = await crypto.subtle.exportKey("raw", pair.publicKey);
  try {
    const peer = await crypto.subtle.importKey("raw", theirs, algorithm, true, []);
    const params = { name: algorithm.name, public: peer };
    const secret = await crypto.subtle.deriveBits(params, pair.privateKey, 256);
    return { group: id, share: new Uint8Array(share), secret: new Uint8Array(secret) };
  } catch {
    return undefined; // no point of the curve, or one of small order
  }
}

function serverHelloBody({ sessionId }: ClientHello, { group, share }: KeyAgreement): Uint8Array {
  const versions = extension(43, uint(2, TLS_1_3));
  const keyShare = extension(51, join(uint(2, group), vector(2, share)));
  return join(
    uint(2, 0x0303),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, sessionId),
    uint(2, AES_128_GCM_SHA256),
    uint(1, 0),
    vector(2, join(versions, keyShare)),
  );
}

function alpn(protocol: string): Uint8Array {
  return extension(16, vector(2, vector(1, ascii(protocol))));
}

function certificateBody(certificate: Uint8Array): Uint8Array {
  const entry = join(vector(3, certificate), vector(2, new Uint8Array()));
  return join(vector(1, new Uint8Array()), vector(3, entry));
}

async function certificateVerifyBody(
  key: SigningKey,
  transcriptHash: Uint8Array,
): Promise<Uint8Array> {
  const context = ascii(" ".repeat(64) + "TLS 1.3, server CertificateVerify\0");
  const signature = await signatureOver(key, join(context, transcriptHash));
  return join(uint(2, ECDSA_P256_SHA256), vector(2, signature));
}

function finishedBody(secret: Uint8Array, transcriptHash: Uint8Array): Uint8Array {
  return hmac(expand(secret, "finished", new Uint8Array(), HASH_LENGTH), transcriptHash);
}

/** One encrypted record (section 5.2), the first under its secret: sequence number 0, so the nonce is the IV. */
function sealed(secret: Uint8Array, messages: Uint8Array): Uint8Array {
  const key = expand(secret, "key", new Uint8Array(), 16);
  const iv = expand(secret, "iv", new Uint8Array(), 12);
  const plain = join(messages, Uint8Array.of(CONTENT.handshake));
  const header = join(Uint8Array.of(23), uint(2, 0x0303), uint(2, plain.length + 16));
  const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(header);
  const parts = [cipher.update(plain), cipher.final()];
  return join(header, ...parts, cipher.getAuthTag());
}

// Key schedule (section 7.1).

function extract(salt: Uint8Array, input: Uint8Array): Uint8Array {
  return hmac(salt, input);
}

function derive(secret: Uint8Array, label: string, transcriptHash: Uint8Array): Uint8Array {
  return expand(secret, label, transcriptHash, HASH_LENGTH);
}

/** HKDF-Expand-Label for at most one hash length. */
function expand(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const info = join(uint(2, length), vector(1, ascii(`tls13 ${label}`)), vector(1, context));
  return hmac(secret, join(info, Uint8Array.of(1))).subarray(0, length);
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}

function digest(...parts: readonly Uint8Array[]): Uint8Array {
  return createHash("sha256").update(join(...parts)).digest();
}

// Presentation language (section 3).

function record(type: number, fragment: Uint8Array): Uint8Array {
  return join(Uint8Array.of(type), uint(2, 0x0303), vector(2, fragment));
}

function message(type: number, body: Uint8Array): Uint8Array {
  return join(Uint8Array.of(type), vector(3, body));
}

function extension(type: number, data: Uint8Array): Uint8Array {
  return join(uint(2, type), vector(2, data));
}

function vector(lengthSize: number, data: Uint8Array): Uint8Array {
  return join(uint(lengthSize, data.length), data);
}

function uint(size: number, value: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => value >> (8 * (size - 1 - index)) & 0xff);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function zeros(): Uint8Array {
  return new Uint8Array(HASH_LENGTH);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
