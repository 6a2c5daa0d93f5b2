/** A job: its shape in the API, and the row that it is. */
import type { Store } from "../store.ts";

export type JobType = "Issuance" | "Renewal" | "Deployment";

/** Field names and their order are the API's; the optional ones are left out when empty. */
export interface Job {
  readonly id: string;
  readonly type: JobType;
  readonly certificate_id: string;
  readonly target_id?: string;
  readonly agent_id?: string;
  /** Pending, AwaitingCSR, Running, Completed, Failed, Cancelled, or whatever an agent reported. */
  readonly status: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly last_error?: string;
  readonly scheduled_at: string;
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly created_at: string;
  readonly verification_status: string;
  readonly verified_at?: string;
  readonly verification_error?: string;
  readonly verification_fingerprint?: string;
}

const MAX_ATTEMPTS = 3;

let added = 0;

export function addJob(
  store: Store,
  given: Pick<Job, "type" | "certificate_id" | "status"> & {
    target_id?: string;
    agent_id?: string;
  },
): Job {
  const now = new Date();
  const job: Job = {
    id: `job-${now.getTime()}000000-${++added}-${crypto.randomUUID().slice(0, 8)}`,
    ...given,
    attempts: 0,
    max_attempts: MAX_ATTEMPTS,
    scheduled_at: now.toISOString(),
    created_at: now.toISOString(),
    verification_status: "pending",
  };
  store.run(
    `INSERT INTO jobs (id, type, status, certificate_id, target_id, agent_id, document)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    job.id,
    job.type,
    job.status,
    job.certificate_id,
    job.target_id ?? null,
    job.agent_id ?? null,
    JSON.stringify(job),
  );
  return job;
}

export function readJob(store: Store, id: string): Job | undefined {
  const row = store.get<{ document: string }>("SELECT document FROM jobs WHERE id = ?", id);
  return row && JSON.parse(row.document);
}

/** In the order in which they came. */
export function jobsInStatus(store: Store, status: string): Job[] {
  const sql = "SELECT document FROM jobs WHERE status = ? ORDER BY sequence";
  return store.all<{ document: string }>(sql, status).map((row) => JSON.parse(row.document));
}

export function updateJob(store: Store, job: Job, changes: Partial<Job>): Job {
  const updated = { ...job, ...changes };
  const sql = "UPDATE jobs SET status = ?, document = ? WHERE id = ?";
  store.run(sql, updated.status, JSON.stringify(updated), job.id);
  return updated;
}

const ENDS = ["Completed", "Failed", "Cancelled"];

/** With its times, unless these get lost. */
export function setJobStatus(
  store: Store,
  job: Job,
  status: string,
  { error, timesLost = false }: { error?: string; timesLost?: boolean } = {},
): Job {
  const now = new Date().toISOString();
  return updateJob(store, job, {
    status,
    ...(error && { last_error: error }),
    ...(!timesLost && status === "Running" && job.started_at === undefined &&
      { started_at: now, attempts: job.attempts + 1 }),
    ...(!timesLost && ENDS.includes(status) && { completed_at: now }),
  });
}

/** Number of jobs in a status. */
export function countJobs(store: Store, status: string): number {
  const sql = "SELECT count(*) AS total FROM jobs WHERE status = ?";
  return store.get<{ total: number }>(sql, status)!.total;
}
