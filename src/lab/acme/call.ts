/** What the endpoints of the ACME server share, and what they get of a request. */
import type { Metrics } from "../api/metrics.ts";
import type { Authority } from "../authority.ts";
import type { SignerTurn } from "../capacity.ts";
import type { LabRequest, LabResponse } from "../http/message.ts";
import type { Parameters } from "../http/router.ts";
import type { Store } from "../store.ts";
import type { Account } from "./accounts.ts";
import type { Jws, PublicJwk } from "./jws.ts";
import type { Limits } from "./limits.ts";
import type { Nonces } from "./nonces.ts";
import type { AcmeSettings } from "./options.ts";
import type { Validations } from "./validations.ts";

export interface AcmeContext {
  readonly store: Store;
  readonly settings: AcmeSettings;
  readonly authority: Authority;
  /** Before each signature of its. */
  readonly signerTurn: SignerTurn;
  readonly metrics: Metrics;
  readonly nonces: Nonces;
  readonly limits: Limits;
  readonly validations: Validations;
  readonly nowMs: () => number;
}

export interface Call extends AcmeContext {
  readonly request: LabRequest;
  readonly parameters: Parameters;
  /** Id of a profile that there is. */
  readonly profile: string;
  /** URL that resources are named under, without a trailing slash. */
  readonly base: string;
}

/** Of a signed request: its JWS, the signature of which has been verified. */
export interface SignedCall extends Call {
  readonly jws: Jws;
  /** The JSON payload; `undefined` for POST-as-GET (RFC 8555 section 6.3). */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

/** Signed with the key of a valid account. */
export interface AccountCall extends SignedCall {
  readonly account: Account;
}

/** Signed with a key that the request brings along. */
export interface KeyCall extends SignedCall {
  readonly jwk: PublicJwk;
}

export type Answer = LabResponse | Promise<LabResponse>;
