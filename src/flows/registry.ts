/** Every flow that a plan can name. A new flow is a file of its own and a line here; only what is used is loaded. */
import type { FlowDefinition } from "./flow.ts";

// deno-lint-ignore no-explicit-any -- a flow's options are its own: the schema beside it has checked them
type AnyFlow = FlowDefinition<any>;

export const FLOWS: Readonly<Record<string, () => Promise<AnyFlow>>> = {
  create_certificate: async () => (await import("./create_certificate.ts")).createCertificate,
  list_certificates: async () => (await import("./list_certificates.ts")).listCertificates,
  tls_handshake: async () => (await import("./tls_handshake.ts")).tlsHandshake,
  acme_unauthenticated: async () => (await import("./acme_unauthenticated.ts")).acmeUnauthenticated,
  acme_enroll: async () => (await import("./acme_enroll.ts")).acmeEnroll,
  acme_revoke: async () => (await import("./acme_revoke.ts")).acmeRevoke,
  acme_key_change: async () => (await import("./acme_key_change.ts")).acmeKeyChange,
  acme_account: async () => (await import("./acme_account.ts")).acmeAccount,
  acme_renewal_info: async () => (await import("./acme_renewal_info.ts")).acmeRenewalInfo,
  acme_rate_limits: async () => (await import("./acme_rate_limits.ts")).acmeRateLimits,
  kubernetes_secret: async () => (await import("./kubernetes_secret.ts")).kubernetesSecret,
  agent_fleet: async () => (await import("./agent_fleet.ts")).agentFleet,
  bulk_renew: async () => (await import("./bulk_renew.ts")).bulkRenew,
  bulk_revoke: async () => (await import("./bulk_revoke.ts")).bulkRevoke,
  sequence: async () => (await import("./sequence.ts")).sequence,
  deploy_loop: async () => (await import("./deploy_loop.ts")).deployLoop,
  http_request: async () => (await import("./http_request.ts")).httpRequest,
};

/** The flow of a validated plan's scenario. */
export async function flowNamed(name: string): Promise<FlowDefinition<unknown>> {
  const flow = await FLOWS[name]?.();
  if (flow === undefined) throw new RangeError(`No flow is named "${name}"`);
  return flow;
}
