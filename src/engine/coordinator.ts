/**
 * The load of a run, on the coordinator: starts the alarm thread and the load threads, sets the clock, follows what they
 * report, ends them, and adds up what they recorded. When one of them is lost, the others end their load, and the slices
 * that it had handed over stand for it. This thread sends no request.
 */
import process from "node:process";
import { PartialRecording } from "../metrics/partial.ts";
import type { LostThread, WorkerFacts } from "../metrics/run.ts";
import { type ScenarioTotal, ScenarioTotals } from "../metrics/totals.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { type AlarmMemory, createAlarmMemory, readStalls } from "../pacing/wakeup.ts";
import type { RunState, ScenarioState } from "../metrics/run_state.ts";
import { nowUs } from "../clock.ts";
import { levelAt, totalDurationMs } from "../plan/stages.ts";
import type { Failure } from "../http/failure.ts";
import { causeUnderLoad } from "./diagnosis.ts";
import { busyShare, hostCpu } from "./host.ts";
import { after, type Timer } from "../timer.ts";
import type { FromShard, Prepared, ShardResult, Tick } from "./messages.ts";
import { type ThreadLimits, Threads } from "./threads.ts";

/** Two steps of ending a run: no new arrivals, then nothing in flight either. */
export interface Interrupt {
  readonly soft: AbortSignal;
  readonly hard: AbortSignal;
}

export interface LoadOptions {
  readonly plan: Plan;
  readonly workers: number;
  readonly runId: string;
  readonly interrupt: Interrupt;
  /** Called once a second, and once at the end. */
  readonly onProgress: (state: RunState) => void;
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
  /** The tool itself failed. */
  | { readonly kind: "fault"; readonly message: string };

/** From "start" to the first arrival, so that every thread has heard of it. */
const LEAD_US = 50_000;

/** What a thread gets, after it was told to end, before it is ended. */
const LAST_GRACE_MS = 3_000;

export async function runLoad(options: LoadOptions): Promise<LoadOutcome> {
  const alarm = createAlarmMemory(options.workers);
  const threads = new Threads(options.workers, alarm, options.threadLimits);
  try {
    await threads.startAlarm();
    return await new LoadRun(options, threads, alarm).run();
  } catch (error) {
    return { kind: "fault", message: error instanceof Error ? error.message : String(error) };
  } finally {
    threads.end();
  }
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #threads: Threads;
  readonly #alarm: AlarmMemory;
  readonly #totals: readonly ScenarioTotals[];
  readonly #ticks: (Tick | undefined)[] = [];
  readonly #preparing: string[] = [];
  readonly #prepared: Prepared[][] = [];
  readonly #results: ShardResult[] = [];
  readonly #lost: LostThread[] = [];
  /** By thread, then scenario: what it has handed over so far. */
  readonly #partials: readonly (readonly PartialRecording[])[];
  readonly #signsUs: number[] = [];
  readonly #causes = new Set<string>();
  readonly #timers: Timer[] = [];
  readonly #allPrepared = Promise.withResolvers<void>();
  readonly #allDone = Promise.withResolvers<void>();
  #originUs = 0;
  #loadEndUs = 0;
  #stopping = false;
  #peakRssBytes = 0;

  readonly #stop = (): void => {
    this.#stopping = true;
    this.#loadEndUs = nowUs();
    this.#threads.say(() => ({ kind: "stop" }));
    this.#later(this.#options.plan.gracefulStopMs, this.#kill);
  };

  readonly #kill = (): void => {
    this.#threads.say(() => ({ kind: "kill" }));
    const reason = `did not end within ${LAST_GRACE_MS / 1000} s of being told to`;
    this.#later(LAST_GRACE_MS, () => this.#threads.loseAll(reason));
  };

  constructor(options: LoadOptions, threads: Threads, alarm: AlarmMemory) {
    this.#options = options;
    this.#threads = threads;
    this.#alarm = alarm;
    this.#totals = options.plan.scenarios.map(({ steps }) => new ScenarioTotals(steps));
    this.#partials = Array.from(
      { length: threads.count },
      () => options.plan.scenarios.map(({ steps }) => new PartialRecording(steps.length)),
    );
  }

  async run(): Promise<LoadOutcome> {
    const { plan, runId, interrupt } = this.#options;
    const { count } = this.#threads;
    this.#threads.startLoad({
      onMessage: (thread, message) => this.#hear(thread, message),
      onLost: (thread, reason) => this.#lose(thread, reason),
    });
    const alarm = this.#alarm;
    this.#threads.say((index) => ({
      kind: "prepare",
      plan,
      shard: { index, count },
      alarm,
      runId,
    }));
    const watching = setInterval(() => this.#threads.watch(), 1000);
    try {
      await Promise.race([this.#allPrepared.promise, aborted(interrupt.soft)]);
      if (interrupt.soft.aborted) return { kind: "not_started" };
      if (this.#lost[0] !== undefined) return this.#notPrepared(this.#lost[0]);
      return await this.#loadPrepared();
    } finally {
      clearInterval(watching);
    }
  }

  #notPrepared({ worker, reason }: LostThread): LoadOutcome {
    const [first] = this.#options.plan.scenarios;
    const scenario = this.#preparing[worker ?? 0] ?? first?.name ?? "";
    const message = `${threadName(worker)} ${reason} while the scenario was prepared`;
    return { kind: "not_prepared", scenario, failure: { class: "client", message } };
  }

  async #loadPrepared(): Promise<LoadOutcome> {
    const prepared = this.#prepared.flat();
    for (const { scenario, failure } of prepared) {
      if (failure !== undefined) return { kind: "not_prepared", scenario, failure };
    }
    return await this.#load(prepared);
  }

  async #load(prepared: readonly Prepared[]): Promise<LoadOutcome> {
    const cpuBefore = process.cpuUsage();
    const hostBefore = hostCpu();
    this.#originUs = nowUs() + LEAD_US;
    this.#loadEndUs = this.#originUs + planDurationMs(this.#options.plan) * 1000;
    this.#threads.say(() => ({ kind: "start", originUs: this.#originUs }));
    const drawing = setInterval(() => this.#draw(), 1000);
    this.#watchEnd();
    await this.#allDone.promise;
    const endedUs = this.#lastSignUs();
    clearInterval(drawing);
    this.#clearEnd();
    const cpu = process.cpuUsage(cpuBefore);
    const hostCpuShare = busyShare(hostBefore, hostCpu());
    this.#draw();
    return {
      kind: "ran",
      startedUs: this.#originUs,
      loadEndUs: Math.min(this.#loadEndUs, endedUs),
      endedUs,
      interrupted: this.#options.interrupt.soft.aborted,
      prepared,
      totals: this.#totals.map((each) => each.total()),
      scenarioEndedUs: this.#totals.map((_, at) =>
        Math.max(0, ...this.#results.map((result) => result?.endedUs[at] ?? 0))
      ),
      workers: Array.from({ length: this.#threads.count }, (_, index) => this.#workerFacts(index)),
      lost: this.#lost,
      causes: Array.from(this.#causes),
      processCpuUs: cpu.user + cpu.system,
      hostCpuShare,
      maxRssBytes: this.#peakRssBytes,
    };
  }

  /** Of a lost thread the wall time until its last sign, and the CPU share of its ticks. */
  #workerFacts(index: number): WorkerFacts {
    const result = this.#results[index];
    const wallUs = result?.wallUs ?? Math.max(0, this.#signOf(index) - this.#originUs);
    return {
      index,
      wallUs,
      cpuUs: result?.cpuUs ?? wallUs * (this.#ticks[index]?.cpuShare ?? 0),
      eventLoopDelay: result?.loopDelay,
      maxEventLoopDelayUs: result?.maxLoopDelayUs ?? 0,
      stalls: readStalls(this.#alarm).filter(({ atUs }) => atUs >= this.#originUs),
    };
  }

  #hear(thread: number, message: FromShard): void {
    this.#signsUs[thread] = nowUs();
    if (message.kind === "preparing") this.#preparing[thread] = message.scenario;
    else if (message.kind === "prepared") {
      this.#prepared[thread] = [...message.scenarios];
      if (Object.keys(this.#prepared).length === this.#threads.count) this.#allPrepared.resolve();
    } else if (message.kind === "tick") {
      this.#ticks[thread] = message;
      message.scenarios.forEach(({ slices }, at) => {
        this.#totals[at]?.addSlices(slices);
        this.#partials[thread]?.[at]?.add(slices);
        for (const [step, ofStep] of slices.steps.entries()) {
          for (const { newestFailure } of ofStep) this.#explain(at, step, newestFailure);
        }
      });
    } else if (message.kind === "done") {
      this.#ticks[thread] = undefined;
      message.result.recordings.forEach((each, at) => {
        this.#totals[at]?.addRecording(each);
        for (const [step, { failures }] of each.steps.entries()) {
          for (const { class: kind, sample } of failures) {
            this.#explain(at, step, { class: kind, message: sample });
          }
        }
      });
      this.#results[thread] = message.result;
      this.#checkDone();
    }
  }

  #explain(scenario: number, step: number, failure: Failure | undefined): void {
    const name = this.#options.plan.scenarios[scenario]?.steps[step] ?? "";
    const cause = failure && causeUnderLoad(name, failure);
    if (cause !== undefined) this.#causes.add(cause);
  }

  /** What a lost worker had handed over stands for it; the others send no more, as the load is no longer the plan's. */
  #lose(thread: number | "alarm", reason: string): void {
    const worker = thread === "alarm" ? undefined : thread;
    const atUs = worker === undefined ? nowUs() : this.#signOf(worker);
    this.#lost.push({ worker, atUs, reason });
    this.#allPrepared.resolve();
    if (worker === undefined) return this.#kill();
    this.#partials[worker]?.forEach((each, at) => this.#totals[at]?.addRecording(each.recording()));
    this.#checkDone();
    if (!this.#stopping) this.#stop();
  }

  #checkDone(): void {
    const lost = this.#lost.filter(({ worker }) => worker !== undefined).length;
    const over = Object.keys(this.#results).length + lost;
    if (over === this.#threads.count) this.#allDone.resolve();
  }

  /** When a worker last said something. */
  #signOf(worker: number): number {
    return this.#signsUs[worker] ?? this.#originUs;
  }

  /** The time in which lost workers were silent is none in which load was sent. */
  #lastSignUs(): number {
    return Math.max(this.#originUs, ...this.#signsUs);
  }

  /** No new arrivals on interrupt; `graceful_stop` later, or when the interrupt is repeated, an end to all. */
  #watchEnd(): void {
    const { plan, interrupt } = this.#options;
    interrupt.soft.addEventListener("abort", this.#stop, { once: true });
    interrupt.hard.addEventListener("abort", this.#kill, { once: true });
    this.#later(planDurationMs(plan) + plan.gracefulStopMs, this.#kill);
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

  #draw(): void {
    const { plan, onProgress } = this.#options;
    this.#peakRssBytes = Math.max(this.#peakRssBytes, Deno.memoryUsage().rss);
    const elapsedMs = (nowUs() - this.#originUs) / 1000;
    const shares = this.#ticks.map((tick) => tick?.cpuShare ?? 0);
    const [cause] = this.#causes;
    const note = this.#stopping ? "ending: no new arrivals" : cause;
    onProgress({
      plan: plan.name,
      target: plan.target.baseUrl,
      elapsedS: elapsedMs / 1000,
      plannedS: planDurationMs(plan) / 1000,
      scenarios: plan.scenarios.map((each, at) => this.#stateOf(each, at, elapsedMs)),
      cpuShare: Math.max(0, ...shares),
      ...(note !== undefined && { note }),
    });
  }

  #stateOf(scenario: Scenario, at: number, elapsedMs: number): ScenarioState {
    const { name, tier, load, startAfterMs } = scenario;
    const totals = this.#totals[at];
    if (totals === undefined) throw new RangeError(`No totals for scenario ${name}`);
    const inFlight = this.#ticks.reduce(
      (sum, tick) => sum + (tick?.scenarios[at]?.inFlight ?? 0),
      0,
    );
    const over = this.#stopping || elapsedMs > startAfterMs + totalDurationMs(load.stages);
    const level = over ? 0 : levelAt(load.stages, elapsedMs - startAfterMs);
    return {
      name,
      tier,
      state: elapsedMs < startAfterMs
        ? "waiting"
        : !over
        ? "running"
        : inFlight > 0
        ? "draining"
        : "done",
      ...(load.model === "open" ? { targetRate: level } : { users: level }),
      inFlight,
      progress: totals.progress(Math.floor(elapsedMs / 1000)),
    };
  }
}

/** As the subject of a sentence. */
export function threadName(worker: number | undefined | null): string {
  return typeof worker === "number"
    ? `Worker ${worker} of the generator`
    : "The alarm thread of the generator";
}

/** From the start of the clock to the last planned arrival's time. */
export function planDurationMs(plan: Plan): number {
  const ends = plan.scenarios.map(({ startAfterMs, load }) =>
    startAfterMs + totalDurationMs(load.stages)
  );
  return Math.max(0, ...ends);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
