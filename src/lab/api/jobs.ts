/** Jobs: renewing makes one, and that is as far as the lab takes it; no agent comes to fetch it. */
import { jsonText, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import type { Store } from "../store.ts";
import { type Call, failure } from "./context.ts";
import { latestFirst } from "./listing.ts";

export function addJobRoutes(router: Router<Call>): void {
  router.add("GET", "/api/v1/jobs", list).add("GET", "/api/v1/jobs/{id}", read);
}

export function addJob(store: Store, certificateId: string): void {
  const issued = store.get("SELECT 1 FROM versions WHERE certificate_id = ?", certificateId);
  const now = new Date().toISOString();
  const job = {
    id: `job-${crypto.randomUUID()}`,
    type: issued ? "Renewal" : "Issuance",
    certificate_id: certificateId,
    status: "AwaitingCSR",
    attempts: 0,
    max_attempts: 3,
    scheduled_at: now,
    created_at: now,
    verification_status: "pending",
  };
  const sql =
    "INSERT INTO jobs (id, type, status, certificate_id, document) VALUES (?, ?, ?, ?, ?)";
  store.run(sql, job.id, job.type, job.status, certificateId, JSON.stringify(job));
}

function list({ query }: LabRequest, _: Parameters, { store }: Call): LabResponse {
  const [status, type] = [query.get("status") ?? "", query.get("type") ?? ""];
  const where = "(? = '' OR status = ?) AND (? = '' OR type = ?)";
  return latestFirst(store, query, "jobs", where, [status, status, type, type]);
}

function read(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const row = call.store.get<{ document: string }>("SELECT document FROM jobs WHERE id = ?", id!);
  return row ? jsonText(200, row.document) : failure(call, 404, "Job not found");
}

/** Number of jobs in a status. */
export function countJobs(store: Store, status: string): number {
  const sql = "SELECT count(*) AS total FROM jobs WHERE status = ?";
  return store.get<{ total: number }>(sql, status)!.total;
}
