/**
 * Anti-replay nonces (RFC 8555 section 6.5): every answer may bring one, every signed request spends one. The newest is
 * spent first, because servers forget the oldest; one is never handed out twice, even if a server sends it twice.
 */
const NONCE = /^[A-Za-z0-9_-]+$/;
/** Thousands are kept, and real ones have some dozens of characters. */
const MAX_LENGTH = 1024;

export class NoncePool {
  readonly #fresh: string[] = [];
  /** Every nonce in the pool, and the ones before them, oldest first. */
  readonly #seen = new Set<string>();
  readonly #capacity: number;

  /** Keeps at most `capacity` nonces, and remembers four times as many. */
  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#fresh.length;
  }

  /** Takes a Replay-Nonce header; what is no base64url is to be ignored (section 6.5.1). */
  put(nonce: string | undefined): void {
    if (nonce === undefined || nonce.length > MAX_LENGTH || !NONCE.test(nonce)) return;
    if (this.#seen.has(nonce)) return;
    if (this.#fresh.length >= this.#capacity) this.#fresh.shift();
    if (this.#seen.size >= this.#capacity * 4) this.#forgetOldest();
    this.#seen.add(nonce);
    this.#fresh.push(nonce);
  }

  take(): string | undefined {
    return this.#fresh.pop();
  }

  #forgetOldest(): void {
    const oldest = this.#seen.values().next().value;
    if (oldest === undefined) return;
    this.#seen.delete(oldest);
    if (this.#fresh[0] === oldest) this.#fresh.shift();
  }
}
