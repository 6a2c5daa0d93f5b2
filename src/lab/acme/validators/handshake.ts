/**
 * The first flights of a TLS 1.3 handshake (RFC 8446): the client's hello written, the server's answer read as far as
 * its certificate, and no further. No TLS library at hand shows that certificate: they refuse one with a critical
 * extension that they do not know, and tls-alpn-01 puts one into it (RFC 8737 section 3). The mandatory cipher suite
 * and two groups are offered, and no older TLS.
 */
import { RecordOpener } from "./key_schedule.ts";
import { Cursor, join, uint, vector } from "./octets.ts";

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const MESSAGE = {
  clientHello: 1,
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
} as const;
const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  supportedVersions: 43,
  keyShare: 51,
} as const;
const TLS_1_3 = uint(2, 0x0304);
const AES_128_GCM_SHA256 = uint(2, 0x1301);
/** ECDSA, RSA-PSS and RSA with SHA-256, SHA-384 and SHA-512, and Ed25519. */
const SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807];
const GROUPS = [
  { id: 0x001d, algorithm: { name: "X25519" } },
  { id: 0x0017, algorithm: { name: "ECDH", namedCurve: "P-256" } },
] as const;
const MAX_MESSAGES_BYTES = 64 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the server has shown. */
export interface ServerFlight {
  /** The application protocol that it chose, if any. */
  readonly protocol: string | undefined;
  /** DER of the first certificate. */
  readonly certificate: Uint8Array;
}

/** Says why a handshake came to nothing. */
export class HandshakeError extends Error {}

interface Share {
  readonly group: (typeof GROUPS)[number];
  readonly privateKey: CryptoKey;
  readonly publicKey: Uint8Array;
}

/** A client that asks for one name and one application protocol. */
export class ClientHandshake {
  /** The record to send. */
  readonly hello: Uint8Array;
  readonly #shares: readonly Share[];
  readonly #helloMessage: Uint8Array;
  #messages: Uint8Array = new Uint8Array();
  #opener: RecordOpener | undefined;
  #protocol: string | undefined;

  private constructor(name: string, protocol: string, shares: readonly Share[]) {
    this.#shares = shares;
    this.#helloMessage = clientHello(name, protocol, shares);
    this.hello = join(uint(1, RECORD.handshake), uint(2, 0x0301), vector(2, this.#helloMessage));
  }

  static async create(name: string, protocol: string): Promise<ClientHandshake> {
    return new ClientHandshake(name, protocol, await Promise.all(GROUPS.map(newShare)));
  }

  /** Takes one record; the flight once the certificate is in. Throws HandshakeError. */
  async add(type: number, contents: Uint8Array): Promise<ServerFlight | undefined> {
    if (type === RECORD.changeCipherSpec) return undefined;
    if (type === RECORD.applicationData && this.#opener !== undefined) {
      const opened = this.#opener.open(contents);
      if (opened === undefined) throw new HandshakeError("a record that is not authentic");
      return await this.#plain(opened.type, opened.contents);
    }
    return await this.#plain(type, contents);
  }

  async #plain(type: number, contents: Uint8Array): Promise<ServerFlight | undefined> {
    if (type === RECORD.alert) throw new HandshakeError(`TLS alert ${contents[1]}`);
    if (type !== RECORD.handshake) throw new HandshakeError(`a TLS record of type ${type}`);
    this.#messages = join(this.#messages, contents);
    if (this.#messages.length > MAX_MESSAGES_BYTES) throw new HandshakeError("too long a flight");
    for (;;) {
      const cursor = new Cursor(this.#messages);
      const kind = cursor.uint(1);
      const length = cursor.uint(3);
      if (this.#messages.length < 4 + length) return undefined;
      const message = this.#messages.subarray(0, 4 + length);
      this.#messages = this.#messages.subarray(4 + length);
      const flight = await this.#message(kind, message);
      if (flight !== undefined || this.#messages.length < 4) return flight;
    }
  }

  async #message(kind: number, message: Uint8Array): Promise<ServerFlight | undefined> {
    const body = message.subarray(4);
    switch (kind) {
      case MESSAGE.serverHello:
        this.#opener = await this.#agree(message, body);
        return undefined;
      case MESSAGE.encryptedExtensions: {
        const alpn = extensionsOf(new Cursor(body)).get(EXTENSION.alpn);
        this.#protocol = alpn && decoder.decode(new Cursor(new Cursor(alpn).vector(2)).vector(1));
        return undefined;
      }
      case MESSAGE.certificate: {
        const certificate = firstCertificate(body);
        if (certificate.length === 0) throw new HandshakeError("no certificate");
        return { protocol: this.#protocol, certificate };
      }
    }
  }

  async #agree(message: Uint8Array, body: Uint8Array): Promise<RecordOpener> {
    const cursor = new Cursor(body);
    cursor.take(2 + 32);
    cursor.vector(1);
    cursor.take(2 + 1);
    const entry = new Cursor(extensionsOf(cursor).get(EXTENSION.keyShare) ?? new Uint8Array());
    const groupId = entry.uint(2);
    const share = this.#shares.find(({ group }) => group.id === groupId);
    if (share === undefined) throw new HandshakeError("a handshake that is not TLS 1.3's");
    const secret = await sharedSecret(share, entry.vector(2));
    return new RecordOpener(secret, join(this.#helloMessage, message));
  }
}

function clientHello(name: string, protocol: string, shares: readonly Share[]): Uint8Array {
  const shareEntries = shares.map(({ group, publicKey }) =>
    join(uint(2, group.id), vector(2, publicKey))
  );
  const extensions = [
    extension(EXTENSION.serverName, vector(2, uint(1, 0), vector(2, encoder.encode(name)))),
    extension(EXTENSION.supportedGroups, vector(2, ...GROUPS.map(({ id }) => uint(2, id)))),
    extension(EXTENSION.signatureAlgorithms, vector(2, ...SIGNATURES.map((id) => uint(2, id)))),
    extension(EXTENSION.alpn, vector(2, vector(1, encoder.encode(protocol)))),
    extension(EXTENSION.supportedVersions, vector(1, TLS_1_3)),
    extension(EXTENSION.keyShare, vector(2, ...shareEntries)),
  ];
  return join(
    uint(1, MESSAGE.clientHello),
    vector(
      3,
      uint(2, 0x0303),
      crypto.getRandomValues(new Uint8Array(32)),
      vector(1, crypto.getRandomValues(new Uint8Array(32))),
      vector(2, AES_128_GCM_SHA256),
      vector(1, uint(1, 0)),
      vector(2, ...extensions),
    ),
  );
}

function extension(type: number, data: Uint8Array): Uint8Array {
  return join(uint(2, type), vector(2, data));
}

function extensionsOf(cursor: Cursor): Map<number, Uint8Array> {
  const list = new Cursor(cursor.vector(2));
  const extensions = new Map<number, Uint8Array>();
  while (!list.isAtEnd) extensions.set(list.uint(2), list.vector(2));
  return extensions;
}

function firstCertificate(body: Uint8Array): Uint8Array {
  const cursor = new Cursor(body);
  cursor.vector(1);
  return new Cursor(cursor.vector(3)).vector(3).slice();
}

async function newShare(group: (typeof GROUPS)[number]): Promise<Share> {
  const pair = await crypto.subtle.generateKey(group.algorithm, true, ["deriveBits"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey("raw", publicKey);
  return { group, privateKey, publicKey: new Uint8Array(raw) };
}

async function sharedSecret({ group, privateKey }: Share, theirs: Uint8Array): Promise<Uint8Array> {
  try {
    const { algorithm } = group;
    const peer = await crypto.subtle.importKey("raw", theirs as BufferSource, algorithm, true, []);
    const params = { name: algorithm.name, public: peer };
    return new Uint8Array(await crypto.subtle.deriveBits(params, privateKey, 256));
  } catch {
    throw new HandshakeError("a key share that is no key");
  }
}
