/** What is known of a batch's jobs, sight by sight, and what is to be said of them in the end. Pure. */
import { cut, quoted } from "../terminal.ts";
import type { Failure } from "../http/failure.ts";
import { ENDED, type Job } from "./resources.ts";

/** A job that has come to its end, as it was first seen. */
export interface JobEnd {
  readonly id: string;
  readonly status: string;
  /** The sight: the end itself is at most one poll older. */
  readonly atUs: number;
  /** Begun to ended by the server's own clock, where it tells both. */
  readonly workUs: number | undefined;
}

export class JobBook {
  readonly asked: number;
  /** When the server had made them. */
  readonly madeUs: number;
  completed = 0;
  /** Failed or cancelled. */
  failed = 0;
  lastEndUs: number | undefined;
  /** By id, in the order in which they were made: the status last seen. */
  readonly open: Map<string, string>;
  #firstFailed: string | undefined;

  constructor(ids: Iterable<string>, madeUs: number) {
    this.open = new Map(Array.from(ids, (id) => [id, "Pending"]));
    this.asked = this.open.size;
    this.madeUs = madeUs;
  }

  get ended(): number {
    return this.completed + this.failed;
  }

  /** How many of the open ones were last seen so. */
  count(status: string): number {
    let count = 0;
    for (const seen of this.open.values()) if (seen === status) count++;
    return count;
  }

  /** Somebody else's jobs, and those whose end is known, are nothing new. */
  see(job: Job, atUs: number): JobEnd | undefined {
    const { id, status } = job;
    if (!this.open.has(id)) return undefined;
    if (!ENDED.has(status)) {
      this.open.set(id, status);
      return undefined;
    }
    this.open.delete(id);
    this.lastEndUs = atUs;
    if (status === "Completed") this.completed++;
    else {
      this.failed++;
      this.#firstFailed ??= `${id} ${cut(status, 40)}${
        job.lastError ? `: ${quoted(job.lastError, 200)}` : ""
      }`;
    }
    return { id, status, atUs, workUs: workUs(job) };
  }

  /** undefined where every job ended well. `deadlineUs`: until when they were watched. */
  failure(deadlineUs: number): Failure | undefined {
    const parts: string[] = [];
    if (this.failed > 0) {
      parts.push(`${this.failed} of ${this.asked} jobs failed, the first ${this.#firstFailed}`);
    }
    if (this.open.size > 0) parts.push(this.#stuck(deadlineUs));
    if (parts.length === 0) return undefined;
    return { class: this.open.size > 0 ? "timeout" : "unexpected_body", message: parts.join("; ") };
  }

  #stuck(deadlineUs: number): string {
    const [[first, status] = ["", ""]] = this.open;
    const counts = new Map<string, number>();
    for (const each of this.open.values()) counts.set(each, (counts.get(each) ?? 0) + 1);
    const statuses = [...counts].slice(0, MOST_STATUSES)
      .map(([each, count]) => `${count} ${cut(each, 40)}`).join(", ");
    const more = counts.size > MOST_STATUSES ? ` and ${counts.size - MOST_STATUSES} more` : "";
    const after = seconds(deadlineUs - this.madeUs);
    const stuck = `${this.open.size} of ${this.asked} jobs had not ended after ${after}: ` +
      `${statuses}${more}, the first ${first}`;
    return `${stuck}; ${this.#why(status, deadlineUs)}`;
  }

  #why(first: string, deadlineUs: number): string {
    if (this.count("AwaitingCSR") === this.open.size) return AWAITING_CSR;
    if (this.lastEndUs === undefined) {
      return first === "Running"
        ? `none has ended; ${WALL}`
        : "none was begun: does the scheduler run?";
    }
    const last = seconds(this.lastEndUs - this.madeUs);
    const quietUs = deadlineUs - this.lastEndUs;
    const gapUs = (this.lastEndUs - this.madeUs) / this.ended;
    if (quietUs < SILENT_GAPS * gapUs) {
      return `they still ended at ${
        (1e6 / gapUs).toPrecision(2)
      } per second: a longer \`deadline\` sees the rest`;
    }
    const claimed = this.count("Running") > 0;
    return `the last that ended did so after ${last}, and then none${claimed ? `: ${WALL}` : ""}`;
  }
}

/** certctl has seven; a server may say anything. */
const MOST_STATUSES = 8;

/** So many times the usual distance between two ends without one: the server has stopped. */
const SILENT_GAPS = 20;

const WALL = "certctl gives all that one tick of its scheduler has claimed two minutes together, " +
  "and never comes back to what is Running then";

const AWAITING_CSR = "the server leaves keys to its agents (CERTCTL_KEYGEN_MODE=agent), and none " +
  "has sent a request for them: `answer_csrs: true` does";

function workUs({ startedAt, completedAt }: Job): number | undefined {
  const [from, to] = [startedAt, completedAt].map((text) => Date.parse(text ?? ""));
  // Go's zero time is the year 1.
  return from! > 0 && to! >= from! ? (to! - from!) * 1000 : undefined;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(1)} s`;
}

/** What a count is over time, count x microseconds: it holds until the next sight. */
export class Integral {
  total = 0;
  #value: number;
  #atUs: number;

  constructor(value: number, atUs: number) {
    this.#value = value;
    this.#atUs = atUs;
  }

  see(value: number, atUs: number): void {
    this.total += this.#value * Math.max(0, atUs - this.#atUs);
    this.#value = value;
    this.#atUs = Math.max(this.#atUs, atUs);
  }
}
