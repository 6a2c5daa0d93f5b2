/** Anti-replay nonces (RFC 8555 section 6.5): good for one request, for a time, whatever the profile. */
import type { Store } from "../store.ts";
import { Problem } from "./problem.ts";

export interface NoncesOptions {
  readonly store: Store;
  readonly ttlMs: number;
  /** Share of good nonces that are refused all the same. */
  readonly badShare: number;
  readonly nowMs: () => number;
}

const NONCE_BYTES = 32;

export class Nonces {
  readonly #options: NoncesOptions;

  constructor(options: NoncesOptions) {
    this.#options = options;
  }

  issue(): string {
    const { store, ttlMs, nowMs } = this.#options;
    const nonce = base64url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    store.run("INSERT INTO acme_nonces (nonce, expires_ms) VALUES (?, ?)", nonce, nowMs() + ttlMs);
    return nonce;
  }

  /** Throws `badNonce` for one that was never issued, has been used, or has expired. */
  consume(nonce: unknown): void {
    const { store, nowMs, badShare } = this.#options;
    const sql = "DELETE FROM acme_nonces WHERE nonce = ? AND expires_ms > ?";
    const known = typeof nonce === "string" && store.run(sql, nonce, nowMs()) === 1;
    if (!known || Math.random() < badShare) {
      throw new Problem("badNonce", 400, "nonce is missing, unknown, used or expired");
    }
  }
}

export function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
