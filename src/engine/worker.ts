/**
 * One load thread's part of a run: the flows of every scenario, its share of the arrivals, and what they recorded. Knows
 * nothing of Workers, so that tests run it directly.
 */
import { legible } from "../http/expectation.ts";
import process from "node:process";
import { flowNamed } from "../flows/registry.ts";
import type { Flow } from "../flows/flow.ts";
import { Histogram } from "../metrics/histogram.ts";
import { ScenarioRecorder } from "../metrics/recorder.ts";
import type { Plan, Scenario, Warmup } from "../plan/plan.ts";
import { type Arrival, createArrivals, type Shard } from "../pacing/arrivals.ts";
import type { Clock } from "../clock.ts";
import { drive } from "../pacing/send_loop.ts";
import { createPacer } from "../plan/pacer.ts";
import { highestLevel, totalDurationMs } from "../plan/stages.ts";
import { createClient, unmeasuredClient } from "../http/client.ts";
import type { FailureClass } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";
import { createScope, type IterationScope, runIteration, RunningIteration } from "./iteration.ts";
import type { StepRecorder } from "./iteration.ts";
import type { Prepared, ScenarioTick, ShardResult } from "./messages.ts";
import { collectGarbage } from "./garbage.ts";
import { share } from "./sizing.ts";
import { warmUp, type WarmupResult } from "./warmup.ts";

/** Bodies beyond this are a failure: an answer of a certificate server is far smaller. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

const LOOP_SAMPLE_US = 10_000;

/** Failures that cost a user of the closed model no time, so that it must be made to wait before it comes again. */
const UNCONNECTED: ReadonlySet<FailureClass> = new Set(["dns", "connect_refused", "connect"]);

const NO_WARMUP: Warmup = { requests: 0, durationMs: 0, rehearsalMs: 0 };

export interface LoadShardOptions {
  readonly plan: Plan;
  readonly shard: Shard;
  readonly clock: Clock;
  /** Distinguishes this run's names from every other run's. */
  readonly runId: string;
}

export class LoadShard {
  readonly #options: LoadShardOptions;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #loopDelay = new Histogram();
  #lanes: Lane[] = [];

  constructor(options: LoadShardOptions) {
    this.#options = options;
  }

  /** Makes flows and clients, prepares and warms up scenario by scenario, then rehearses all at once and tidies up. */
  async prepare(onScenario: (name: string) => void = () => {}): Promise<Prepared[]> {
    const results: Prepared[] = [];
    for (const [at, scenario] of this.#options.plan.scenarios.entries()) {
      onScenario(scenario.name);
      const lane = await Lane.create(this.#options, scenario, at, this.#kill.signal);
      this.#lanes.push(lane);
      results.push(await lane.prepare());
    }
    if (results.some(({ failure }) => failure !== undefined)) return results;
    const rehearsed = await Promise.all(this.#lanes.map((lane) => lane.rehearse()));
    collectGarbage();
    return results.map((result, at) => ({
      ...result,
      warmupRequests: result.warmupRequests + (rehearsed[at]?.requests ?? 0),
      connections: result.connections + (rehearsed[at]?.connections ?? 0),
    }));
  }

  /** Resolves when every scenario has ended; the recordings are complete then. */
  async run(originUs: number): Promise<ShardResult> {
    const ended = new AbortController();
    const { clock } = this.#options;
    const startedUs = clock.nowUs();
    const cpuBefore = process.threadCpuUsage();
    const watching = this.#watchLoop(ended.signal);
    await Promise.all(this.#lanes.map((lane) => lane.run(originUs, this.#stop.signal)));
    ended.abort();
    await watching;
    const cpu = process.threadCpuUsage(cpuBefore);
    const recordings = this.#lanes.map((lane) => lane.finish());
    const endedUs = this.#lanes.map((lane) => lane.endedUs);
    await this.close();
    return {
      recordings,
      endedUs,
      loopDelay: this.#loopDelay.toData(),
      maxLoopDelayUs: this.#loopDelay.maxUs,
      cpuUs: cpu.user + cpu.system,
      wallUs: clock.nowUs() - startedUs,
    };
  }

  tick(): ScenarioTick[] {
    return this.#lanes.map((lane) => lane.tick());
  }

  stop(): void {
    this.#stop.abort();
  }

  kill(): void {
    this.#stop.abort();
    this.#kill.abort();
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    this.#lanes = [];
  }

  async #watchLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const dueUs = clock.nowUs() + LOOP_SAMPLE_US;
      await clock.sleepUntil(dueUs, signal);
      if (!signal.aborted) this.#loopDelay.record(clock.nowUs() - dueUs);
    }
  }
}

/** One scenario in one shard. */
class Lane {
  readonly #options: LoadShardOptions;
  readonly #scenario: Scenario;
  readonly #flow: Flow;
  readonly #client: HttpClient;
  readonly #setupClient: HttpClient;
  readonly #idPrefix: string;
  readonly #killed: AbortSignal;
  #recorder: ScenarioRecorder | undefined;
  endedUs = 0;
  #inFlight = 0;
  #dropped = 0;

  private constructor(
    options: LoadShardOptions,
    scenario: Scenario,
    made: {
      flow: Flow;
      client: HttpClient;
      setupClient: HttpClient;
      idPrefix: string;
      killed: AbortSignal;
    },
  ) {
    this.#options = options;
    this.#scenario = scenario;
    this.#flow = made.flow;
    this.#client = made.client;
    this.#setupClient = made.setupClient;
    this.#idPrefix = made.idPrefix;
    this.#killed = made.killed;
  }

  static async create(
    options: LoadShardOptions,
    scenario: Scenario,
    at: number,
    killed: AbortSignal,
  ): Promise<Lane> {
    const { plan, shard, clock, runId } = options;
    const client = await clientFor(plan, scenario, shard.count);
    const setupClient = setupClientFor(plan, scenario, client);
    const flow = await flowNamed(scenario.flow).create({
      options: scenario.with,
      target: plan.target,
      scenario: scenario.name,
      client: setupClient,
      clock,
      timeoutMs: scenario.timeoutMs,
      shard,
      signal: killed,
    });
    const idPrefix = `${runId}-${at}-`;
    return new Lane(options, scenario, { flow, client, setupClient, idPrefix, killed });
  }

  async prepare(): Promise<Prepared> {
    const { shard } = this.#options;
    const scenario = this.#scenario.name;
    const failure = await this.#flow.prepare?.(this.#expectedIterations());
    if (failure !== undefined) {
      return { scenario, warmupRequests: 0, connections: 0, failure: legible(failure) };
    }
    const makeScope = (recorder: StepRecorder): IterationScope =>
      this.#scope(recorder, `${this.#idPrefix}w${shard.index}-`);
    const warmed = await warmUp(
      this.#scenario,
      this.#flow,
      makeScope,
      this.#warmup,
      shard.count,
    );
    return { scenario, warmupRequests: warmed.requests, connections: warmed.connections };
  }

  /** What a flow does once in a run is not done before it. */
  get #warmup(): Warmup {
    return flowNamed(this.#scenario.flow).once ? NO_WARMUP : this.#options.plan.warmup;
  }

  /**
   * The load's beginning, through the very loop, clock and recorder that the measured load will use, so that these are
   * warm too; what it records is dropped.
   */
  async rehearse(): Promise<WarmupResult> {
    const { clock, shard } = this.#options;
    const { rehearsalMs } = this.#warmup;
    if (rehearsalMs === 0) return { requests: 0, connections: 0 };
    const over = new AbortController();
    const originUs = clock.nowUs();
    const { steps } = this.#scenario;
    const recorder = new ScenarioRecorder({ steps, startUs: originUs });
    const driven = this.#drive(
      recorder,
      `${this.#idPrefix}r${shard.index}-`,
      originUs,
      over.signal,
    );
    await Promise.race([
      driven,
      clock.sleepUntil(originUs + rehearsalMs * 1000, this.#killed),
    ]);
    over.abort();
    await driven;
    this.#dropped = this.endedUs = 0;
    const recorded = recorder.finish().steps;
    const sum = (of: "count" | "newConnections"): number =>
      recorded.reduce((all, step) => all + step[of], 0);
    return { requests: sum("count"), connections: sum("newConnections") };
  }

  async run(runOriginUs: number, stopped: AbortSignal): Promise<void> {
    const { startAfterMs, steps } = this.#scenario;
    const recorder = this.#recorder = new ScenarioRecorder({ steps, startUs: runOriginUs });
    await this.#drive(recorder, this.#idPrefix, runOriginUs + startAfterMs * 1000, stopped);
  }

  async #drive(
    recorder: ScenarioRecorder,
    idPrefix: string,
    originUs: number,
    stopped: AbortSignal,
  ): Promise<void> {
    const { clock, shard } = this.#options;
    const { load } = this.#scenario;
    const scope = this.#scope(recorder, idPrefix);
    await drive({
      arrivals: createArrivals(load, shard),
      clock,
      originUs,
      maxInFlight: load.model === "open" ? share(load.maxInFlight, shard.count) : Infinity,
      launch: (arrival) => this.#launch(scope, recorder, arrival, originUs),
      drop: () => {
        this.#dropped++;
        recorder.dropped(1, clock.nowUs());
      },
      signal: stopped,
    });
  }

  async #launch(
    scope: IterationScope,
    recorder: ScenarioRecorder,
    arrival: Arrival,
    originUs: number,
  ): Promise<{ unconnected: boolean }> {
    this.#inFlight++;
    const launchedUs = this.#options.clock.nowUs();
    const plannedUs = arrival.user === undefined ? originUs + arrival.offsetUs : undefined;
    const iteration = new RunningIteration(scope, arrival.index, plannedUs, arrival.user);
    const { endedUs, failure } = await runIteration((each) => this.#flow.run(each), iteration);
    const startedUs = iteration.startedUs ?? launchedUs;
    recorder.iteration({
      plannedUs: plannedUs ?? startedUs,
      startedUs,
      endedUs,
      blockedUs: iteration.blockedUs,
      failure,
    });
    this.endedUs = Math.max(this.endedUs, endedUs);
    this.#inFlight--;
    const unconnected = failure !== undefined && UNCONNECTED.has(failure.class);
    if (unconnected && arrival.user !== undefined) recorder.count("pauses_after_refusal");
    return { unconnected };
  }

  tick(): ScenarioTick {
    const slices = this.#recorder?.takeSlices(this.#options.clock.nowUs()) ??
      { scenario: [], steps: [] };
    return { inFlight: this.#inFlight, dropped: this.#dropped, slices };
  }

  finish(): ReturnType<ScenarioRecorder["finish"]> {
    if (this.#recorder === undefined) throw new Error(`${this.#scenario.name} has not run`);
    return this.#recorder.finish();
  }

  async close(): Promise<void> {
    await this.#flow.close?.();
    this.#client.close();
    this.#setupClient.close();
  }

  #scope(recorder: StepRecorder, idPrefix: string): IterationScope {
    const { steps, timeoutMs } = this.#scenario;
    return createScope({
      steps,
      client: this.#client,
      recorder,
      timeoutMs,
      signal: this.#killed,
      idPrefix,
    });
  }

  #expectedIterations(): number {
    const { load } = this.#scenario;
    const { shard } = this.#options;
    const all = load.model === "open" ? createPacer(load.stages).total : highestLevel(load.stages) *
      Math.ceil(totalDurationMs(load.stages) / Math.max(load.thinkTimeMs, 10));
    return Math.ceil(all / shard.count);
  }
}

/** For what a flow does before and after the load. A server may speak nothing but HTTP/2 where that is wanted. */
export function setupClientFor(plan: Plan, scenario: Scenario, measured: HttpClient): HttpClient {
  if (scenario.protocol === "h2") return measured;
  return unmeasuredClient({ tls: plan.target.tls, maxBodyBytes: MAX_BODY_BYTES });
}

export function clientFor(plan: Plan, scenario: Scenario, shards: number): Promise<HttpClient> {
  const { maxConnections, protocol } = scenario;
  return createClient({
    tls: plan.target.tls,
    protocol,
    maxBodyBytes: MAX_BODY_BYTES,
    ...(maxConnections === undefined ? {} : { maxConnections: share(maxConnections, shards) }),
  });
}
