/** Octets of TLS messages: big-endian numbers, vectors with their length before them (RFC 8446 section 3). */

/** Why a handshake comes to nothing: what the peer sent, in words. */
export class HandshakeError extends Error {}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function uint(octets: number, value: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, at) => (value >>> 8 * (octets - 1 - at)) & 0xff);
}

export function vector(lengthOctets: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contents = join(...parts);
  return join(uint(lengthOctets, contents.length), contents);
}

/** Reads from the front; throws HandshakeError beyond the end. */
export class Cursor {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#octets.length) throw new HandshakeError("a TLS message that ends too early");
    const taken = this.#octets.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint(octets: number): number {
    let value = 0;
    for (const octet of this.take(octets)) value = value * 256 + octet;
    return value;
  }

  vector(lengthOctets: number): Uint8Array {
    return this.take(this.uint(lengthOctets));
  }

  /** What `read` makes of each item of a vector. */
  list<Item>(lengthOctets: number, read: (items: Cursor) => Item): Item[] {
    const items = new Cursor(this.vector(lengthOctets));
    const list: Item[] = [];
    while (items.#at < items.#octets.length) list.push(read(items));
    return list;
  }
}
