/** One scenario in one worker: its flow and its connections, from their making over warm-up and rehearsal to the load. */
import { legible } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import { ScenarioRecorder } from "../metrics/recorder.ts";
import { expectedIterations } from "../plan/profile.ts";
import type { Warmup } from "../plan/plan.ts";
import { createScope, type IterationScope, type StepRecorder } from "./iteration.ts";
import { type OpenScenario, openScenario, type ScenarioSetting } from "./scenario_flow.ts";
import { ScenarioLoad } from "./scenario_load.ts";
import { warmUp, type WarmupResult } from "./warmup.ts";

const NO_WARMUP: Warmup = { requests: 0, durationMs: 0, rehearsalMs: 0 };

export interface RunnerOptions extends ScenarioSetting {
  /** The scenario's place in the plan. */
  readonly at: number;
  /** Distinguishes this run's names from every other run's. */
  readonly runId: string;
}

export async function createRunner(options: RunnerOptions): Promise<ScenarioRunner> {
  return new ScenarioRunner(options, await openScenario(options));
}

export class ScenarioRunner {
  readonly #options: RunnerOptions;
  readonly #open: OpenScenario;
  readonly #warmup: Warmup;
  readonly #idPrefix: string;

  constructor(options: RunnerOptions, open: OpenScenario) {
    const { plan, at, runId } = options;
    this.#options = options;
    this.#open = open;
    // What a flow does once in a run is not done before it.
    this.#warmup = open.once ? NO_WARMUP : plan.warmup;
    this.#idPrefix = `${runId}-${at}-`;
  }

  /** Makes what the flow needs before any arrival; a failure means that no load can be sent. */
  async prepare(): Promise<Failure | undefined> {
    const { scenario: { load }, share } = this.#options;
    const failure = await this.#open.flow.prepare?.(
      Math.ceil(expectedIterations(load) / share.count),
    );
    return failure && legible(failure);
  }

  warmUp(): Promise<WarmupResult> {
    const { scenario, share } = this.#options;
    const idPrefix = `${this.#idPrefix}w${share.index}-`;
    const scopeOf = (recorder: StepRecorder): IterationScope => this.#scope(recorder, idPrefix);
    return warmUp({ scenario, share, flow: this.#open.flow, scopeOf, warmup: this.#warmup });
  }

  /**
   * The load's beginning, through the very loop, clock and recorder that the measured load will use, so that these are
   * warm too; what it records is dropped.
   */
  async rehearse(): Promise<WarmupResult> {
    const { clock, signal, share } = this.#options;
    const { rehearsalMs } = this.#warmup;
    if (rehearsalMs === 0) return { requests: 0, connections: 0 };
    const over = new AbortController();
    const originUs = clock.nowUs();
    const load = this.#loadOf(`${this.#idPrefix}r${share.index}-`, originUs, originUs);
    const ended = load.run(over.signal);
    await Promise.race([ended, clock.sleepUntil(originUs + rehearsalMs * 1000, signal)]);
    over.abort();
    await ended;
    const { steps } = load.result().recording;
    return {
      requests: steps.reduce((sum, { count }) => sum + count, 0),
      connections: steps.reduce((sum, { newConnections }) => sum + newConnections, 0),
    };
  }

  /** The load of a run whose clock starts at `runStartUs`. */
  load(runStartUs: number): ScenarioLoad {
    const originUs = runStartUs + this.#options.scenario.startAfterMs * 1000;
    return this.#loadOf(this.#idPrefix, runStartUs, originUs);
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  #loadOf(idPrefix: string, recordFromUs: number, originUs: number): ScenarioLoad {
    const { scenario, at, share, clock } = this.#options;
    const recorder = new ScenarioRecorder({ steps: scenario.steps, startUs: recordFromUs });
    const scope = this.#scope(recorder, idPrefix);
    const { flow } = this.#open;
    return new ScenarioLoad({ scenario, at, share, clock, flow, recorder, scope, originUs });
  }

  #scope(recorder: StepRecorder, idPrefix: string): IterationScope {
    const { scenario: { steps, timeoutMs }, signal } = this.#options;
    const { client } = this.#open;
    return createScope({ steps, client, recorder, timeoutMs, signal, idPrefix });
  }
}
