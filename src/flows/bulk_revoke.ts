/**
 * `bulk_revoke`: one arrival revokes a whole batch (POST /certificates/bulk-revoke). The server answers when all is done,
 * so there are no jobs to follow: the answer's counts are compared with what was asked, and the certificates with them.
 */
import { z } from "zod";
import { CertctlApi } from "../certctl/api.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { FlowMeasures } from "../measures.ts";
import { batchOf, batchOptions, batchWords, makeBatches, shortfall } from "./batches.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";

/** RFC 5280 section 5.3.1, as certctl spells them. */
const REASONS = [
  "unspecified",
  "keyCompromise",
  "caCompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "privilegeWithdrawn",
] as const;

const options = z.strictObject({
  ...batchOptions,
  reason: z.enum(REASONS).default("superseded").describe("As the revocation list will say it"),
  look_at: z.int().min(0).default(3).describe(
    "So many of the batch are read afterwards, and must be Revoked",
  ),
});

type Options = z.output<typeof options>;

const measures = {
  durations: {
    revocation_time: "the call's time for each certificate that it revoked",
  },
  counters: {
    revocations_asked: "certificates whose revocation was asked for",
    revocations_done: "certificates that the server says it has revoked",
    revocations_failed: "certificates that it says it could not revoke",
    revocations_skipped: "certificates that it left out",
  },
} as const satisfies FlowMeasures;

export const bulkRevoke: FlowDefinition<Options> = {
  name: "bulk_revoke",
  summary: "Bulk revocation of a batch that was made beforehand; wants an administrator's token",
  tier: "lifecycle",
  options,
  changes: () => "batch",
  makes: batchWords,
  measures,
  steps: () => ["bulk_revoke", "certificate"],
  setup: makeBatches,
  create: (context) => new BulkRevoke(context),
};

class BulkRevoke implements Flow {
  readonly #context: FlowContext<Options>;
  readonly #api: CertctlApi;

  constructor(context: FlowContext<Options>) {
    this.#context = context;
    this.#api = new CertctlApi(context.target);
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const { made, options: { reason, look_at: lookAt } } = this.#context;
    const certificateIds = batchOf(made, iteration.index);
    if (isFailure(certificateIds)) return certificateIds;
    const answer = await this.#api.bulkRevoke(iteration, { certificateIds }, reason);
    if (isFailure(answer)) return advised(answer);
    const { value, exchange } = answer;
    iteration.count("revocations_asked", certificateIds.length);
    iteration.count("revocations_done", value.done);
    iteration.count("revocations_failed", value.failed);
    iteration.count("revocations_skipped", value.skipped);
    if (value.done > 0) {
      iteration.observe("revocation_time", (exchange.endedUs - exchange.startedUs) / value.done);
    }
    const short = shortfall(value, certificateIds.length, "revoked");
    if (short !== undefined) return short;
    return await this.#look(iteration, spread(certificateIds, lookAt));
  }

  /** A 200 is a word; that the certificates are revoked is a fact. */
  async #look(iteration: Iteration, ids: readonly string[]): Promise<Failure | undefined> {
    for (const id of ids) {
      const answer = await this.#api.certificate(iteration, id);
      if (isFailure(answer)) return answer;
      const { status } = answer.value;
      if (status === "Revoked") continue;
      const message = `The server says that all are revoked, and ${id} is ${status}`;
      return { class: "unexpected_body", message };
    }
    return undefined;
  }
}

/** The first, the last, and some in between. */
function spread(ids: readonly string[], count: number): string[] {
  const wanted = Math.min(count, ids.length);
  if (wanted < 2) return ids.slice(0, wanted);
  const step = (ids.length - 1) / (wanted - 1);
  return Array.from({ length: wanted }, (_, n) => ids[Math.round(n * step)]!);
}

/** A server that takes no plain key says 403, and what to do about it is the plan's. */
function advised(failure: Failure): Failure {
  if (!failure.message.includes("got 403")) return failure;
  const message = `${failure.message}; bulk revocation wants an administrator's key: give the ` +
    "scenario its own `token: ${CERTCTL_ADMIN_TOKEN}`";
  return { ...failure, message };
}
