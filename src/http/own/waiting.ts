/** Jobs that wait for a connection, oldest first, each until its deadline. */
import { nowUs } from "../../clock.ts";
import { type Job, settle } from "../exchange.ts";
import type { Failure } from "../failure.ts";

/** How late a waiting job may hear that its time is up. */
const CHECK_EVERY_MS = 10;

export class WaitingJobs {
  /** With the instant at which the wait began. */
  readonly #jobs = new Map<Job, number>();
  readonly #describe: (job: Job) => string;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `describe` says what a job waited for in vain. */
  constructor(describe: (job: Job) => string) {
    this.#describe = describe;
  }

  get size(): number {
    return this.#jobs.size;
  }

  get first(): Job | undefined {
    const [first] = this.#jobs.keys();
    return first;
  }

  add(job: Job): void {
    this.#jobs.set(job, nowUs());
    this.#timer ??= setInterval(() => this.#expire(), CHECK_EVERY_MS);
  }

  /** Takes the oldest out; its wait is over. */
  shift(): Job | undefined {
    const job = this.first;
    if (job !== undefined) this.#remove(job);
    return job;
  }

  fail(matches: (job: Job) => boolean, failure: Failure): void {
    for (const job of [...this.#jobs.keys()]) {
      if (!matches(job)) continue;
      this.#remove(job);
      settle(job, failure);
    }
  }

  #remove(job: Job): void {
    const sinceUs = this.#jobs.get(job);
    if (sinceUs === undefined) return;
    this.#jobs.delete(job);
    job.exchange.blockedUs += nowUs() - sinceUs;
    if (this.#jobs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    const now = nowUs();
    for (const job of [...this.#jobs.keys()]) {
      if (job.deadlineUs > now) continue;
      this.#remove(job);
      settle(job, { class: "timeout", message: this.#describe(job) }, now);
    }
  }
}
