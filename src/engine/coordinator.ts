/**
 * The load of a run: starts the wake-up thread and the workers, sets the clock, follows what they post, and ends them.
 * When one of them is lost, the others end their load, and the slices that it had handed over stand for it. This thread
 * sends no request.
 */
import process from "node:process";
import type { LostThread, WorkerFacts } from "../metrics/run.ts";
import type { SliceBatch } from "../metrics/recording.ts";
import type { ScenarioTotal } from "../metrics/totals.ts";
import { mainServer, type Plan } from "../plan/plan.ts";
import { createWakeupMemory, readStalls, type WakeupMemory } from "../pacing/wakeup.ts";
import type { RunState } from "../metrics/run_state.ts";
import { nowUs } from "../clock.ts";
import { planDurationMs } from "../plan/profile.ts";
import type { Failure } from "../http/failure.ts";
import { Collector } from "./collector.ts";
import { busyShare, hostCpu } from "./host.ts";
import { after, type Timer, timerClock } from "../timer.ts";
import type { FromWorker, Prepared, ScenarioTick } from "./messages.ts";
import { type ThreadLimits, WorkerPool } from "./worker_pool.ts";
import { messageOf } from "../message_of.ts";
import { aborted } from "./time_limit.ts";
import { WHOLE, type WorkerShare } from "../worker_share.ts";

/** Two steps of ending a run: no new arrivals, then nothing in flight either. */
export interface Interrupt {
  readonly soft: AbortSignal;
  readonly hard: AbortSignal;
}

/** When the load's clock starts: for machines that share a run, at one instant. */
export interface StartAt {
  /** On this process's clock. Asked anew after a wait, as the machine's own clock may be set meanwhile. */
  readonly dueUs: () => number;
  /** What is done while that is waited for; it ends by `untilUs`. */
  readonly meanwhile: (untilUs: number) => Promise<void>;
}

export interface LoadOptions {
  readonly plan: Plan;
  readonly workers: number;
  /** This machine among those that share the run; absent: there is one. */
  readonly machine?: WorkerShare;
  readonly runId: string;
  /** Absent: as soon as all is prepared. */
  readonly startAt?: StartAt | undefined;
  /** By the scenario's place in the plan: what its setup made. */
  readonly made?: readonly unknown[];
  readonly interrupt: Interrupt;
  /** Called once a second, and once at the end. */
  readonly onProgress: (state: RunState) => void;
  /** Told of the closed seconds of a scenario (its place in the plan) of one worker, as they come. */
  readonly onSlices?: (at: number, slices: SliceBatch) => void;
  readonly threadLimits?: Partial<ThreadLimits>;
}

export type LoadOutcome =
  | {
    readonly kind: "ran";
    readonly startedUs: number;
    /** When arrivals ended: as planned, or by an interrupt. */
    readonly loadEndUs: number;
    readonly endedUs: number;
    readonly interrupted: boolean;
    readonly prepared: readonly Prepared[];
    /** In the plan's order. */
    readonly totals: readonly ScenarioTotal[];
    /** When each scenario's last iteration finished; 0 where none did. */
    readonly scenarioEndedUs: readonly number[];
    readonly workers: readonly WorkerFacts[];
    /** Threads that did not come to their end. */
    readonly lost: readonly LostThread[];
    /** Known causes of failures that came under load. */
    readonly causes: readonly string[];
    readonly processCpuUs: number;
    readonly hostCpuShare: number | undefined;
    readonly maxRssBytes: number;
  }
  /** A flow could not be prepared, or a thread was lost while it prepared one; nothing was sent as load. */
  | { readonly kind: "not_prepared"; readonly scenario: string; readonly failure: Failure }
  /** Interrupted before the clock started. */
  | { readonly kind: "not_started" }
  /** Ready so long after the instant at which it was to start; nothing was sent as load. */
  | { readonly kind: "late"; readonly lateUs: number }
  /** The tool itself failed. */
  | { readonly kind: "fault"; readonly message: string };

/** From "start" to the first arrival, so that every worker has got it. */
const LEAD_US = 50_000;

/** After a wait all is rehearsed again: beside the rehearsal itself, that takes so long at most. */
const REHEARSING_US = 2_000_000;

export async function runLoad(options: LoadOptions): Promise<LoadOutcome> {
  const wakeup = createWakeupMemory(options.workers);
  const pool = new WorkerPool(options.workers, wakeup, options.threadLimits);
  try {
    await pool.startWakeup();
    return await new Coordinator(options, pool, wakeup).run();
  } catch (error) {
    return { kind: "fault", message: messageOf(error) };
  } finally {
    pool.end();
  }
}

class Coordinator {
  readonly #options: LoadOptions;
  readonly #pool: WorkerPool;
  readonly #wakeup: WakeupMemory;
  readonly #plannedMs: number;
  readonly #collected: Collector;
  readonly #allPrepared: Rollcall;
  readonly #allRehearsed: Rollcall;
  readonly #allEnded: Rollcall;
  readonly #anyLost = Promise.withResolvers<void>();
  readonly #lost: LostThread[] = [];
  readonly #timers: Timer[] = [];
  #originUs = 0;
  #loadEndUs = 0;
  #stopping = false;
  #peakRssBytes = 0;

  readonly #stop = (): void => {
    this.#stopping = true;
    this.#loadEndUs = nowUs();
    this.#pool.post(() => ({ kind: "stop" }));
    this.#later(this.#options.plan.gracefulStopMs, this.#kill);
  };

  readonly #kill = (): void => {
    this.#pool.post(() => ({ kind: "kill" }));
    const { lastGraceMs } = this.#pool;
    const reason = `did not end within ${lastGraceMs / 1000} s of being told to`;
    this.#later(lastGraceMs, () => this.#pool.loseAll(reason));
  };

  constructor(options: LoadOptions, pool: WorkerPool, wakeup: WakeupMemory) {
    this.#options = options;
    this.#pool = pool;
    this.#wakeup = wakeup;
    this.#plannedMs = planDurationMs(options.plan);
    this.#collected = new Collector(options.plan, pool.count, options.machine);
    this.#allPrepared = new Rollcall(pool.count);
    this.#allRehearsed = new Rollcall(pool.count);
    this.#allEnded = new Rollcall(pool.count);
  }

  async run(): Promise<LoadOutcome> {
    const { plan, machine = WHOLE, runId, made = [] } = this.#options;
    this.#pool.startWorkers({
      onMessage: (worker, message) => this.#onMessage(worker, message),
      onLost: (thread, reason) => this.#onLost(thread, reason),
    });
    const { count } = this.#pool;
    const wakeup = this.#wakeup;
    this.#pool.post((index) => {
      return { kind: "prepare", plan, share: { index, count }, machine, wakeup, runId, made };
    });
    const watching = setInterval(() => this.#pool.watch(), 1000);
    try {
      const { startAt } = this.#options;
      const unready = await this.#until(this.#allPrepared) ??
        (startAt && await this.#waitFor(startAt));
      return unready ?? await this.#load(startAt?.dueUs() ?? nowUs() + LEAD_US);
    } finally {
      clearInterval(watching);
    }
  }

  /** Why there is no load, or undefined when all workers are so far. */
  async #until(all: Rollcall): Promise<LoadOutcome | undefined> {
    const { soft } = this.#options.interrupt;
    await Promise.race([all.complete, this.#anyLost.promise, aborted(soft)]);
    return soft.aborted ? { kind: "not_started" } : this.#whyNotPrepared();
  }

  /** All are ready, and stay so until the instant; undefined when it has come. */
  async #waitFor({ dueUs, meanwhile }: StartAt): Promise<LoadOutcome | undefined> {
    const { plan, interrupt: { soft } } = this.#options;
    const rehearsalMs = Math.max(0, ...plan.scenarios.map(({ warmup }) => warmup.rehearsalMs));
    const calmUs = (): number => dueUs() - REHEARSING_US - rehearsalMs * 1000;
    if (nowUs() < calmUs()) {
      await Promise.race([meanwhile(calmUs()), this.#anyLost.promise, aborted(soft)]);
      await Promise.race([timerClock.sleepUntil(calmUs(), soft), this.#anyLost.promise]);
      if (soft.aborted) return { kind: "not_started" };
      this.#pool.post(() => ({ kind: "rehearse" }));
      const unready = await this.#until(this.#allRehearsed);
      if (unready !== undefined) return unready;
    }
    const lateUs = nowUs() - dueUs();
    if (lateUs > 0) return { kind: "late", lateUs };
    await Promise.race([timerClock.sleepUntil(dueUs() - LEAD_US, soft), this.#anyLost.promise]);
    return soft.aborted ? { kind: "not_started" } : this.#whyNotPrepared();
  }

  #whyNotPrepared(): LoadOutcome | undefined {
    const [lost] = this.#lost;
    if (lost !== undefined) {
      const scenario = this.#collected.preparing(lost.worker ?? 0);
      const message = `${threadName(lost.worker)} ${lost.reason} while the scenario was prepared`;
      return { kind: "not_prepared", scenario, failure: { class: "client", message } };
    }
    for (const { scenario, failure } of this.#collected.prepared) {
      if (failure !== undefined) return { kind: "not_prepared", scenario, failure };
    }
    return undefined;
  }

  async #load(originUs: number): Promise<LoadOutcome> {
    const cpuBefore = process.cpuUsage();
    const hostBefore = hostCpu();
    this.#originUs = originUs;
    this.#loadEndUs = originUs + this.#plannedMs * 1000;
    this.#pool.post(() => ({ kind: "start", originUs }));
    const reporting = setInterval(() => this.#publish(), 1000);
    this.#watchEnd();
    await this.#allEnded.complete;
    // The time in which lost workers were silent is none in which load was sent.
    const endedUs = Math.max(originUs, this.#collected.lastSignUs());
    clearInterval(reporting);
    this.#clearEnd();
    const cpu = process.cpuUsage(cpuBefore);
    const hostCpuShare = busyShare(hostBefore, hostCpu());
    this.#publish();
    return {
      kind: "ran",
      startedUs: originUs,
      loadEndUs: Math.min(this.#loadEndUs, endedUs),
      endedUs,
      interrupted: this.#options.interrupt.soft.aborted,
      prepared: this.#collected.prepared,
      totals: this.#collected.totals(),
      scenarioEndedUs: this.#collected.scenarioEndedUs(),
      workers: this.#workerFacts(),
      lost: this.#lost,
      causes: this.#collected.causes,
      processCpuUs: cpu.user + cpu.system,
      hostCpuShare,
      maxRssBytes: this.#peakRssBytes,
    };
  }

  #workerFacts(): WorkerFacts[] {
    const stalls = readStalls(this.#wakeup).filter(({ atUs }) => atUs >= this.#originUs);
    return this.#collected.workerFacts(this.#originUs).map((facts) => ({ ...facts, stalls }));
  }

  #onMessage(worker: number, message: FromWorker): void {
    this.#collected.add(worker, message, nowUs());
    if (message.kind === "tick") this.#tell(message.scenarios);
    if (message.kind === "done") {
      this.#tell(message.result.scenarios.map(({ at, recording: { slices } }) => ({ at, slices })));
    }
    if (message.kind === "prepared") this.#allPrepared.tick(worker);
    if (message.kind === "rehearsed") this.#allRehearsed.tick(worker);
    if (message.kind === "done") this.#allEnded.tick(worker);
  }

  #tell(scenarios: readonly Pick<ScenarioTick, "at" | "slices">[]): void {
    for (const { at, slices } of scenarios) this.#options.onSlices?.(at, slices);
  }

  /** What a lost worker had handed over stands for it; the others send no more, as the load is no longer the plan's. */
  #onLost(thread: number | "wakeup", reason: string): void {
    const worker = thread === "wakeup" ? undefined : thread;
    const signUs = worker === undefined ? nowUs() : this.#collected.signUs(worker);
    this.#lost.push({ worker, atUs: signUs ?? this.#originUs, reason });
    this.#anyLost.resolve();
    if (worker === undefined) return this.#kill();
    this.#collected.addLost(worker);
    this.#allEnded.tick(worker);
    if (!this.#stopping) this.#stop();
  }

  /** No new arrivals on interrupt; `graceful_stop` later, or when the interrupt is repeated, an end to all. */
  #watchEnd(): void {
    const { plan, interrupt } = this.#options;
    interrupt.soft.addEventListener("abort", this.#stop);
    interrupt.hard.addEventListener("abort", this.#kill);
    this.#later(this.#plannedMs + plan.gracefulStopMs, this.#kill);
  }

  #clearEnd(): void {
    const { interrupt } = this.#options;
    interrupt.soft.removeEventListener("abort", this.#stop);
    interrupt.hard.removeEventListener("abort", this.#kill);
    this.#timers.forEach((timer) => timer.clear());
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(after(ms, act));
  }

  #publish(): void {
    const { plan, onProgress } = this.#options;
    this.#peakRssBytes = Math.max(this.#peakRssBytes, Deno.memoryUsage().rss);
    const elapsedMs = (nowUs() - this.#originUs) / 1000;
    const [cause] = this.#collected.causes;
    const note = this.#stopping ? "ending: no new arrivals" : cause;
    onProgress({
      plan: plan.name,
      target: mainServer(plan),
      elapsedS: elapsedMs / 1000,
      plannedS: this.#plannedMs / 1000,
      scenarios: this.#collected.states(elapsedMs, this.#stopping),
      cpuShare: this.#collected.cpuShare,
      ...(note !== undefined && { note }),
    });
  }
}

/** Who of the workers is still awaited. */
class Rollcall {
  readonly #awaited: Set<number>;
  readonly #complete = Promise.withResolvers<void>();

  constructor(workers: number) {
    this.#awaited = new Set(Array.from({ length: workers }, (_, worker) => worker));
  }

  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  tick(worker: number): void {
    this.#awaited.delete(worker);
    if (this.#awaited.size === 0) this.#complete.resolve();
  }
}

/** As the subject of a sentence. */
function threadName(worker: number | undefined | null): string {
  return typeof worker === "number"
    ? `Worker ${worker} of the generator`
    : "The wake-up thread of the generator";
}
