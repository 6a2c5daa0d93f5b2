/** certctl as it was in November 2026, fault by fault; without any, the lab does what certctl is meant to do. */
export const SHIPPED_FAULTS = {
  work_500: "GET /agents/{id}/work answers 500: its SQL is refused by PostgreSQL",
  deploy_noop: "POST /certificates/{id}/deploy answers 202 and makes no job",
  verification_lost: "GET /jobs/{id}/verification always says verified: false",
  last_deployment_lost: "last_deployment_at of a certificate never changes",
  job_times_lost: "started_at, completed_at and attempts of a job never change",
  config_redacted: "work ships a target's secrets as ********",
  claims_all:
    "a tick marks all that is due Running at once, and what its two minutes leave stays so for ever",
  claims_deployments:
    "the job processor flips Pending Deployment jobs to Running, so no agent gets them",
  expiry_sweep:
    "a certificate without expires_at expires at once, and is renewed at the next check",
  finalize_500: "ACME finalize answers 500 and leaves the order processing",
} as const;

export type ShippedFault = keyof typeof SHIPPED_FAULTS;
export type AsShipped = ReadonlySet<ShippedFault>;

export const SHIPPED_FAULT_NAMES = Object.keys(SHIPPED_FAULTS) as readonly ShippedFault[];
