/** Deployment jobs: made when something was issued, ended by what an agent reports. */
import { readCertificate, updateCertificate } from "./certificate.ts";
import type { ApiContext } from "./context.ts";
import { addJob, type Job, readJob, setJobStatus, updateJob } from "./job.ts";
import { type DeploymentTarget, targetsOf } from "./target.ts";

/** One for each target that the certificate is bound to, or for one of them. */
export function addDeployments({ store }: ApiContext, certificateId: string, only?: string): void {
  const targets = targetsOf(store, certificateId);
  for (const { id, agent_id } of targets.filter((target) => isMeant(target, only))) {
    addJob(store, {
      type: "Deployment",
      certificate_id: certificateId,
      target_id: id,
      agent_id,
      status: "Pending",
    });
  }
}

function isMeant({ id }: DeploymentTarget, only: string | undefined): boolean {
  return only === undefined || only === id;
}

/** False where there is no such job. */
export function reportJob(
  { store, asShipped }: Pick<ApiContext, "store" | "asShipped">,
  jobId: string,
  status: string,
  error: string,
): boolean {
  const job = readJob(store, jobId);
  if (job === undefined) return false;
  store.transaction(() => {
    setJobStatus(store, job, status, { error, timesLost: asShipped.has("job_times_lost") });
    if (status !== "Completed" || job.type !== "Deployment") return;
    if (asShipped.has("last_deployment_lost")) return;
    const certificate = readCertificate(store, job.certificate_id);
    const last_deployment_at = new Date().toISOString();
    if (certificate) updateCertificate(store, certificate, { last_deployment_at });
  });
  return true;
}

/** What somebody saw the target serve. When it was recorded, RFC 3339, whether it is kept or lost. */
export function recordVerification(
  { store, asShipped }: Pick<ApiContext, "store" | "asShipped">,
  job: Job,
  { verified, actual, error = "" }: {
    readonly verified: boolean;
    /** Fingerprint. */
    readonly actual: string;
    readonly error?: string;
  },
): string {
  const verified_at = new Date().toISOString();
  if (!asShipped.has("verification_lost")) {
    updateJob(store, job, {
      verification_status: verified && error === "" ? "success" : "failed",
      verified_at,
      verification_fingerprint: actual,
      ...(error && { verification_error: error }),
    });
  }
  return verified_at;
}
