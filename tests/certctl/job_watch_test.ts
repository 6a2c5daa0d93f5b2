import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CertctlApi, JobQuery } from "../../src/certctl/api.ts";
import { watchJobs } from "../../src/certctl/job_watch.ts";
import type { Job } from "../../src/certctl/resources.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { Exchange } from "../../src/http/http.ts";
import type { Sender } from "../../src/http/step.ts";
import { VirtualClock } from "../virtual_clock.ts";

/** A server's jobs, and what was asked of it; each answer takes no time. */
class Jobs {
  readonly rows: Job[] = [];
  readonly asked: string[] = [];
  failure: Failure | undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  add(count: number, status: string, prefix = "job"): string[] {
    const ids = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
    for (const id of ids) this.rows.unshift({ id, type: "Renewal", certificateId: id, status });
    return ids;
  }

  set(ids: readonly string[], status: string): void {
    for (const [at, row] of this.rows.entries()) {
      if (ids.includes(row.id)) this.rows[at] = { ...row, status };
    }
  }

  get api(): CertctlApi {
    return {
      jobs: (_: Sender, { status, page = 1, perPage = 50 }: JobQuery, step: string) => {
        this.asked.push(`${step} ${status ?? page}`);
        if (this.failure !== undefined) return Promise.resolve(this.failure);
        const found = this.rows.filter((row) => status === undefined || row.status === status);
        const items = found.slice((page - 1) * perPage, page * perPage);
        return Promise.resolve({ value: { items, total: found.length }, exchange: this.#now });
      },
      job: (_: Sender, id: string, step: string) => {
        this.asked.push(`${step} ${id}`);
        if (this.failure !== undefined) return Promise.resolve(this.failure);
        const value = this.rows.find((row) => row.id === id)!;
        return Promise.resolve({ value, exchange: this.#now });
      },
    } as unknown as CertctlApi;
  }

  get #now(): Exchange {
    return { endedUs: this.#clock.nowUs(), header: () => undefined } as unknown as Exchange;
  }
}

class Told implements Sender {
  readonly #stop = new AbortController();
  readonly counts: Record<string, number> = {};
  readonly times: number[] = [];
  readonly inFlight: number[] = [];

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  step(): never {
    throw new Error("the server here is asked without steps");
  }

  observe(name: string, durationUs: number): void {
    if (name === "job_time") this.times.push(durationUs / 1e6);
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  gauge(name: string, value: number): void {
    if (name === "jobs_in_flight") this.inFlight.push(value);
  }

  deployment(): void {}
}

interface Scene {
  readonly clock: VirtualClock;
  readonly server: Jobs;
  readonly told: Told;
  watch(ids: readonly string[]): Promise<Failure | undefined>;
}

function scene(waitsAs?: "AwaitingCSR"): Scene {
  const clock = new VirtualClock();
  const server = new Jobs(clock);
  const told = new Told();
  const watch = (jobIds: readonly string[]): Promise<Failure | undefined> =>
    watchJobs({
      api: server.api,
      sender: told,
      clock,
      jobIds,
      madeUs: 0,
      pollMs: 1000,
      timeoutMs: 60_000,
      ...(waitsAs && { waitsAs }),
    });
  return { clock, server, told, watch };
}

Deno.test("while nothing has ended nothing is listed but now and then; the counts are asked for alone", async () => {
  const { clock, server, told, watch } = scene();
  const ids = server.add(10, "Pending");
  const watching = watch(ids);
  await clock.advance(8_500_000);
  assertEquals(server.asked.filter((each) => each.startsWith("jobs")).length, 1);
  assertEquals(server.asked.filter((each) => each === "progress Completed").length, 9);
  server.set(ids.slice(0, 4), "Completed");
  server.set(ids.slice(4), "Running");
  await clock.advance(1_000_000);
  assertEquals(told.times, [9, 9, 9, 9]);
  server.set(ids, "Completed");
  await clock.advance(1_000_000);
  assertEquals(await watching, undefined);
  assertEquals([told.counts["jobs_completed"], told.counts["jobs_stuck"]], [10, 0]);
  assertEquals(told.counts["job_polls"], server.asked.length);
  assertEquals(told.inFlight.slice(-3), [6, 0, 0]);
});

Deno.test("the last few are read one by one, and a failed one shows there although no count tells of it", async () => {
  const { clock, server, told, watch } = scene();
  const ids = server.add(8, "Running");
  const watching = watch(ids);
  await clock.advance(500_000);
  server.set(ids.slice(0, 6), "Completed");
  await clock.advance(1_000_000);
  server.asked.length = 0;
  server.set([ids[6]!], "Failed");
  server.set([ids[7]!], "Completed");
  await clock.advance(1_000_000);
  assertEquals(server.asked.filter((each) => each.startsWith("job")), ["job job-6", "job job-7"]);
  assertMatch((await watching)?.message ?? "", /^1 of 8 jobs failed, the first job-6 Failed$/);
  assertEquals(told.counts["jobs_failed"], 1);
});

Deno.test("of many jobs as many pages are listed as it takes to see them, others' jobs between them or not", async () => {
  const { clock, server, watch } = scene();
  const first = server.add(400, "Running", "mine");
  server.add(300, "Completed", "other");
  const second = server.add(400, "Running", "also-mine");
  const watching = watch([...first, ...second]);
  await clock.advance(500_000);
  const pages = server.asked.filter((each) => each.startsWith("jobs"));
  assertEquals(pages, ["jobs 1", "jobs 2", "jobs 3"]);
  server.set([...first, ...second], "Completed");
  await clock.advance(1_000_000);
  assertEquals(await watching, undefined);
});

Deno.test("jobs that others have left Running for ever are in nobody's flight", async () => {
  const { clock, server, told, watch } = scene();
  server.add(152, "Running", "stuck-since-yesterday");
  const ids = server.add(5, "Pending");
  const watching = watch(ids);
  await clock.advance(500_000);
  server.set(ids, "Running");
  await clock.advance(1_000_000);
  server.set(ids, "Completed");
  await clock.advance(1_000_000);
  assertEquals(await watching, undefined);
  assertEquals(told.inFlight, [0, 5, 0, 0]);
  // Five of them for a second.
  assertEquals(told.counts["jobs_running_ms"], 5000);
});

Deno.test("jobs that wait for a request are open from the first, and those that others have left waiting are not", async () => {
  const { clock, server, told, watch } = scene("AwaitingCSR");
  server.add(7, "AwaitingCSR", "left-since-yesterday");
  server.add(3, "Pending", "of-others");
  const ids = server.add(5, "AwaitingCSR");
  const watching = watch(ids);
  await clock.advance(2_500_000);
  server.set(ids, "Completed");
  await clock.advance(2_000_000);
  assertEquals(await watching, undefined);
  assert(
    server.asked.includes("progress AwaitingCSR") && !server.asked.includes("progress Pending"),
  );
  // Five of them at the looks of three seconds.
  assertEquals([told.counts["jobs_open_ms"], told.counts["jobs_running_ms"]], [15_000, 0]);
});

Deno.test("a server that answers now and then with an error is asked again; one that does not answer at all is the failure", async () => {
  const { clock, server, told, watch } = scene();
  const ids = server.add(4, "Running");
  const watching = watch(ids);
  await clock.advance(500_000);
  server.failure = { class: "status_5xx", message: "expected 200, got 503" };
  await clock.advance(1_000_000);
  server.failure = undefined;
  server.set(ids, "Completed");
  await clock.advance(2_000_000);
  assertEquals(await watching, undefined);

  const dead = scene();
  const followed = dead.watch(dead.server.add(4, "Running"));
  dead.server.failure = { class: "connect_refused", message: "nobody listens" };
  await dead.clock.advance(20_000_000);
  assertEquals((await followed)?.message, "nobody listens");
  assertEquals(dead.told.counts["jobs_stuck"], 4);
  assert(dead.server.asked.length < 20);
  assertEquals(told.counts["jobs_completed"], 4);
});

Deno.test("the end of the run ends the watching at once, and says so", async () => {
  const { clock, server, told, watch } = scene();
  const watching = watch(server.add(4, "Running"));
  await clock.advance(1_500_000);
  told.stop();
  assertEquals((await watching)?.class, "interrupted");
});

Deno.test("pages without end come to theirs at the deadline", async () => {
  const { clock, server, told, watch } = scene();
  const { api } = server;
  const exchange = (): Exchange => ({ endedUs: clock.nowUs(), header: () => undefined }) as never;
  let pages = 0;
  const endless = {
    ...api,
    jobs: async (_: Sender, { status, page = 1 }: JobQuery) => {
      if (status !== undefined) return { value: { items: [], total: 1 }, exchange: exchange() };
      pages++;
      await clock.sleepUntil(clock.nowUs() + 1_000_000);
      const other = { id: `other-${page}`, type: "Renewal", certificateId: "c", status: "Running" };
      return { value: { items: [other], total: Number.MAX_SAFE_INTEGER }, exchange: exchange() };
    },
  } as unknown as CertctlApi;
  Object.defineProperty(server, "api", { value: endless });
  const watching = watch(["a", "b", "c", "d", "e"]);
  await clock.advance(120_000_000);
  assertEquals((await watching)?.class, "timeout");
  assert(pages <= 61, String(pages));
  assertEquals(told.counts["jobs_stuck"], 5);
});
