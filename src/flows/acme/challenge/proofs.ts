/**
 * What a responder must show while a challenge is open (RFC 8555 section 8, RFC 8737). A pure table, so that the
 * responders are lookups.
 */
import type { ChallengeType } from "../order.ts";

/** Plain data: it goes between worker threads. */
export interface Proof {
  readonly type: ChallengeType;
  /** The identifier; a wildcard without its `*.`. */
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

export class ProofTable {
  readonly #proofs = new Map<string, Proof[]>();

  put(proof: Proof): void {
    const key = keyOf(proof.type, proof.type === "http-01" ? proof.token : proof.name);
    this.#proofs.set(key, [...this.#proofs.get(key) ?? [], proof]);
  }

  remove(proof: Proof): void {
    const key = keyOf(proof.type, proof.type === "http-01" ? proof.token : proof.name);
    const rest = (this.#proofs.get(key) ?? []).filter(({ token }) => token !== proof.token);
    if (rest.length === 0) this.#proofs.delete(key);
    else this.#proofs.set(key, rest);
  }

  /** Open challenges for a token (http-01) or a name (the others), oldest first. */
  find(type: ChallengeType, tokenOrName: string): readonly Proof[] {
    return this.#proofs.get(keyOf(type, tokenOrName)) ?? [];
  }

  get size(): number {
    return this.#proofs.size;
  }
}

function keyOf(type: ChallengeType, tokenOrName: string): string {
  return `${type} ${type === "http-01" ? tokenOrName : tokenOrName.toLowerCase()}`;
}
