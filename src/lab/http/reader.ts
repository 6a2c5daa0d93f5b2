/** Bytes of a connection, read in the units of HTTP/1.1; no unit grows beyond its limit. */

const HEAD_LIMIT_BYTES = 32 * 1024;
const LINE_LIMIT_BYTES = 1024;
const TRAILERS_LIMIT = 64;
const latin1 = new TextDecoder("latin1");

/** The peer sent more than the limit of what was being read. */
export class TooLarge extends Error {}

export class Reader {
  readonly #read: (into: Uint8Array) => Promise<number | null>;
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  constructor(read: (into: Uint8Array) => Promise<number | null>) {
    this.#read = read;
  }

  /** The lines up to an empty one, without it; `undefined` when the peer closed before. */
  head(): Promise<string | undefined> {
    return this.#until("\r\n\r\n", HEAD_LIMIT_BYTES);
  }

  /** A body of known length; `undefined` when the peer closed in the middle. */
  async exactly(length: number): Promise<Uint8Array | undefined> {
    const body = new Uint8Array(length);
    let filled = Math.min(length, this.#end - this.#start);
    body.set(this.#buffer.subarray(this.#start, this.#start + filled));
    this.#start += filled;
    while (filled < length) {
      const count = await this.#read(body.subarray(filled));
      if (count === null) return undefined;
      filled += count;
    }
    return body;
  }

  /** Everything until the peer closes. */
  async rest(limitBytes: number): Promise<Uint8Array> {
    while (this.#end - this.#start <= limitBytes) {
      if (!await this.#fill()) return this.#buffer.slice(this.#start, this.#end);
    }
    throw new TooLarge();
  }

  /** A chunked body (RFC 9112 section 7.1), trailers dropped; `undefined` when it is malformed or cut off. */
  async chunked(limitBytes: number): Promise<Uint8Array | undefined> {
    let body = new Uint8Array(4096);
    let total = 0;
    for (;;) {
      const line = await this.#until("\r\n", LINE_LIMIT_BYTES);
      const size = /^([0-9a-fA-F]{1,8})\s*(;.*)?$/.exec(line ?? "");
      if (size === null) return undefined;
      const length = parseInt(size[1]!, 16);
      if (length === 0) break;
      total += length;
      if (total > limitBytes) throw new TooLarge();
      const chunk = await this.exactly(length + 2);
      if (chunk === undefined) return undefined;
      if (total > body.length) body = grown(body, Math.max(total, body.length * 2));
      body.set(chunk.subarray(0, length), total - length);
    }
    for (let trailers = 0; trailers < TRAILERS_LIMIT; trailers++) {
      const trailer = await this.#until("\r\n", LINE_LIMIT_BYTES);
      if (trailer === undefined) return undefined;
      if (trailer === "") return body.slice(0, total);
    }
    throw new TooLarge();
  }

  async #until(mark: string, limitBytes: number): Promise<string | undefined> {
    let searched = this.#start;
    for (;;) {
      const at = this.#indexOf(mark, searched);
      if (at >= 0) {
        const text = latin1.decode(this.#buffer.subarray(this.#start, at));
        this.#start = at + mark.length;
        return text;
      }
      const pending = this.#end - this.#start;
      if (pending > limitBytes) throw new TooLarge();
      if (!await this.#fill()) return undefined;
      searched = this.#start + Math.max(0, pending - mark.length + 1);
    }
  }

  #indexOf(mark: string, from: number): number {
    const first = mark.charCodeAt(0);
    for (let at = from; at + mark.length <= this.#end; at++) {
      at = this.#buffer.indexOf(first, at);
      if (at < 0 || at + mark.length > this.#end) return -1;
      let length = 1;
      while (length < mark.length && this.#buffer[at + length] === mark.charCodeAt(length)) {
        length++;
      }
      if (length === mark.length) return at;
    }
    return -1;
  }

  async #fill(): Promise<boolean> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      this.#buffer = grown(this.#buffer, this.#buffer.length * 2);
    }
    const count = await this.#read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }
}

function grown(octets: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(octets);
  return larger;
}
