/** What the endpoints of the ACME server share, and what they get of a request. */
import type { Authority } from "../authority.ts";
import type { Metrics } from "../api/metrics.ts";
import type { LabRequest } from "../http/message.ts";
import type { Parameters } from "../http/router.ts";
import type { Store } from "../store.ts";
import type { Nonces } from "./nonces.ts";
import type { AcmeSettings } from "./options.ts";

export interface AcmeContext {
  readonly store: Store;
  readonly settings: AcmeSettings;
  readonly authority: Authority;
  readonly metrics: Metrics;
  readonly nonces: Nonces;
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
