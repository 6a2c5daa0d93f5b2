/** Certificates for flows that work on many at once: made and issued before the clock, archived after it. */
import { z } from "zod";
import { CertctlAgent, keyAndRequest } from "../certctl/agent.ts";
import { CertctlApi } from "../certctl/api.ts";
import {
  type CertificateOptions,
  certificateOptions,
  newCertificate,
} from "../certctl/certificate_options.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import { isBeforeTheClock } from "../plan/before_clock.ts";
import { sleep } from "../timer.ts";
import type { SetupContext } from "./flow.ts";

/** Options of what is made. */
export const batchOptions = {
  batch: z.int().min(1).max(100_000).default(100).describe("Certificates of one arrival"),
  ...certificateOptions,
  environment: z.string().max(50).default("loadtest").describe("Their label"),
  issue_by: z.enum(["agent", "server"]).default("agent").describe(
    "How they are issued before the clock: by a request of an agent's (CSR), which any server takes, or by a renewal that the server makes the key for (CERTCTL_KEYGEN_MODE=server)",
  ),
  parallel: z.int().min(1).max(256).default(8).describe("Requests at a time before the clock"),
};

export interface BatchOptions extends CertificateOptions {
  readonly batch: number;
  readonly environment: string;
  readonly issue_by: "agent" | "server";
  readonly parallel: number;
}

/** Ids of certificates, by arrival. */
export type Batches = readonly (readonly string[])[];

/** What `check` prints of it. */
export function batchWords({ batch, issue_by }: BatchOptions): string {
  const by = issue_by === "agent" ? "on an agent's request" : "by the server's own renewal";
  return `${batch} certificates for each arrival, issued ${by}`;
}

/** A server that works a renewal off in its own time has this long for one. */
const SERVER_ISSUES_MS = 120_000;
const ASK_AGAIN_MS = 500;

export async function makeBatches(
  context: SetupContext<BatchOptions>,
): Promise<{ readonly made: Batches } | Failure> {
  const { options, arrivals, scenario, signal, progress } = context;
  if (arrivals === undefined) return USERS;
  if (arrivals * options.batch > MOST_CERTIFICATES) return tooMany(arrivals, options.batch);
  const own = Array.from({ length: arrivals }, (_, n) => n).filter((n) => context.isOwn(n));
  const total = own.length * options.batch;
  const maker = new BatchMaker(context);
  const opened = await maker.open();
  if (opened !== undefined) return opened;
  const ids = new Array<string>(total);
  let next = 0, done = 0;
  let failure: Failure | undefined;
  const some = async (): Promise<void> => {
    while (failure === undefined && !signal.aborted && next < total) {
      const n = next++;
      const id = await maker.certificate(n);
      if (isFailure(id)) failure ??= id;
      else ids[n] = id;
      progress(++done, total, "certificates issued");
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, total) }, some));
  if (failure !== undefined) return failure;
  if (signal.aborted) {
    return { class: "interrupted", message: `Interrupted while "${scenario}" was made` };
  }
  const made: string[][] = Array.from({ length: arrivals }, () => []);
  for (const [at, n] of own.entries()) {
    made[n] = ids.slice(at * options.batch, (at + 1) * options.batch);
  }
  return { made };
}

/** Made one by one, by requests of their own: more takes days. */
const MOST_CERTIFICATES = 1_000_000;

function tooMany(arrivals: number, batch: number): Failure {
  return {
    class: "client",
    message:
      `${arrivals} arrivals of ${batch} certificates each cannot be made before the clock: ` +
      `at most ${MOST_CERTIFICATES} altogether; lower the rate, the duration or \`batch\``,
  };
}

const USERS: Failure = {
  class: "client",
  message:
    "The batches are made before the clock, one for each arrival, and users come as often as " +
    "they are answered: give the scenario a `rate` with `duration`, or `stages` of rates",
};

/** The common name of a scenario's certificate number `n`, counted over its batches. */
export function nameOf(
  { runId, scenario, domain }: {
    readonly runId: string;
    readonly scenario: string;
    readonly domain: string;
  },
  n: number,
): string {
  return `${runId}-${scenario}-${n}.${domain}`;
}

/** Makes one after another of a scenario's certificates; all of it is undone. */
class BatchMaker {
  readonly #context: SetupContext<BatchOptions>;
  readonly #api: CertctlApi;
  readonly #sender: Sender;
  #agent: CertctlAgent | undefined;

  constructor(context: SetupContext<BatchOptions>) {
    this.#context = context;
    this.#api = new CertctlApi(context.target);
    this.#sender = unmeasured(context);
  }

  async open(): Promise<Failure | undefined> {
    const { options, runId, scenario } = this.#context;
    if (options.issue_by === "server") return undefined;
    const name = `${runId}-${scenario}`;
    const agent = await CertctlAgent.registerForRun(this.#api, this.#context, name);
    if (isFailure(agent)) return told("Registering the agent that asks for certificates", agent);
    this.#agent = agent;
    return undefined;
  }

  /** The id of a new one, issued. */
  async certificate(n: number): Promise<string | Failure> {
    const { options, runId, scenario } = this.#context;
    const name = nameOf({ runId, scenario, domain: options.domain }, n);
    const asked = newCertificate(options, [name], options.environment);
    const created = await this.#api.createCertificate(this.#sender, asked);
    if (isFailure(created)) return told("Creating a certificate", created);
    const { id } = created.value;
    this.#undo(`certificate ${id}`, (sender) => this.#api.archiveCertificate(sender, id));
    const failure = await this.#issue(id, name);
    return failure === undefined ? id : told(`Issuing ${id}`, failure);
  }

  async #issue(id: string, name: string): Promise<Failure | undefined> {
    if (this.#agent === undefined) return await this.#serverIssues(id);
    const { csrPem } = await keyAndRequest([name]);
    return failureOf(await this.#agent.submitCsr(this.#sender, id, csrPem));
  }

  async #serverIssues(id: string): Promise<Failure | undefined> {
    const { signal } = this.#context;
    const renewed = await this.#api.renew(this.#sender, id);
    if (isFailure(renewed)) return renewed;
    for (let waitedMs = 0; waitedMs < SERVER_ISSUES_MS; waitedMs += ASK_AGAIN_MS) {
      const answer = await this.#api.certificate(this.#sender, id);
      if (isFailure(answer)) return answer;
      if (answer.value.status === "Active") return undefined;
      await sleep(ASK_AGAIN_MS, signal);
      if (signal.aborted) return { class: "interrupted", message: "Interrupted" };
    }
    return {
      class: "timeout",
      message: `not issued after ${SERVER_ISSUES_MS / 1000} s: does the server make keys ` +
        "(CERTCTL_KEYGEN_MODE=server)? `issue_by: agent` does without",
    };
  }

  #undo(what: string, action: (sender: Sender) => Promise<unknown>): void {
    const { client, timeoutMs } = this.#context;
    this.#context.undo(
      what,
      async (signal) => failureOf(await action(unmeasured({ client, timeoutMs, signal }))),
    );
  }
}

function failureOf(answer: unknown): Failure | undefined {
  return isFailure(answer) ? answer : undefined;
}

/** The same failure, with what was attempted. */
function told(what: string, failure: Failure): Failure {
  return { ...failure, message: `${what}: ${failure.message}` };
}

/** This arrival's certificates; the last batch is the probe's, where there is one. */
export function batchOf(made: unknown, index: number): readonly string[] | Failure {
  const batch = (made as Batches | undefined)?.at(isBeforeTheClock(index) ? -1 : index);
  return batch ?? {
    class: "client",
    message:
      "There is no batch for this arrival: batches are made for the plan's own arrivals and its " +
      "probe",
  };
}

/** Numbers of a bulk call's answer that fall short of what was asked, which a status of 200 hides. */
export function shortfall(
  { matched, done, skipped, failed, errors }: {
    readonly matched: number;
    readonly done: number;
    readonly skipped: number;
    readonly failed: number;
    readonly errors: readonly { readonly certificateId: string; readonly error: string }[];
  },
  asked: number,
  did: string,
): Failure | undefined {
  if (matched >= asked && done >= asked) return undefined;
  const [first] = errors;
  const why = first === undefined ? "" : `, the first ${first.certificateId}: ${first.error}`;
  return {
    class: "unexpected_body",
    message: `200, and of ${asked} certificates asked for ${matched} matched, ${done} ${did}, ` +
      `${skipped} skipped, ${failed} failed${why}`,
  };
}
