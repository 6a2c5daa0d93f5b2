/**
 * One worker's part of a run: the scenarios in which it has a share, and what they recorded. Knows nothing of threads,
 * so that tests run it directly.
 */
import process from "node:process";
import type { Clock } from "../clock.ts";
import { Histogram } from "../metrics/histogram.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import type { WorkerShare } from "../worker_share.ts";
import { collectGarbage } from "./garbage.ts";
import type { Prepared, ScenarioTick, WorkerResult } from "./messages.ts";
import type { ScenarioLoad } from "./scenario_load.ts";
import { createRunner, type ScenarioRunner } from "./scenario_runner.ts";
import { shareOfScenario } from "./sizing.ts";

const LOOP_SAMPLE_US = 10_000;

export interface LoadWorkerOptions {
  readonly plan: Plan;
  /** Among the workers of this machine. */
  readonly share: WorkerShare;
  /** This machine among those that share the run; absent: there is one. */
  readonly machine?: WorkerShare;
  readonly clock: Clock;
  /** Distinguishes this run's names from every other run's. */
  readonly runId: string;
  /** By the scenario's place in the plan: what its setup made. */
  readonly made?: readonly unknown[];
}

export class LoadWorker {
  readonly #options: LoadWorkerOptions;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #runners: ScenarioRunner[] = [];
  /** Once the clock has started. */
  #loads: readonly ScenarioLoad[] = [];

  constructor(options: LoadWorkerOptions) {
    this.#options = options;
  }

  /** Makes flows and clients, prepares and warms up scenario by scenario, then rehearses all at once and tidies up. */
  async prepare(onScenario: (name: string) => void = () => {}): Promise<Prepared[]> {
    const warmed: Prepared[] = [];
    const { machine } = this.#options;
    for (const [at, scenario] of this.#options.plan.scenarios.entries()) {
      const share = shareOfScenario(scenario, this.#options.share, machine);
      if (share === undefined) continue;
      onScenario(scenario.name);
      warmed.push(await this.#prepare(scenario, at, share));
    }
    if (warmed.some(({ failure }) => failure !== undefined)) return warmed;
    const rehearsed = await this.rehearse();
    return warmed.map((result, n) => ({
      ...result,
      warmupRequests: result.warmupRequests + (rehearsed[n]?.warmupRequests ?? 0),
      connections: result.connections + (rehearsed[n]?.connections ?? 0),
    }));
  }

  /** All scenarios at once, as in the load; connections that were closed during a wait are opened again by that. */
  async rehearse(): Promise<Prepared[]> {
    const rehearsed = await Promise.all(
      this.#runners.map(async (runner) => ({ runner, ...await runner.rehearse() })),
    );
    collectGarbage();
    return rehearsed.map(({ runner, requests, connections }) => ({
      scenario: runner.scenario,
      warmupRequests: requests,
      connections,
    }));
  }

  async #prepare(scenario: Scenario, at: number, share: WorkerShare): Promise<Prepared> {
    const { plan, clock, runId } = this.#options;
    const { signal } = this.#kill;
    const made = this.#options.made?.[at];
    const runner = await createRunner({ plan, scenario, at, share, clock, runId, made, signal });
    this.#runners.push(runner);
    const failure = await runner.prepare();
    const { name } = scenario;
    if (failure !== undefined) {
      return { scenario: name, warmupRequests: 0, connections: 0, failure };
    }
    const { requests, connections } = await runner.warmUp();
    return { scenario: name, warmupRequests: requests, connections };
  }

  /** Resolves when every scenario has ended. */
  async run(originUs: number): Promise<WorkerResult> {
    const { clock } = this.#options;
    const ended = new AbortController();
    const startedUs = clock.nowUs();
    const cpuBefore = process.threadCpuUsage();
    const watching = watchLoop(clock, ended.signal);
    this.#loads = this.#runners.map((runner) => runner.load(originUs));
    await Promise.all(this.#loads.map((load) => load.run(this.#stop.signal)));
    ended.abort();
    const loopDelay = await watching;
    const cpu = process.threadCpuUsage(cpuBefore);
    const scenarios = this.#loads.map((load) => load.result());
    await this.close();
    return {
      scenarios,
      loopDelay: loopDelay.toData(),
      maxLoopDelayUs: loopDelay.maxUs,
      cpuUs: cpu.user + cpu.system,
      wallUs: clock.nowUs() - startedUs,
    };
  }

  tick(): ScenarioTick[] {
    return this.#loads.map((load) => load.tick());
  }

  stop(): void {
    this.#stop.abort();
  }

  kill(): void {
    this.#stop.abort();
    this.#kill.abort();
  }

  async close(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
    this.#runners = [];
    this.#loads = [];
  }
}

/** How late the event loop runs what is due, until `signal` aborts. */
async function watchLoop(clock: Clock, signal: AbortSignal): Promise<Histogram> {
  const delays = new Histogram();
  while (!signal.aborted) {
    const dueUs = clock.nowUs() + LOOP_SAMPLE_US;
    await clock.sleepUntil(dueUs, signal);
    if (!signal.aborted) delays.record(clock.nowUs() - dueUs);
  }
  return delays;
}
