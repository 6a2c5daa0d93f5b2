/**
 * Token buckets by key. Pure: time is an argument, and the only state is the buckets themselves. A bucket holds
 * `capacity` tokens, is full when first seen, and is refilled at a constant rate; an action takes one token or is
 * refused with the time after which there will be one.
 */

export interface BucketOptions {
  /** 0 or less: no limit at all. */
  readonly capacity: number;
  readonly refillPerSecond: number;
}

type Permission =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfterMs: number };

interface Bucket {
  tokens: number;
  atMs: number;
}

const ALLOWED: Permission = { allowed: true };
/** Keys come from peers. Beyond this many, full buckets are forgotten: they are as good as new ones. */
const SWEEP_AT = 10_000;

export class TokenBuckets {
  readonly #options: BucketOptions;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = SWEEP_AT;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** `nowMs` is any clock's; one that goes back does no harm beyond its own delay. */
  take(key: string, nowMs: number): Permission {
    const { capacity, refillPerSecond } = this.#options;
    if (capacity <= 0) return ALLOWED;
    const bucket = this.#refilled(key, nowMs);
    if (bucket.tokens < 1) {
      return { allowed: false, retryAfterMs: (1 - bucket.tokens) / refillPerSecond * 1000 };
    }
    bucket.tokens -= 1;
    return ALLOWED;
  }

  /** Takes a token that will be there, and says how long to wait for it: those who wait have their turn in order. */
  reserve(key: string, nowMs: number): number {
    const { capacity, refillPerSecond } = this.#options;
    if (capacity <= 0) return 0;
    const bucket = this.#refilled(key, nowMs);
    bucket.tokens -= 1;
    return Math.max(0, -bucket.tokens / refillPerSecond * 1000);
  }

  /** Number of buckets kept. */
  get size(): number {
    return this.#buckets.size;
  }

  #refilled(key: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return this.#add(key, nowMs);
    bucket.tokens = this.#tokensAt(bucket, nowMs);
    bucket.atMs = Math.max(bucket.atMs, nowMs);
    return bucket;
  }

  #add(key: string, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(nowMs);
    const bucket = { tokens: this.#options.capacity, atMs: nowMs };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #tokensAt({ tokens, atMs }: Bucket, nowMs: number): number {
    const { capacity, refillPerSecond } = this.#options;
    return Math.min(capacity, tokens + Math.max(0, nowMs - atMs) / 1000 * refillPerSecond);
  }

  /** The next sweep comes when the number has doubled, so that the work per key stays constant. */
  #sweep(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokensAt(bucket, nowMs) >= this.#options.capacity) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#buckets.size * 2);
  }
}
