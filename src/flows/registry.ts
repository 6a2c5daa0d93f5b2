/** Every flow that a plan can name. A new flow is a file of its own and a line here. */
import type { Catalogue } from "../plan/catalogue.ts";
import { acmeAccount } from "./acme_account.ts";
import { acmeEnroll } from "./acme_enroll.ts";
import { acmeKeyChange } from "./acme_key_change.ts";
import { acmeRateLimits } from "./acme_rate_limits.ts";
import { acmeRenewalInfo } from "./acme_renewal_info.ts";
import { acmeRevoke } from "./acme_revoke.ts";
import { acmeUnauthenticated } from "./acme_unauthenticated.ts";
import { createCertificate } from "./create_certificate.ts";
import { listCertificates } from "./list_certificates.ts";
import { tlsHandshake } from "./tls_handshake.ts";
import type { FlowDefinition } from "./flow.ts";
import { httpRequest } from "./http_request.ts";

// deno-lint-ignore no-explicit-any -- a flow's options are its own: the schema beside it has checked them
const FLOWS: readonly FlowDefinition<any>[] = [
  createCertificate,
  listCertificates,
  tlsHandshake,
  acmeUnauthenticated,
  acmeEnroll,
  acmeRevoke,
  acmeKeyChange,
  acmeAccount,
  acmeRenewalInfo,
  acmeRateLimits,
  httpRequest,
];

const BY_NAME = new Map(FLOWS.map((flow) => [flow.name, flow]));

export const catalogue: Catalogue = BY_NAME;

/** The flow of a validated plan's scenario. */
export function flowNamed(name: string): FlowDefinition<unknown> {
  const flow = BY_NAME.get(name);
  if (flow === undefined) throw new RangeError(`No flow is named "${name}"`);
  return flow;
}
