/**
 * What a responder must show while a challenge is open (RFC 8555 section 8, RFC 8737). A pure table, so that the
 * responders are lookups.
 */
import { challengeServerName } from "../../identifier.ts";
import type { SigningKey } from "../../keys/keys.ts";
import type { ChallengeType } from "../order.ts";

/** Plain data: it goes between worker threads. */
export interface Proof {
  readonly type: ChallengeType;
  /** The identifier; a wildcard without its `*.`. */
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** The key authorisation of a challenge token (RFC 8555 section 8.1). */
export function keyAuthorization(token: string, key: SigningKey): string {
  return `${token}.${key.thumbprint}`;
}

export class ProofTable {
  readonly #proofs = new Map<string, Proof[]>();

  put(proof: Proof): void {
    const key = keyOf(proof.type, shownUnder(proof));
    this.#proofs.set(key, [...this.#proofs.get(key) ?? [], proof]);
  }

  remove(proof: Proof): void {
    const key = keyOf(proof.type, shownUnder(proof));
    const rest = (this.#proofs.get(key) ?? []).filter(({ token }) => token !== proof.token);
    if (rest.length === 0) this.#proofs.delete(key);
    else this.#proofs.set(key, rest);
  }

  /** Open challenges for a token (http-01), a name (dns-01) or a TLS server's name (tls-alpn-01), oldest first. */
  find(type: ChallengeType, tokenOrName: string): readonly Proof[] {
    return this.#proofs.get(keyOf(type, tokenOrName)) ?? [];
  }

  get size(): number {
    return this.#proofs.size;
  }
}

/** What a validator asks with. */
function shownUnder({ type, name, token }: Proof): string {
  if (type === "http-01") return token;
  return type === "tls-alpn-01" ? challengeServerName(name) : name;
}

function keyOf(type: ChallengeType, tokenOrName: string): string {
  return `${type} ${type === "http-01" ? tokenOrName : tokenOrName.toLowerCase()}`;
}
