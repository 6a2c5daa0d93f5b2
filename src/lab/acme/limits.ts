/** Limits by account and action: token buckets in memory, lost with the process, and a count of open orders. */
import { type BucketOptions, TokenBuckets } from "../bucket.ts";
import type { Store } from "../store.ts";
import type { AcmeSettings } from "./options.ts";
import { Problem } from "./problem.ts";

export interface LimitsOptions {
  readonly settings: AcmeSettings;
  readonly store: Store;
}

/** Each throws `rateLimited` (RFC 8555 section 6.6), and each has buckets of its own. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #orders: TokenBuckets;
  readonly #keyChanges: TokenBuckets;
  readonly #responds: TokenBuckets;

  constructor(options: LimitsOptions) {
    this.#options = options;
    const { ordersPerHour, keyChangesPerHour, challengeRespondsPerHour } = options.settings;
    this.#orders = new TokenBuckets(perHour(ordersPerHour));
    this.#keyChanges = new TokenBuckets(perHour(keyChangesPerHour));
    this.#responds = new TokenBuckets(perHour(challengeRespondsPerHour));
  }

  /** The open orders come first: an order refused for them takes nothing from the hour's. */
  newOrder(accountId: string, nowMs: number): void {
    this.#openOrders(accountId, nowMs);
    this.#take(this.#orders, accountId, nowMs);
  }

  keyChange(accountId: string, nowMs: number): void {
    this.#take(this.#keyChanges, accountId, nowMs);
  }

  /** By challenge, not by account, as in certctl. */
  challengeRespond(challengeId: string, nowMs: number): void {
    this.#take(this.#responds, challengeId, nowMs);
  }

  #take(buckets: TokenBuckets, key: string, nowMs: number): void {
    const permission = buckets.take(key, nowMs);
    if (permission.allowed) return;
    throw this.#refusal("request rate limit exceeded; retry later", permission.retryAfterMs);
  }

  #openOrders(accountId: string, nowMs: number): void {
    const { store, settings: { concurrentOrders } } = this.#options;
    if (concurrentOrders <= 0) return;
    const { open, nextMs } = store.get<{ open: number; nextMs: number | null }>(
      `SELECT count(*) AS open, min(expires_ms) AS nextMs FROM acme_orders
       WHERE account_id = ? AND status IN ('pending', 'ready', 'processing') AND expires_ms > ?`,
      accountId,
      nowMs,
    )!;
    if (open < concurrentOrders) return;
    throw this.#refusal(
      "too many concurrent orders for this account; finish or cancel pending orders before " +
        "submitting more",
      nextMs! - nowMs,
    );
  }

  #refusal(detail: string, retryAfterMs: number): Problem {
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    const { asShipped } = this.#options.settings;
    const headers = { "Retry-After": String(seconds) };
    return new Problem("rateLimited", 429, detail, asShipped ? {} : { headers });
  }
}

function perHour(limit: number): BucketOptions {
  return { capacity: limit, refillPerSecond: limit / 3600 };
}
