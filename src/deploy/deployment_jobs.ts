/** Finding the job that deploys a certificate: told to the agent by `/work`, or looked for among all jobs. */
import type { CertctlAgent } from "../certctl/agent.ts";
import type { CertctlApi } from "../certctl/api.ts";
import { ENDED, type Job, type WorkItem } from "../certctl/resources.ts";
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import type { Sender } from "../http/step.ts";
import { createWait } from "../http/wait.ts";

export interface PollOptions {
  readonly intervalMs: number;
  readonly maxIntervalMs: number;
  readonly timeoutMs: number;
}

/** Newest first: a job that has just been made is on the first page, unless a great many were made since. */
const FIRST_PAGE = 50;
const WHOLE_PAGE = 500;

/** Work that was handed out for arrivals that have not asked for it yet; beyond this it is looked for among the jobs. */
const MOST_KEPT = 10_000;

export interface DeploymentJobsOptions {
  readonly api: CertctlApi;
  readonly clock: Clock;
  readonly poll: PollOptions;
  /** Asks `/work`; absent: the server's does not answer, or somebody else's agent does the work. */
  readonly agent?: CertctlAgent;
}

/** Of one worker: what `/work` hands out is handed out once, whoever asked. */
export class DeploymentJobs {
  readonly #options: DeploymentJobsOptions;
  /** Deployment jobs by their certificate. */
  readonly #work = new Map<string, string>();

  constructor(options: DeploymentJobsOptions) {
    this.#options = options;
  }

  /** Takes what work there is. What it is for its arrivals will ask. */
  async takeWork(sender: Sender): Promise<Failure | Exchange | undefined> {
    const { agent } = this.#options;
    if (agent === undefined) return undefined;
    const answer = await agent.work(sender);
    if (isFailure(answer)) return answer;
    for (const item of answer.value) this.#keep(item);
    return answer.exchange;
  }

  /** The id of the certificate's Deployment job, waited for. */
  async deploymentOf(sender: Sender, certificateId: string): Promise<string | Failure> {
    const { clock, poll } = this.#options;
    const wait = createWait({
      clock,
      what: `a Deployment job of certificate ${certificateId}`,
      ...poll,
      timeoutOption: "poll.timeout",
      honourRetryAfter: true,
      signal: sender.signal,
      observe: (name, durationUs) => sender.observe(name, durationUs),
    });
    for (let tried = 0;; tried++) {
      const taken = await this.takeWork(sender);
      if (isFailure(taken)) return taken;
      const told = this.#taken(certificateId);
      if (told !== undefined) return told;
      const found = await this.#lookUp(sender, certificateId, tried);
      if (isFailure(found)) return found;
      if (found.id !== undefined) return found.id;
      const late = await wait(found.exchange);
      if (late !== undefined) return late;
    }
  }

  /** The job when it has ended, waited for. */
  async endOf(sender: Sender, jobId: string, untilUs: number): Promise<EndedJob | Failure> {
    const { api, clock, poll } = this.#options;
    const wait = createWait({
      clock,
      what: `the end of Deployment job ${jobId}`,
      ...poll,
      timeoutMs: (untilUs - clock.nowUs()) / 1000,
      timeoutOption: "deadline",
      honourRetryAfter: true,
      signal: sender.signal,
      observe: (name, durationUs) => sender.observe(name, durationUs),
    });
    for (;;) {
      const answer = await api.job(sender, jobId);
      if (isFailure(answer)) return answer;
      const { value: job, exchange } = answer;
      if (ENDED.has(job.status)) return { job, seenUs: exchange.endedUs };
      const late = await wait(exchange);
      if (late !== undefined) return { ...late, message: `${late.message}; it is ${job.status}` };
    }
  }

  async #lookUp(
    sender: Sender,
    certificateId: string,
    tried: number,
  ): Promise<{ readonly id?: string; readonly exchange: Exchange } | Failure> {
    const perPage = tried === 0 ? FIRST_PAGE : WHOLE_PAGE;
    const answer = await this.#options.api.jobs(sender, { type: "Deployment", perPage });
    if (isFailure(answer)) return answer;
    const { value: { items }, exchange } = answer;
    const job = items.find((each) => each.certificateId === certificateId);
    return { exchange, ...(job && { id: job.id }) };
  }

  #keep({ id, type, certificateId }: WorkItem): void {
    if (type !== "Deployment") return;
    if (this.#work.size >= MOST_KEPT) this.#work.clear();
    this.#work.set(certificateId, id);
  }

  #taken(certificateId: string): string | undefined {
    const id = this.#work.get(certificateId);
    this.#work.delete(certificateId);
    return id;
  }
}

export interface EndedJob {
  readonly job: Job;
  readonly seenUs: number;
}
