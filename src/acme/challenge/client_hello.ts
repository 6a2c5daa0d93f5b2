/** Reads a TLS 1.3 ClientHello (RFC 8446 section 4.1.2) as far as a responder needs it. Pure. */

/** Beyond this a hello is refused: real ones are a few hundred octets, with post-quantum shares under two thousand. */
export const MAX_HELLO = 16 * 1024;

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

const EXTENSION = {
  serverName: 0,
  signatureSchemes: 13,
  protocols: 16,
  versions: 43,
  keyShares: 51,
} as const;

/** The hello in the octets received so far, if it is complete. Only one within a single record is understood. */
export function readClientHello(octets: Uint8Array): ClientHello | "incomplete" | "bad" {
  if (octets.length < 5) return "incomplete";
  const length = octets[3]! * 256 + octets[4]!;
  if (octets[0] !== 22 || length > MAX_HELLO) return "bad";
  if (octets.length < 5 + length) return "incomplete";
  try {
    return parse(octets.slice(5, 5 + length));
  } catch {
    return "bad";
  }
}

function parse(message: Uint8Array): ClientHello {
  const record = new Reader(message);
  if (record.uint(1) !== 1) throw new RangeError("The message is no ClientHello");
  const hello = record.nested(3);
  hello.take(2 + 32); // version, random
  const sessionId = hello.take(hello.uint(1));
  const cipherSuites = hello.nested(2).uints(2);
  hello.take(hello.uint(1)); // compression
  const extensions = readExtensions(hello.nested(2));
  const of = (type: number): Reader => new Reader(extensions.get(type) ?? new Uint8Array());
  return {
    message,
    sessionId,
    cipherSuites,
    serverName: readServerName(of(EXTENSION.serverName)),
    protocols: readProtocols(of(EXTENSION.protocols)),
    versions: readList(of(EXTENSION.versions), 1),
    signatureSchemes: readList(of(EXTENSION.signatureSchemes), 2),
    keyShares: readKeyShares(of(EXTENSION.keyShares)),
  };
}

function readExtensions(reader: Reader): Map<number, Uint8Array> {
  const extensions = new Map<number, Uint8Array>();
  while (reader.left > 0) extensions.set(reader.uint(2), reader.take(reader.uint(2)));
  return extensions;
}

function readServerName(reader: Reader): string | undefined {
  if (reader.left === 0) return undefined;
  const names = reader.nested(2);
  if (names.uint(1) !== 0) return undefined;
  return text(names.take(names.uint(2))).toLowerCase();
}

function readProtocols(reader: Reader): string[] {
  if (reader.left === 0) return [];
  const protocols: string[] = [];
  for (const list = reader.nested(2); list.left > 0;) protocols.push(text(list.take(list.uint(1))));
  return protocols;
}

function readList(reader: Reader, lengthSize: number): number[] {
  return reader.left === 0 ? [] : reader.nested(lengthSize).uints(2);
}

function readKeyShares(reader: Reader): Map<number, Uint8Array> {
  const shares = new Map<number, Uint8Array>();
  if (reader.left === 0) return shares;
  for (const list = reader.nested(2); list.left > 0;) {
    shares.set(list.uint(2), list.take(list.uint(2)));
  }
  return shares;
}

function text(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}

class Reader {
  #offset = 0;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length - this.#offset;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError("The message ends too early");
    this.#offset += length;
    return this.#octets.subarray(this.#offset - length, this.#offset);
  }

  uint(size: number): number {
    return this.take(size).reduce((value, octet) => value * 256 + octet, 0);
  }

  /** What stands behind a length of `lengthSize` octets. */
  nested(lengthSize: number): Reader {
    return new Reader(this.take(this.uint(lengthSize)));
  }

  uints(size: number): number[] {
    const values: number[] = [];
    while (this.left > 0) values.push(this.uint(size));
    return values;
  }
}
