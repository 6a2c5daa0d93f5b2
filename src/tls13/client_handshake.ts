/**
 * The client's half of a TLS 1.3 handshake (RFC 8446) as far as the server's certificate, and no further. The runtime's
 * own TLS client refuses that of tls-alpn-01, which has a critical extension (RFC 8737 section 3), whatever it is told
 * about verification (Deno 2.9).
 */
import { clientHello } from "./client_hello.ts";
import { GROUPS, type KeyShare, newKeyShare, sharedSecret } from "./key_share.ts";
import { EXTENSION, MESSAGE, readExtensions, RECORD, record } from "./messages.ts";
import { Cursor, HandshakeError, join } from "./octets.ts";
import { ServerTraffic } from "./traffic.ts";

const MAX_MESSAGES_BYTES = 64 * 1024;

/** What the server has shown. */
export interface ServerShown {
  /** The application protocol that it chose, if any. */
  readonly protocol: string | undefined;
  /** DER of the first certificate. */
  readonly certificate: Uint8Array;
}

/** A client that asks for one name and one application protocol. */
export class ClientHandshake {
  /** The record to send. */
  readonly hello: Uint8Array;
  readonly #shares: readonly KeyShare[];
  readonly #helloMessage: Uint8Array;
  #messages: Uint8Array = new Uint8Array();
  #traffic: ServerTraffic | undefined;
  #protocol: string | undefined;

  private constructor(name: string, protocol: string, shares: readonly KeyShare[]) {
    this.#shares = shares;
    this.#helloMessage = clientHello(name, protocol, shares);
    this.hello = record(RECORD.handshake, this.#helloMessage);
  }

  static async create(name: string, protocol: string): Promise<ClientHandshake> {
    return new ClientHandshake(name, protocol, await Promise.all(GROUPS.map(newKeyShare)));
  }

  /** Takes one record; what the server shows once the certificate is in. Throws HandshakeError. */
  async add(type: number, contents: Uint8Array): Promise<ServerShown | undefined> {
    if (type === RECORD.changeCipherSpec) return undefined;
    if (type === RECORD.applicationData && this.#traffic !== undefined) {
      const opened = this.#traffic.open(contents);
      if (opened === undefined) throw new HandshakeError("a record that is not authentic");
      return await this.#plain(opened.type, opened.contents);
    }
    return await this.#plain(type, contents);
  }

  async #plain(type: number, contents: Uint8Array): Promise<ServerShown | undefined> {
    if (type === RECORD.alert) throw new HandshakeError(`TLS alert ${contents[1]}`);
    if (type !== RECORD.handshake) throw new HandshakeError(`a TLS record of type ${type}`);
    this.#messages = join(this.#messages, contents);
    if (this.#messages.length > MAX_MESSAGES_BYTES) throw new HandshakeError("too long a flight");
    while (this.#messages.length >= 4) {
      const [kind, length] = [this.#messages[0]!, new Cursor(this.#messages.subarray(1)).uint(3)];
      if (this.#messages.length < 4 + length) return undefined;
      const message = this.#messages.subarray(0, 4 + length);
      this.#messages = this.#messages.subarray(4 + length);
      const shown = await this.#message(kind, message);
      if (shown !== undefined) return shown;
    }
    return undefined;
  }

  async #message(kind: number, message: Uint8Array): Promise<ServerShown | undefined> {
    const body = new Cursor(message.subarray(4));
    if (kind === MESSAGE.serverHello) {
      this.#traffic = await this.#agree(message, body);
    } else if (kind === MESSAGE.encryptedExtensions) {
      const alpn = readExtensions(body).get(EXTENSION.alpn);
      const [protocol] = alpn ? new Cursor(alpn).list(2, (each) => each.vector(1)) : [];
      this.#protocol = protocol && new TextDecoder().decode(protocol);
    } else if (kind === MESSAGE.certificate) {
      body.vector(1);
      const certificate = new Cursor(body.vector(3)).vector(3).slice();
      return { protocol: this.#protocol, certificate };
    }
    return undefined;
  }

  async #agree(message: Uint8Array, body: Cursor): Promise<ServerTraffic> {
    body.take(2 + 32);
    body.vector(1);
    body.take(2 + 1);
    const entry = new Cursor(readExtensions(body).get(EXTENSION.keyShare) ?? new Uint8Array(4));
    const group = entry.uint(2);
    const share = this.#shares.find((each) => each.group === group);
    if (share === undefined) throw new HandshakeError("a handshake that is not TLS 1.3's");
    const secret = await sharedSecret(share, entry.vector(2));
    return new ServerTraffic(secret, join(this.#helloMessage, message));
  }
}
