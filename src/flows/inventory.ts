/**
 * Rows in a server's inventory before the load: what is there is counted, and the rest created. On the way single lists and
 * creates are timed at ever more rows. It is a set-up without a flow: the rows are there for all levels of a search alike.
 */
import { CertctlApi } from "../certctl/api.ts";
import {
  type CertificateOptions,
  certificateOptions,
  newCertificate,
} from "../certctl/certificate_options.ts";
import { createClient } from "../http/client.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange, HttpClient } from "../http/http.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import type { Inventory, InventoryPoint } from "../inventory.ts";
import type { Scenario } from "../plan/plan.ts";
import { sleep } from "../timer.ts";
import type { SetupContext } from "./flow.ts";

export interface InventoryOptions {
  readonly rows: number;
  /** They stay behind. */
  readonly keep: boolean;
}

export type RowOptions = CertificateOptions & { readonly environment?: string };

/** Requests at a time: a server's pool of database connections has 25. */
const AT_ONCE = 16;
/** Of each kind at each point. */
const SAMPLES = 20;
/** A list that takes seconds is not asked for so often. */
const SAMPLED_MS = 3_000;
/** A limiter refuses what comes too fast; certctl's asks for a second. */
const REFUSED_MS = 1_000;
/** Rows that are removed one after the other; several such parts are side by side. */
const PART = 1_000;
const PER_PAGE = 50;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Whether a scenario says whose certificates a server would be given. */
export function saysWhose({ with: options }: Scenario): boolean {
  return typeof options === "object" && options !== null &&
    Object.keys(certificateOptions).every((name) => name in options);
}

export async function makeInventory(
  context: SetupContext<RowOptions>,
  options: InventoryOptions,
): Promise<{ readonly made: Inventory } | Failure> {
  // As loads have it: what it adds to a time is small.
  const { tls } = context.target;
  const client = await createClient({ tls, protocol: "http/1.1", maxBodyBytes: MAX_BODY_BYTES });
  try {
    return await new InventoryMaker(context, options, client).make();
  } finally {
    client.close();
  }
}

/** Numbers of rows at which requests are timed: 1, 2 and 5 of each power of ten from 1,000 on, and both ends. */
export function inventoryPoints(before: number, rows: number): number[] {
  const between: number[] = [];
  for (let power = 1_000; power < rows; power *= 10) {
    between.push(...[1, 2, 5].map((digit) => digit * power));
  }
  return [
    before,
    ...between.filter((at) => at > before && at < rows),
    ...rows > before ? [rows] : [],
  ];
}

const INTERRUPTED: Failure = { class: "interrupted", message: "Interrupted" };

class InventoryMaker {
  readonly #context: SetupContext<RowOptions>;
  readonly #options: InventoryOptions;
  readonly #api: CertctlApi;
  readonly #sender: Sender;
  /** An interrupt does not cut a create off: the server may make the row, and nobody would know its id. */
  readonly #patientSender: Sender;
  readonly #points: InventoryPoint[] = [];
  /** Ids by thousands, for their removal. */
  readonly #parts: string[][] = [];
  #created = 0;

  constructor(
    context: SetupContext<RowOptions>,
    options: InventoryOptions,
    client: HttpClient,
  ) {
    this.#context = context;
    this.#options = options;
    this.#api = new CertctlApi(context.target);
    const { timeoutMs, signal } = context;
    this.#sender = unmeasured({ client, timeoutMs, signal });
    const never = new AbortController().signal;
    this.#patientSender = unmeasured({ client, timeoutMs, signal: never });
  }

  async make(): Promise<{ readonly made: Inventory } | Failure> {
    const { rows } = this.#options;
    const counted = await this.#list(1);
    if (isFailure(counted)) return told("Counting the certificates that there are", counted);
    const before = counted.value.total;
    const missing = Math.max(0, rows - before);
    for (const at of inventoryPoints(before, rows)) {
      const creates = await this.#fill(at - before, missing);
      const lists = isFailure(creates) ? creates : await this.#look();
      if (isFailure(creates)) return creates;
      if (isFailure(lists)) return lists;
      this.#points.push({
        rows: lists.rows,
        listP50Ms: median(lists.timesMs),
        listMaxMs: most(lists.timesMs),
        createP50Ms: median(creates),
        createMaxMs: most(creates),
      });
    }
    return { made: { rows, before, created: this.#created, points: this.#points } };
  }

  /** Creates rows until there are `upTo` of ours, and times the last, which come one after the other: milliseconds. */
  async #fill(upTo: number, all: number): Promise<number[] | Failure> {
    const { signal } = this.#context;
    const single = Math.max(this.#created, upTo - SAMPLES);
    const timesMs: number[] = [];
    let failure: Failure | undefined;
    let next = this.#created;
    const some = async (end: number, times: number[]): Promise<void> => {
      while (failure === undefined && next < end) {
        if (signal.aborted) return void (failure = INTERRUPTED);
        const tookMs = await this.#create(next++, all);
        if (isFailure(tookMs)) failure ??= tookMs;
        else times.push(tookMs);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, () => some(single, [])));
    await some(upTo, timesMs);
    return failure ?? timesMs;
  }

  /** What it took, milliseconds. */
  async #create(n: number, all: number): Promise<number | Failure> {
    const { options, progress } = this.#context;
    const { environment = "loadtest" } = options;
    const asked = newCertificate(options, [this.#nameOf(n)], environment);
    const created = await this.#patient(() =>
      this.#api.createCertificate(this.#patientSender, asked)
    );
    if (isFailure(created)) {
      return told(`Creating row ${n + 1} of ${all}, after ${this.#created}`, created);
    }
    if (!this.#options.keep) this.#remember(n, created.value.id);
    progress(++this.#created, all, "certificates created");
    return tookMs(created.exchange);
  }

  #nameOf(n: number): string {
    const { options, runId, scenario } = this.#context;
    return `${runId}-${scenario}-${n}.${options.domain}`;
  }

  /** Lists, one after the other. */
  async #look(): Promise<{ readonly rows: number; readonly timesMs: number[] } | Failure> {
    const { clock } = this.#context;
    const untilUs = clock.nowUs() + SAMPLED_MS * 1000;
    const timesMs: number[] = [];
    for (;;) {
      const answer = await this.#list(PER_PAGE);
      if (isFailure(answer)) return told("Listing the certificates", answer);
      timesMs.push(tookMs(answer.exchange));
      if (timesMs.length >= SAMPLES || clock.nowUs() >= untilUs) {
        return { rows: answer.value.total, timesMs };
      }
    }
  }

  #list(perPage: number): ReturnType<CertctlApi["certificates"]> {
    return this.#patient(() => this.#api.certificates(this.#sender, perPage));
  }

  /** What a limiter refuses is asked again, until the set-up's time is over. */
  async #patient<T>(ask: () => Promise<T | Failure>): Promise<T | Failure> {
    const { signal } = this.#context;
    for (;;) {
      const answer = await ask();
      const isRefused = isFailure(answer) && answer.class === "rate_limited";
      if (!isRefused || signal.aborted) return answer;
      await sleep(REFUSED_MS, signal);
    }
  }

  #remember(n: number, id: string): void {
    const part = Math.floor(n / PART);
    if (this.#parts[part] === undefined) this.#parts[part] = this.#newPart(part * PART);
    this.#parts[part].push(id);
  }

  #newPart(from: number): string[] {
    const ids: string[] = [];
    const { client, timeoutMs, undo } = this.#context;
    undo(`certificates ${this.#nameOf(from)} and on`, async (signal) => {
      const sender = unmeasured({ client, timeoutMs, signal });
      for (let id = ids.at(-1); id !== undefined; id = ids.at(-1)) {
        const archived = await this.#api.archiveCertificate(sender, id);
        if (isFailure(archived)) return told(`${ids.length} of them stayed`, archived);
        ids.pop();
      }
      return undefined;
    });
    return ids;
  }
}

function tookMs({ startedUs, endedUs }: Exchange): number {
  return (endedUs - startedUs) / 1000;
}

function told(what: string, failure: Failure): Failure {
  return { ...failure, message: `${what}: ${failure.message}` };
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
