/** What certctl's API tells, as far as it is read. Field names are certctl's in camel case. */
import { countOf, countsOf, type Fields, idOf, listOf, missing, textOf } from "./json.ts";

/** Of a managed certificate: Pending Active Expiring Expired RenewalInProgress Failed Revoked Archived. */
export interface ManagedCertificate {
  readonly id: string;
  readonly status: string;
  readonly commonName?: string;
  readonly environment?: string;
}

export type JobType = "Issuance" | "Renewal" | "Deployment" | "Validation";

export interface Job {
  readonly id: string;
  /** As the server writes it; its demo rows are in lower case. */
  readonly type: string;
  readonly certificateId: string;
  readonly targetId?: string;
  readonly agentId?: string;
  /** Pending AwaitingCSR AwaitingApproval Running Completed Failed Cancelled. */
  readonly status: string;
  readonly lastError?: string;
  /** RFC 3339, where the server keeps them; certctl as shipped does not. */
  readonly startedAt?: string;
  readonly completedAt?: string;
}

/** Statuses in which a job stays. */
export const ENDED: ReadonlySet<string> = new Set(["Completed", "Failed", "Cancelled"]);

/** What `/work` gives an agent to do. */
export interface WorkItem {
  readonly id: string;
  readonly type: string;
  readonly certificateId: string;
  readonly status: string;
  readonly commonName?: string;
  readonly sans: readonly string[];
  readonly targetId?: string;
  readonly targetType?: string;
}

export interface CertificateVersion {
  readonly id: string;
  readonly serialNumber: string;
  /** SHA-256 of the leaf, lower-case hex. */
  readonly fingerprintSha256: string;
  readonly createdAt: string;
}

export interface TargetRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly agentId?: string;
}

/** Which certificates a bulk call means: ids are taken as they are, anything else is cut to the 50 oldest. */
export interface BulkCriteria {
  readonly certificateIds?: readonly string[];
  readonly ownerId?: string;
  readonly teamId?: string;
  readonly issuerId?: string;
  readonly profileId?: string;
  readonly agentId?: string;
}

export interface BulkOutcome {
  readonly matched: number;
  /** Jobs that were made, or certificates that were revoked. */
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  /** Of a bulk renewal. */
  readonly jobs: readonly { readonly certificateId: string; readonly jobId: string }[];
  readonly errors: readonly { readonly certificateId: string; readonly error: string }[];
}

/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Of all pages. */
  readonly total: number;
}

export function readId(fields: Fields): { readonly id: string } | string {
  return idOf(fields, "id");
}

export function readCertificate(fields: Fields): ManagedCertificate | string {
  const identified = idOf(fields, "id");
  if (typeof identified === "string") return identified;
  return {
    ...identified,
    status: textOf(fields, "status") ?? "",
    ...optional("commonName", textOf(fields, "common_name")),
    ...optional("environment", textOf(fields, "environment")),
  };
}

export function readJob(fields: Fields): Job | string {
  const identified = idOf(fields, "id");
  if (typeof identified === "string") return identified;
  const [type, status] = ["type", "status"].map((name) => textOf(fields, name));
  if (!type) return missing("type", fields);
  if (!status) return missing("status", fields);
  return {
    ...identified,
    type,
    status,
    certificateId: textOf(fields, "certificate_id") ?? "",
    ...optional("targetId", textOf(fields, "target_id")),
    ...optional("agentId", textOf(fields, "agent_id")),
    ...optional("lastError", textOf(fields, "last_error")),
    ...optional("startedAt", textOf(fields, "started_at")),
    ...optional("completedAt", textOf(fields, "completed_at")),
  };
}

export function readWorkItem(fields: Fields): WorkItem | string {
  const job = readJob(fields);
  if (typeof job === "string") return job;
  const { id, type, status, certificateId, targetId } = job;
  const sans = Array.isArray(fields["sans"]) ? fields["sans"] : [];
  return {
    id,
    type,
    status,
    certificateId,
    sans: sans.filter((name): name is string => typeof name === "string"),
    ...optional("targetId", targetId),
    ...optional("commonName", textOf(fields, "common_name")),
    ...optional("targetType", textOf(fields, "target_type")),
  };
}

export function readVersion(fields: Fields): CertificateVersion | string {
  const fingerprint = textOf(fields, "fingerprint_sha256");
  if (fingerprint === undefined) return missing("fingerprint_sha256", fields);
  return {
    id: textOf(fields, "id") ?? "",
    serialNumber: textOf(fields, "serial_number") ?? "",
    fingerprintSha256: fingerprint.replaceAll(":", "").toLowerCase(),
    createdAt: textOf(fields, "created_at") ?? "",
  };
}

export function readTarget(fields: Fields): TargetRow | string {
  const identified = idOf(fields, "id");
  if (typeof identified === "string") return identified;
  return {
    ...identified,
    name: textOf(fields, "name") ?? "",
    type: textOf(fields, "type") ?? "",
    ...optional("agentId", textOf(fields, "agent_id")),
  };
}

export function readPage<T>(
  read: (each: Fields) => T | string,
): (fields: Fields) => Page<T> | string {
  return (fields) => {
    const items = listOf(fields, "data", read);
    if (typeof items === "string") return items;
    const total = countOf(fields, "total");
    return typeof total === "string" ? total : { items, total };
  };
}

/** `done`: the field in which the call counts what it did. */
export function readBulk(done: string): (fields: Fields) => BulkOutcome | string {
  return (fields) => {
    const jobs = listOf(fields, "enqueued_jobs", (each) => {
      const job = textOf(each, "job_id") ? idOf(each, "job_id") : { id: "" };
      if (typeof job === "string") return job;
      return { certificateId: textOf(each, "certificate_id") ?? "", jobId: job.id };
    });
    if (typeof jobs === "string") return jobs;
    const errors = listOf(fields, "errors", (each) => ({
      certificateId: textOf(each, "certificate_id") ?? "",
      error: textOf(each, "error") ?? "",
    }));
    if (typeof errors === "string") return errors;
    if (typeof fields["total_matched"] !== "number") return missing("total_matched", fields);
    const counts = countsOf(fields, {
      matched: "total_matched",
      done,
      skipped: "total_skipped",
      failed: "total_failed",
    });
    return typeof counts === "string" ? counts : { ...counts, jobs, errors };
  };
}

function optional<K extends string>(
  name: K,
  value: string | undefined,
): { readonly [key in K]?: string } {
  return value ? { [name]: value } as { readonly [key in K]: string } : {};
}
