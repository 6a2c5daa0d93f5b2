/** Renewal and revocation of many at once (`internal/service/bulk_renewal.go`, `bulk_revocation.go`). */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import { type ManagedCertificate, readCertificate } from "./certificate.ts";
import { bodyObject, type Call, failure, type JsonObject, text } from "./context.ts";
import { FILTERS } from "./listing.ts";
import { startRenewal } from "./renewal.ts";
import { REVOCATION_REASONS, revokeCertificate } from "./revocation.ts";

export function addBulkRoutes(router: Router<Call>): void {
  router
    .add("POST", "/api/v1/certificates/bulk-renew", bulkRenew)
    .add("POST", "/api/v1/certificates/bulk-revoke", bulkRevoke);
}

const NOT_RENEWED = ["Archived", "Revoked", "Expired", "RenewalInProgress"];

async function bulkRenew(request: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const matched = matching(call, body);
  if (matched === undefined) return failure(call, 400, NO_CRITERION);
  const jobs = call.store.transaction(() =>
    matched.filter(({ status }) => !NOT_RENEWED.includes(status)).map((certificate) => ({
      certificate_id: certificate.id,
      job_id: startRenewal(call, certificate).id,
    }))
  );
  return json(200, {
    total_matched: matched.length,
    total_enqueued: jobs.length,
    total_skipped: matched.length - jobs.length,
    total_failed: 0,
    ...(jobs.length > 0 && { enqueued_jobs: jobs }),
  });
}

/** certctl's layers each say their part. */
const NO_VERSION = "failed to get certificate version: failed to get latest certificate version: " +
  "sql: no rows in result set";

async function bulkRevoke(request: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  if (!call.isAdmin) return failure(call, 403, "Bulk revocation requires admin privileges");
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const reason = text(body["reason"]);
  if (reason === "") return failure(call, 400, "Revocation reason is required");
  if (!REVOCATION_REASONS.includes(reason)) {
    return failure(call, 400, `Invalid revocation reason: ${reason}`);
  }
  const matched = matching(call, body);
  if (matched === undefined) return failure(call, 400, NO_CRITERION);
  const counts = { total_revoked: 0, total_skipped: 0, total_failed: 0 };
  const errors: { certificate_id: string; error: string }[] = [];
  for (const certificate of matched) {
    if (["Revoked", "Archived"].includes(certificate.status)) {
      counts.total_skipped++;
    } else if (revokeCertificate(call.store, certificate, reason)) {
      counts.total_revoked++;
    } else {
      counts.total_failed++;
      errors.push({ certificate_id: certificate.id, error: NO_VERSION });
    }
  }
  return json(200, {
    total_matched: matched.length,
    ...counts,
    ...(errors.length > 0 && { errors }),
  });
}

/** Fields of the body that choose; a body with them in an object of its own has none. */
const CRITERIA = ["profile_id", "owner_id", "issuer_id", "team_id", "agent_id"] as const;
const NO_CRITERION = "At least one filter criterion is required (profile_id, owner_id, agent_id, " +
  "issuer_id, team_id, or certificate_ids)";
/** certctl asks for a page of 10,000, which is more than its 500, so it gets the default. */
const BY_CRITERIA = 50;

/** By ids alone: all that there are, in their order. By anything else: of the 50 oldest that match. */
function matching({ store }: Call, body: JsonObject): ManagedCertificate[] | undefined {
  const given = CRITERIA.filter((name) => text(body[name]) !== "");
  const list = body["certificate_ids"];
  const ids = Array.isArray(list) ? list.filter((id) => typeof id === "string") : [];
  if (given.length === 0) {
    if (ids.length === 0) return undefined;
    return ids.map((id) => readCertificate(store, id)).filter((found) => found !== undefined);
  }
  const rows = store.all<{ document: string }>(
    `SELECT document FROM certificates WHERE ${given.map((name) => FILTERS[name]).join(" AND ")}
     ORDER BY created_at, sequence LIMIT ${BY_CRITERIA}`,
    ...given.map((name) => text(body[name])),
  );
  const found = rows.map((row) => JSON.parse(row.document) as ManagedCertificate);
  return ids.length === 0 ? found : found.filter(({ id }) => ids.includes(id));
}
