/** Handlers of /api/v1/jobs (`internal/api/handler/jobs.go`, `verification.go`). */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import { sleep } from "../../timer.ts";
import { bodyObject, type Call, failure, text } from "./context.ts";
import { readJob, setJobStatus } from "./job.ts";
import { recordVerification } from "./deployment.ts";
import { latestFirst } from "./listing.ts";

const JOB = "/api/v1/jobs/{id}";

export function addJobRoutes(router: Router<Call>): void {
  router
    .add("GET", "/api/v1/jobs", list)
    .add("GET", JOB, read)
    .add("POST", `${JOB}/cancel`, cancel)
    .add("POST", `${JOB}/verify`, verify)
    .add("GET", `${JOB}/verification`, verification);
}

async function list({ query }: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  const { store, jobListUsPerRow } = call;
  if (jobListUsPerRow > 0) {
    const { total } = store.get<{ total: number }>("SELECT count(*) AS total FROM jobs")!;
    await sleep(total * jobListUsPerRow / 1000);
  }
  const [status, type] = [query.get("status"), query.get("type")];
  return latestFirst(store, query, "jobs", {
    ...(status && { "status = ?": status }),
    ...(type && { "type = ?": type }),
  });
}

function read(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const job = readJob(call.store, id!);
  return job ? json(200, job) : failure(call, 404, "Job not found");
}

function cancel(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const job = readJob(call.store, id!);
  if (job === undefined || !["Pending", "Running"].includes(job.status)) {
    return failure(call, 500, "Failed to cancel job");
  }
  const timesLost = call.asShipped.has("job_times_lost");
  setJobStatus(call.store, job, "Cancelled", { error: "cancelled by user", timesLost });
  return json(200, { status: "job_cancelled" });
}

const REPORTED = ["target_id", "expected_fingerprint", "actual_fingerprint"] as const;

async function verify(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const missing = REPORTED.find((name) => text(body[name]) === "");
  if (missing !== undefined) return failure(call, 400, `${missing} is required`);
  const job = readJob(call.store, id!);
  if (job === undefined) {
    const why = "failed to fetch job for verification: job not found";
    return failure(call, 500, `Failed to record verification result: ${why}`);
  }
  const [verified, error] = [body["verified"] === true, text(body["error"])];
  const actual = text(body["actual_fingerprint"]);
  const verified_at = recordVerification(call, job, { verified, actual, error });
  return json(200, { job_id: id!, verified, verified_at });
}

function verification(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const job = readJob(call.store, id!);
  if (job === undefined) {
    const why = "failed to fetch job: job not found";
    return failure(call, 500, `Failed to get verification result: ${why}`);
  }
  return json(200, {
    job_id: job.id,
    target_id: job.target_id ?? "",
    expected_fingerprint: "",
    actual_fingerprint: job.verification_fingerprint ?? "",
    verified: job.verification_status === "success",
    verified_at: job.verified_at ?? "0001-01-01T00:00:00Z",
    ...(job.verification_error && { error: job.verification_error }),
  });
}
