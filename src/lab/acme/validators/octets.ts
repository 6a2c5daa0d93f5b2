/** Octet strings of a TLS handshake: big-endian numbers, vectors with their length before them (RFC 8446 section 3). */

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

/** Reads from the front; what is beyond the end reads as zero and as empty, so that no input makes it throw. */
export class Cursor {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#octets.length;
  }

  uint(octets: number): number {
    let value = 0;
    for (const octet of this.take(octets)) value = value * 256 + octet;
    return value;
  }

  take(length: number): Uint8Array {
    const taken = this.#octets.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  vector(lengthOctets: number): Uint8Array {
    return this.take(this.uint(lengthOctets));
  }
}
