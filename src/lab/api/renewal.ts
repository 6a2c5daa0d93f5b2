/** A renewal begins: the certificate is in it, and its job waits for a request or for the scheduler. */
import { type ManagedCertificate, updateCertificate } from "./certificate.ts";
import type { ApiContext } from "./context.ts";
import { addJob, type Job } from "./job.ts";

/** To be called in a transaction. */
export function startRenewal(
  { store, keygen }: Pick<ApiContext, "store" | "keygen">,
  certificate: ManagedCertificate,
): Job {
  updateCertificate(store, certificate, { status: "RenewalInProgress" });
  return addJob(store, {
    type: isWithoutExpiry(certificate) ? "Issuance" : "Renewal",
    certificate_id: certificate.id,
    status: keygen === "agent" ? "AwaitingCSR" : "Pending",
  });
}

/** What was posted without `expires_at` expires in the year 1: certctl takes it for never issued. */
export function isWithoutExpiry({ expires_at }: ManagedCertificate): boolean {
  return new Date(expires_at).getUTCFullYear() < 2000;
}
