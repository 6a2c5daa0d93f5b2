/** A certificate is revoked; whether it may be is for the caller to say, but for that something was issued. */
import type { Store } from "../store.ts";
import { type ManagedCertificate, updateCertificate } from "./certificate.ts";

export const REVOCATION_REASONS: readonly string[] = [
  "unspecified",
  "keyCompromise",
  "caCompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "privilegeWithdrawn",
];

/** False where there is no version to revoke. */
export function revokeCertificate(
  store: Store,
  certificate: ManagedCertificate,
  reason: string,
): boolean {
  const issued = store.get("SELECT 1 FROM versions WHERE certificate_id = ?", certificate.id);
  if (issued === undefined) return false;
  const revokedAt = new Date().toISOString();
  const changes = { status: "Revoked", revoked_at: revokedAt, revocation_reason: reason };
  updateCertificate(store, certificate, changes);
  return true;
}
