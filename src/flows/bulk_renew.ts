/**
 * `bulk_renew`: one arrival asks for the renewal of a whole batch (POST /certificates/bulk-renew) and follows each job to
 * its end. The certificates are made and issued before the clock, so that every job is due.
 */
import { z } from "zod";
import { CertctlAgent, keyAndRequest } from "../certctl/agent.ts";
import { CertctlApi } from "../certctl/api.ts";
import { LOOK_REQUESTS, WATCH_STEPS, watchJobs } from "../certctl/job_watch.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { JOB_MEASURES } from "../jobs.ts";
import { duration, durationAboveZero } from "../plan/units.ts";
import {
  type Batches,
  batchOf,
  batchOptions,
  batchWords,
  makeBatches,
  nameOf,
  shortfall,
} from "./batches.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration, SetupContext } from "./flow.ts";

const options = z.strictObject({
  ...batchOptions,
  poll: durationAboveZero().prefault("1s").describe(
    "Between two questions how the jobs stand; a job's end is seen so much later at most",
  ),
  deadline: duration().prefault("3m").describe(
    "Of a batch's jobs; what has not ended by then is stuck. The plan's `graceful_stop` should be longer",
  ),
  answer_csrs: z.boolean().default(false).describe(
    "Send the request (CSR) that each job awaits, as its agent would: for a server that leaves keys to agents (CERTCTL_KEYGEN_MODE=agent)",
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
  // The server's counts are of all batches together: one thread asks for them.
  places: () => 1,
  // The call, the requests that jobs await, and one look at how they stand.
  requests: ({ batch, answer_csrs: answers }) => 1 + (answers ? batch : 0) + LOOK_REQUESTS,
  asksAgain: () => true,
  makes: batchWords,
  measures: JOB_MEASURES,
  steps: ({ answer_csrs: answers }) => ["bulk_renew", ...(answers ? ["csr"] : []), ...WATCH_STEPS],
  setup: async (context) => {
    const batches = await makeBatches(context);
    if (isFailure(batches) || !context.options.answer_csrs) return batches;
    const agentId = await registerAnswering(context);
    return isFailure(agentId) ? agentId : { made: { batches: batches.made, agentId } };
  },
  create: (context) => new BulkRenew(context),
};

/** What is made with `answer_csrs`; without, it is the batches alone. */
interface Answered {
  readonly batches: Batches;
  readonly agentId: string;
}

/** The agent in whose name requests are sent; certctl does not ask whose the certificate is. */
async function registerAnswering(context: SetupContext<Options>): Promise<string | Failure> {
  const { runId, scenario, target } = context;
  const name = `${runId}-${scenario}-answers`;
  const agent = await CertctlAgent.registerForRun(new CertctlApi(target), context, name);
  return isFailure(agent) ? agent : agent.id;
}

class BulkRenew implements Flow {
  readonly #context: FlowContext<Options>;
  readonly #api: CertctlApi;

  constructor(context: FlowContext<Options>) {
    this.#context = context;
    this.#api = new CertctlApi(context.target);
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const { made, clock, options: { poll, deadline, limit } } = this.#context;
    const { batches, agentId } = Array.isArray(made)
      ? { batches: made, agentId: undefined }
      : (made ?? {}) as Partial<Answered>;
    const certificateIds = batchOf(batches, iteration.index);
    if (isFailure(certificateIds)) return certificateIds;
    const answer = await this.#api.bulkRenew(iteration, { certificateIds });
    if (isFailure(answer)) return answer;
    const { value, exchange } = answer;
    const jobIds = value.jobs.map(({ jobId }) => jobId).filter((id) => id !== "");
    const short = shortfall(value, certificateIds.length, "enqueued") ??
      unnamed(value.done, jobIds.length);
    const answering = agentId && this.#answer(iteration, agentId, certificateIds);
    const failure = await watchJobs({
      api: this.#api,
      sender: iteration,
      clock,
      jobIds,
      madeUs: exchange.endedUs,
      pollMs: poll,
      timeoutMs: deadline,
      waitsAs: agentId === undefined ? "Pending" : "AwaitingCSR",
      limit,
    });
    return joined(joined(short, await answering || undefined), failure);
  }

  /** A request for each certificate, so many at a time; the first that was refused is told. */
  async #answer(
    iteration: Iteration,
    agentId: string,
    certificateIds: readonly string[],
  ): Promise<Failure | undefined> {
    const { runId, scenario, options: { batch, domain, parallel } } = this.#context;
    let next = 0;
    let failure: Failure | undefined;
    const some = async (): Promise<void> => {
      while (next < certificateIds.length && !iteration.signal.aborted) {
        const at = next++;
        const name = nameOf({ runId, scenario, domain }, iteration.index * batch + at);
        const { csrPem } = await keyAndRequest([name]);
        const answer = await this.#api.submitCsr(iteration, agentId, certificateIds[at]!, csrPem);
        if (isFailure(answer)) failure ??= answer;
      }
    };
    await Promise.all(Array.from({ length: parallel }, some));
    return failure;
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
