/**
 * certctl's job processor: each tick takes all that is due and works on so many at once, under one limit of time. A job
 * is Running while it is worked on, and what is not done by then is Pending again. As shipped (`claims_all`) all are
 * Running at once, and what is not done stays so for ever, and so does the renewal of its certificate. The work is a
 * wait, so that a lab on one core has any number of jobs in flight.
 */
import type { Clock } from "../clock.ts";
import { issue } from "./api/issuance.ts";
import { newRequest } from "./api/key.ts";
import { type ManagedCertificate, readCertificate } from "./api/certificate.ts";
import type { ApiContext } from "./api/context.ts";
import { type Job, jobsInStatus, setJobStatus } from "./api/job.ts";
import { startRenewal } from "./api/renewal.ts";

export interface SchedulerOptions {
  /** CERTCTL_SCHEDULER_JOB_PROCESSOR_INTERVAL; certctl's default is 30 s, the lab's 1 s. */
  readonly intervalMs?: number;
  /** CERTCTL_RENEWAL_CONCURRENCY, default 25. */
  readonly concurrency?: number;
  /** All of a tick, default certctl's 2 minutes. */
  readonly wallMs?: number;
  /** How long a job takes, default 100 ms, which is what an RSA key costs certctl. */
  readonly workMs?: number;
  /** How often failed jobs are tried again, default certctl's 5 minutes. */
  readonly retryMs?: number;
  /** How often certificates are looked through for what has expired, default certctl's hour. */
  readonly renewalCheckMs?: number;
}

export type SchedulerSettings = Required<SchedulerOptions>;

const DEFAULTS: SchedulerSettings = {
  intervalMs: 1_000,
  concurrency: 25,
  wallMs: 120_000,
  workMs: 100,
  retryMs: 300_000,
  renewalCheckMs: 3_600_000,
};

export function schedulerSettings(options: SchedulerOptions = {}): SchedulerSettings {
  return { ...DEFAULTS, ...options };
}

/** What the scheduler did since it was started. */
export interface SchedulerCounts {
  readonly ticks: number;
  /** Because the one before was not done. */
  readonly skippedTicks: number;
  readonly claimed: number;
  readonly completed: number;
  /** Left Running at the wall, as shipped. */
  readonly stuck: number;
  readonly inFlight: number;
  readonly highestInFlight: number;
}

export class Scheduler {
  readonly #context: ApiContext;
  readonly #settings: SchedulerSettings;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #tick: Promise<void> | undefined;
  readonly #counts = {
    ticks: 0,
    skippedTicks: 0,
    claimed: 0,
    completed: 0,
    stuck: 0,
    inFlight: 0,
    highestInFlight: 0,
  };

  constructor(context: ApiContext, settings: SchedulerSettings, clock: Clock) {
    this.#context = context;
    this.#settings = settings;
    this.#clock = clock;
  }

  get counts(): SchedulerCounts {
    return { ...this.#counts };
  }

  start(): void {
    const { intervalMs, retryMs, renewalCheckMs } = this.#settings;
    this.#loops.push(
      this.#every(intervalMs, () => this.#process()),
      this.#every(retryMs, () => this.#retry()),
      this.#every(renewalCheckMs, () => this.#checkExpiry()),
    );
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#loops, this.#tick]);
  }

  /** At once, and then as Go's tickers do it: a beat that is missed is not made up for. */
  async #every(ms: number, act: () => void): Promise<void> {
    const { signal } = this.#closing;
    let nextUs = this.#clock.nowUs();
    while (!signal.aborted) {
      act();
      nextUs = Math.max(nextUs + ms * 1000, this.#clock.nowUs());
      await this.#clock.sleepUntil(nextUs, signal);
    }
  }

  #process(): void {
    if (this.#tick !== undefined) {
      this.#counts.skippedTicks++;
      return;
    }
    this.#counts.ticks++;
    const jobs = this.#claim();
    if (jobs.length === 0) return;
    this.#tick = this.#workThrough(jobs).finally(() => this.#tick = undefined);
  }

  /** All that are Pending. A deployment is its agent's, but for the trap that claims it too. */
  #claim(): Job[] {
    const { store, asShipped } = this.#context;
    const isAgents = ({ type }: Job): boolean => type === "Deployment";
    return store.transaction(() => {
      const due = jobsInStatus(store, "Pending")
        .filter((job) => asShipped.has("claims_deployments") || !isAgents(job))
        .map((job) => isAgents(job) || asShipped.has("claims_all") ? this.#begin(job) : job);
      const jobs = due.filter((job) => !isAgents(job));
      this.#counts.claimed += jobs.length;
      return jobs;
    });
  }

  #begin(job: Job): Job {
    const { store, asShipped } = this.#context;
    return setJobStatus(store, job, "Running", { timesLost: asShipped.has("job_times_lost") });
  }

  async #workThrough(jobs: readonly Job[]): Promise<void> {
    const { concurrency, wallMs } = this.#settings;
    const wallUs = this.#clock.nowUs() + wallMs * 1000;
    const queue = jobs.values();
    const before = this.#counts.completed;
    const worker = async (): Promise<void> => {
      for (const job of queue) {
        if (!await this.#work(job, wallUs)) return;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    if (!this.#closing.signal.aborted && this.#context.asShipped.has("claims_all")) {
      this.#counts.stuck += jobs.length - (this.#counts.completed - before);
    }
  }

  /** Whether there is time left. */
  async #work(claimed: Job, wallUs: number): Promise<boolean> {
    const { store, asShipped } = this.#context;
    const { signal } = this.#closing;
    const startedUs = this.#clock.nowUs();
    if (startedUs >= wallUs || signal.aborted) return false;
    const job = asShipped.has("claims_all") ? claimed : this.#begin(claimed);
    const doneUs = startedUs + this.#settings.workMs * 1000;
    this.#counts.inFlight++;
    this.#counts.highestInFlight = Math.max(this.#counts.highestInFlight, this.#counts.inFlight);
    try {
      await this.#clock.sleepUntil(Math.min(doneUs, wallUs), signal);
      if (doneUs > wallUs || signal.aborted) {
        if (!asShipped.has("claims_all") && !signal.aborted) setJobStatus(store, job, "Pending");
        return false;
      }
      if (await this.#finish(job, startedUs)) this.#counts.completed++;
      return !signal.aborted;
    } finally {
      this.#counts.inFlight--;
    }
  }

  /** False where the signer has no time for it: then it has failed, or the lab ends. */
  async #finish(job: Job, startedUs: number): Promise<boolean> {
    const { store, asShipped, keygen, signerTurn } = this.#context;
    const timesLost = asShipped.has("job_times_lost");
    if (keygen === "agent") {
      setJobStatus(store, job, "AwaitingCSR", { timesLost });
      return true;
    }
    if (!await signerTurn()) {
      const error = "the signer's queue is full";
      if (!this.#closing.signal.aborted) setJobStatus(store, job, "Failed", { error, timesLost });
      return false;
    }
    const certificate = readCertificate(store, job.certificate_id)!; // a job refers to one
    const { request, keyPem } = newRequest();
    const waitedMs = (this.#clock.nowUs() - startedUs) / 1000;
    issue(this.#context, certificate, { request, csrPem: keyPem, job, waitedMs });
    return true;
  }

  /** The number of attempts is counted by nobody. */
  #retry(): void {
    const { store } = this.#context;
    store.transaction(() => {
      for (const job of jobsInStatus(store, "Failed")) setJobStatus(store, job, "Pending");
    });
  }

  #checkExpiry(): void {
    const { store, asShipped } = this.#context;
    if (!asShipped.has("expiry_sweep")) return;
    const rows = store.all<{ document: string }>(
      `SELECT document FROM certificates WHERE expires_at < '2000'
       AND status NOT IN ('Archived', 'Revoked', 'RenewalInProgress')`,
    );
    store.transaction(() => {
      for (const { document } of rows) {
        startRenewal(this.#context, JSON.parse(document) as ManagedCertificate);
      }
    });
  }
}
