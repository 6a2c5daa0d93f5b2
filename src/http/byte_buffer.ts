/** Bytes that come in pieces, as one: room grows with what has come, not with the number of its pieces. */

const EMPTY = new Uint8Array(0);

export class ByteBuffer {
  readonly #most: number;
  /** The only piece while there is but one, which is a view and must not be written to; room of our own afterwards. */
  #room: Uint8Array = EMPTY;
  #length = 0;

  /** Room is made ahead for `most` bytes and not for more. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    const room = this.#room;
    return room.length === this.#length ? room : room.subarray(0, this.#length);
  }

  /** Adds `bytes` from `from` to `to`; the first piece is kept as a view. */
  append(bytes: Uint8Array, from = 0, to = bytes.length): void {
    if (this.#length === 0) {
      this.#room = bytes.subarray(from, to);
      this.#length = to - from;
      return;
    }
    const length = this.#length + to - from;
    if (length > this.#room.length) this.#grow(length);
    this.#room.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#room = EMPTY;
    this.#length = 0;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, Math.min(this.#most, this.#room.length * 2)));
    larger.set(this.bytes);
    this.#room = larger;
  }
}
