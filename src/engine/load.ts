/**
 * The load of a run, on the coordinator: starts the alarm thread and the load threads, sets the clock, follows what they
 * report, ends them, and adds up what they recorded. This thread sends no request.
 */
import process from "node:process";
import type { WorkerFacts } from "../metrics/run.ts";
import { type ScenarioTotal, ScenarioTotals } from "../metrics/totals.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import {
  type AlarmMemory,
  createAlarmMemory,
  endAlarmThread,
  readStalls,
} from "../schedule/alarm.ts";
import type { RunState, ScenarioState } from "../metrics/run_state.ts";
import { nowUs } from "../schedule/clock.ts";
import { levelAt, totalDurationMs } from "../schedule/stages.ts";
import type { Failure } from "../transport/failure.ts";
import { busyShare, hostCpu } from "./host.ts";
import { after, type Timer } from "../timer.ts";
import type { FromShard, Prepared, ShardResult, Tick, ToShard } from "./messages.ts";

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
    readonly processCpuUs: number;
    readonly hostCpuShare: number | undefined;
    readonly maxRssBytes: number;
  }
  /** A flow could not be prepared; nothing was sent as load. */
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
  const threads = new Threads(options.workers);
  try {
    await threads.startAlarm(alarm);
    return await new LoadRun(options, threads, alarm).run();
  } catch (error) {
    return { kind: "fault", message: error instanceof Error ? error.message : String(error) };
  } finally {
    endAlarmThread(alarm);
    threads.end();
  }
}

/** The Workers of a run, and the messages that come from them. */
class Threads {
  readonly count: number;
  readonly #load: Worker[] = [];
  #alarm: Worker | undefined;

  constructor(count: number) {
    this.count = count;
  }

  startAlarm(memory: AlarmMemory): Promise<void> {
    const worker = new Worker(new URL("../schedule/alarm_thread.ts", import.meta.url), {
      type: "module",
    });
    this.#alarm = worker;
    return new Promise((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(`alarm thread: ${event.message}`));
      worker.postMessage(memory);
    });
  }

  startLoad(onMessage: (thread: number, message: FromShard) => void): void {
    for (let index = 0; index < this.count; index++) {
      const worker = new Worker(new URL("./load_thread.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<FromShard>) => onMessage(index, data);
      worker.onerror = (event) => {
        event.preventDefault();
        onMessage(index, { kind: "fault", message: `load thread ${index}: ${event.message}` });
      };
      this.#load.push(worker);
    }
  }

  say(message: (thread: number) => ToShard): void {
    this.#load.forEach((worker, index) => worker.postMessage(message(index)));
  }

  end(): void {
    for (const worker of [...this.#load, this.#alarm]) worker?.terminate();
  }
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #threads: Threads;
  readonly #alarm: AlarmMemory;
  readonly #totals: readonly ScenarioTotals[];
  readonly #ticks: (Tick | undefined)[] = [];
  readonly #prepared: Prepared[][] = [];
  readonly #results: ShardResult[] = [];
  readonly #allPrepared = Promise.withResolvers<void>();
  readonly #allDone = Promise.withResolvers<void>();
  #originUs = 0;
  #loadEndUs = 0;
  #stopping = false;
  #peakRssBytes = 0;

  constructor(options: LoadOptions, threads: Threads, alarm: AlarmMemory) {
    this.#options = options;
    this.#threads = threads;
    this.#alarm = alarm;
    this.#totals = options.plan.scenarios.map(({ steps }) => new ScenarioTotals(steps));
  }

  async run(): Promise<LoadOutcome> {
    const { plan, runId, interrupt } = this.#options;
    const { count } = this.#threads;
    this.#threads.startLoad((thread, message) => this.#hear(thread, message));
    const alarm = this.#alarm;
    this.#threads.say((index) => ({
      kind: "prepare",
      plan,
      shard: { index, count },
      alarm,
      runId,
    }));
    await Promise.race([this.#allPrepared.promise, aborted(interrupt.soft)]);
    if (interrupt.soft.aborted) return { kind: "not_started" };
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
    const ending = this.#watchEnd();
    await this.#allDone.promise;
    const endedUs = nowUs();
    clearInterval(drawing);
    ending.clear();
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
        Math.max(...this.#results.map((result) => result.endedUs[at] ?? 0))
      ),
      workers: this.#results.map((result, index) => this.#workerFacts(result, index)),
      processCpuUs: cpu.user + cpu.system,
      hostCpuShare,
      maxRssBytes: this.#peakRssBytes,
    };
  }

  #workerFacts(result: ShardResult, index: number): WorkerFacts {
    const { wallUs, cpuUs, loopDelay, maxLoopDelayUs } = result;
    return {
      index,
      wallUs,
      cpuUs,
      eventLoopDelay: loopDelay,
      maxEventLoopDelayUs: maxLoopDelayUs,
      stalls: readStalls(this.#alarm).filter(({ atUs }) => atUs >= this.#originUs),
    };
  }

  #hear(thread: number, message: FromShard): void {
    if (message.kind === "prepared") {
      this.#prepared[thread] = [...message.scenarios];
      if (Object.keys(this.#prepared).length === this.#threads.count) this.#allPrepared.resolve();
    } else if (message.kind === "tick") {
      this.#ticks[thread] = message;
      message.scenarios.forEach(({ slices }, at) => this.#totals[at]?.addSlices(slices));
    } else if (message.kind === "done") {
      this.#ticks[thread] = undefined;
      message.result.recordings.forEach((each, at) => this.#totals[at]?.addRecording(each));
      this.#results[thread] = message.result;
      if (Object.keys(this.#results).length === this.#threads.count) this.#allDone.resolve();
    } else {
      const error = new Error(message.message);
      this.#allPrepared.reject(error);
      this.#allDone.reject(error);
    }
  }

  /** No new arrivals on interrupt; `graceful_stop` later, or when the interrupt is repeated, an end to all. */
  #watchEnd(): { clear(): void } {
    const { plan, interrupt } = this.#options;
    const timers: Timer[] = [];
    const later = (ms: number, act: () => void) => timers.push(after(ms, act));
    const kill = () => {
      this.#threads.say(() => ({ kind: "kill" }));
      later(LAST_GRACE_MS, () => {
        this.#allDone.reject(new Error("a load thread did not end in time after it was told to"));
      });
    };
    const stop = () => {
      this.#stopping = true;
      this.#loadEndUs = nowUs();
      this.#threads.say(() => ({ kind: "stop" }));
      later(plan.gracefulStopMs, kill);
    };
    interrupt.soft.addEventListener("abort", stop, { once: true });
    interrupt.hard.addEventListener("abort", kill, { once: true });
    later(planDurationMs(plan) + plan.gracefulStopMs, kill);
    return {
      clear: () => {
        interrupt.soft.removeEventListener("abort", stop);
        interrupt.hard.removeEventListener("abort", kill);
        timers.forEach((timer) => timer.clear());
      },
    };
  }

  #draw(): void {
    const { plan, onProgress } = this.#options;
    this.#peakRssBytes = Math.max(this.#peakRssBytes, Deno.memoryUsage().rss);
    const elapsedMs = (nowUs() - this.#originUs) / 1000;
    const shares = this.#ticks.map((tick) => tick?.cpuShare ?? 0);
    onProgress({
      plan: plan.name,
      target: plan.target.baseUrl,
      elapsedS: elapsedMs / 1000,
      plannedS: planDurationMs(plan) / 1000,
      scenarios: plan.scenarios.map((each, at) => this.#stateOf(each, at, elapsedMs)),
      cpuShare: Math.max(0, ...shares),
      ...(this.#stopping && { note: "ending: no new arrivals" }),
    });
  }

  #stateOf(scenario: Scenario, at: number, elapsedMs: number): ScenarioState {
    const { name, phase, load, startAfterMs } = scenario;
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
      phase,
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
