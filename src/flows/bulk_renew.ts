/**
 * `bulk_renew`: one arrival asks for the renewal of a whole batch (POST /certificates/bulk-renew) and follows each job to
 * its end. The certificates are made and issued before the clock, so that every job is due.
 */
import { z } from "zod";
import { CertctlApi } from "../certctl/api.ts";
import { WATCH_STEPS, watchJobs } from "../certctl/job_watch.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { JOB_MEASURES } from "../jobs.ts";
import { duration, durationAboveZero } from "../plan/units.ts";
import { batchOf, batchOptions, batchWords, makeBatches, shortfall } from "./batches.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";

const options = z.strictObject({
  ...batchOptions,
  poll: durationAboveZero().prefault("1s").describe(
    "Between two questions how the jobs stand; a job's end is seen so much later at most",
  ),
  deadline: duration().prefault("3m").describe(
    "Of a batch's jobs; what has not ended by then is stuck",
  ),
  limit: z.int().min(1).optional().describe(
    "How many jobs the server is configured to work on at once (CERTCTL_RENEWAL_CONCURRENCY), to compare with",
  ),
});

type Options = z.output<typeof options>;

export const bulkRenew: FlowDefinition<Options> = {
  name: "bulk_renew",
  summary: "Bulk renewal of a batch that was made beforehand, each job followed to its end",
  tier: "lifecycle",
  options,
  changes: () => "batch",
  setUp: batchWords,
  measures: JOB_MEASURES,
  steps: () => ["bulk_renew", ...WATCH_STEPS],
  setup: makeBatches,
  create: (context) => new BulkRenew(context),
};

class BulkRenew implements Flow {
  readonly #context: FlowContext<Options>;
  readonly #api: CertctlApi;

  constructor(context: FlowContext<Options>) {
    this.#context = context;
    this.#api = new CertctlApi(context.target);
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const { made, clock, options: { poll, deadline, limit } } = this.#context;
    const certificateIds = batchOf(made, iteration.index);
    if (isFailure(certificateIds)) return certificateIds;
    const answer = await this.#api.bulkRenew(iteration, { certificateIds });
    if (isFailure(answer)) return answer;
    const { value, exchange } = answer;
    const jobIds = value.jobs.map(({ jobId }) => jobId).filter((id) => id !== "");
    const short = shortfall(value, certificateIds.length, "enqueued") ??
      unnamed(value.done, jobIds.length);
    const failure = await watchJobs({
      api: this.#api,
      sender: iteration,
      clock,
      jobIds,
      madeUs: exchange.endedUs,
      pollMs: poll,
      timeoutMs: deadline,
      limit,
    });
    return joined(short, failure);
  }
}

function unnamed(enqueued: number, named: number): Failure | undefined {
  if (named >= enqueued) return undefined;
  return {
    class: "unexpected_body",
    message: `${enqueued} jobs were enqueued, and the answer names ${named} of them`,
  };
}

/** Both that is wrong, as one. */
function joined(one: Failure | undefined, other: Failure | undefined): Failure | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { class: one.class, message: `${one.message}; ${other.message}` };
}
