/**
 * Follows a batch of jobs to their ends with the cheapest questions that certctl answers: how many are Completed is a
 * number, and only when it has changed are jobs listed; the last few are read one by one. What the asking takes is in the
 * steps `progress`, `jobs` and `job`.
 */
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import type { Sender } from "../http/step.ts";
import { createWait } from "../http/wait.ts";
import type { CertctlApi } from "./api.ts";
import { Integral, JobBook, type JobEnd } from "./job_book.ts";
import type { Job } from "./resources.ts";

/** Steps of the flows that watch jobs. */
export const WATCH_STEPS = ["progress", "jobs", "job"] as const;

/** Three counts and a list. */
export const LOOK_REQUESTS = 4;

/** certctl's largest page. */
const PAGE = 500;
/** So few are read one by one. */
const FEW = 3;
/** A failed job shows in no count that is asked for, so all are looked at this often, whatever the counts say. */
const LOOK_EVERY = 10;
/** Answers in a row that tell nothing; then it is the server that has failed, and not its jobs. */
const MOST_FAILURES = 5;

export interface JobWatchOptions {
  readonly api: CertctlApi;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly jobIds: readonly string[];
  /** When the server had made them: the answer that named them. */
  readonly madeUs: number;
  readonly pollMs: number;
  readonly timeoutMs: number;
  /** What a job that nobody has begun is; default Pending. */
  readonly waitsAs?: "Pending" | "AwaitingCSR";
  /** How many the server is configured to work on at once, if that is known. */
  readonly limit?: number | undefined;
}

/** undefined when every job has ended well. */
export async function watchJobs(options: JobWatchOptions): Promise<Failure | undefined> {
  return await new JobWatch(options).run();
}

class JobWatch {
  readonly #options: JobWatchOptions;
  readonly #book: JobBook;
  readonly #open: Integral;
  readonly #running: Integral;
  readonly #deadlineUs: number;
  #polls = 0;
  #completed = -1;
  /** Others' jobs, Pending and Running, when the batch was first seen: some stay so for ever. */
  #others: { readonly pending: number; readonly running: number } | undefined;
  #last: Exchange | undefined;
  #failure: Failure | undefined;
  #failures = 0;

  constructor(options: JobWatchOptions) {
    const { jobIds, madeUs, clock, timeoutMs } = options;
    this.#options = options;
    this.#deadlineUs = clock.nowUs() + timeoutMs * 1000;
    this.#book = new JobBook(jobIds, madeUs);
    this.#open = new Integral(jobIds.length, madeUs);
    this.#running = new Integral(0, madeUs);
  }

  async run(): Promise<Failure | undefined> {
    const { sender, clock, pollMs, timeoutMs, madeUs, limit } = this.#options;
    const book = this.#book;
    const wait = createWait({
      clock,
      what: `${book.asked} jobs`,
      intervalMs: pollMs,
      timeoutMs,
      timeoutOption: "deadline",
      honourRetryAfter: true,
      signal: sender.signal,
      observe: (name, us) => sender.observe(name, us),
    });
    sender.count("jobs_asked", book.asked);
    if (limit !== undefined) sender.gauge("jobs_limit", limit);
    let over: Failure | undefined;
    while (over === undefined && book.open.size > 0) {
      await this.#poll();
      if (book.open.size === 0 || this.#failures >= MOST_FAILURES) break;
      over = await wait(this.#last ?? NO_ANSWER);
    }
    sender.gauge("jobs_in_flight", 0);
    sender.count("jobs_stuck", book.open.size);
    sender.count("jobs_open_ms", milliseconds(this.#open.total));
    sender.count("jobs_running_ms", milliseconds(this.#running.total));
    sender.count("batches_ms", milliseconds((book.lastEndUs ?? clock.nowUs()) - madeUs));
    if (over?.class === "interrupted") return over;
    if (this.#failures >= MOST_FAILURES) return this.#failure;
    return book.failure(clock.nowUs());
  }

  /** Waiting before Running before Completed: a job on its way is counted twice rather than missed. */
  async #poll(): Promise<void> {
    const { waitsAs = "Pending" } = this.#options;
    const pending = await this.#total(waitsAs);
    const running = await this.#total("Running");
    const completed = await this.#total("Completed");
    if (pending === undefined || running === undefined || completed === undefined) return;
    const look = completed.value !== this.#completed || this.#polls % LOOK_EVERY === 0 ||
      this.#book.open.size <= FEW;
    this.#polls++;
    this.#completed = completed.value;
    if (look && !await this.#look()) return;
    // Requests are being answered meanwhile: when the first question was asked, none had been.
    const waited = waitsAs === "AwaitingCSR" ? this.#book.asked : this.#book.count(waitsAs);
    this.#others ??= {
      pending: Math.max(0, pending.value - waited),
      running: Math.max(0, running.value - this.#book.count("Running")),
    };
    const inFlight = Math.max(0, running.value - this.#others.running);
    const waiting = Math.max(0, pending.value - this.#others.pending);
    this.#options.sender.gauge("jobs_in_flight", inFlight);
    this.#running.see(inFlight, running.atUs);
    this.#open.see(inFlight + waiting, running.atUs);
  }

  async #total(
    status: string,
  ): Promise<{ readonly value: number; readonly atUs: number } | undefined> {
    const { api, sender } = this.#options;
    const answer = this.#heard(await api.jobs(sender, { status, perPage: 1 }, "progress"));
    return answer && { value: answer.value.total, atUs: answer.exchange.endedUs };
  }

  /** At the jobs themselves; false where that was refused. */
  async #look(): Promise<boolean> {
    return this.#book.open.size <= FEW ? await this.#readFew() : await this.#list();
  }

  async #readFew(): Promise<boolean> {
    const { api, sender } = this.#options;
    for (const id of [...this.#book.open.keys()]) {
      const answer = this.#heard(await api.job(sender, id, "job"));
      if (answer === undefined) return false;
      this.#see([answer.value], answer.exchange.endedUs);
    }
    return true;
  }

  /** Newest first, until all that are open have been seen; pages without end come to theirs at the deadline. */
  async #list(): Promise<boolean> {
    const { api, sender, clock } = this.#options;
    const missing = new Set(this.#book.open.keys());
    for (let page = 1; missing.size > 0 && clock.nowUs() < this.#deadlineUs; page++) {
      const answer = this.#heard(await api.jobs(sender, { page, perPage: PAGE }, "jobs"));
      if (answer === undefined) return false;
      const { items, total } = answer.value;
      this.#see(items, answer.exchange.endedUs);
      for (const { id } of items) missing.delete(id);
      if (items.length === 0 || page * PAGE >= total) break;
    }
    return true;
  }

  #see(jobs: readonly Job[], atUs: number): void {
    const { sender, madeUs } = this.#options;
    const ends = jobs.map((job) => this.#book.see(job, atUs)).filter((end) => end !== undefined);
    if (ends.length === 0) return;
    for (const end of ends) this.#tell(end);
    sender.gauge("jobs_per_s", this.#book.ended / Math.max(1, atUs - madeUs) * 1e6);
  }

  #tell({ status, atUs, workUs }: JobEnd): void {
    const { sender, madeUs } = this.#options;
    sender.count(status === "Completed" ? "jobs_completed" : "jobs_failed");
    if (status !== "Completed") return;
    sender.observe("job_time", Math.max(0, atUs - madeUs));
    if (workUs !== undefined) sender.observe("work_time", workUs);
  }

  #heard<T extends { readonly exchange: Exchange }>(answer: T | Failure): T | undefined {
    this.#options.sender.count("job_polls");
    if (isFailure(answer)) {
      this.#failure = answer;
      this.#failures++;
      return undefined;
    }
    this.#failures = 0;
    this.#last = answer.exchange;
    return answer;
  }
}

const NO_ANSWER = { header: () => undefined } as unknown as Exchange;

function milliseconds(us: number): number {
  return Math.round(us / 1000);
}
