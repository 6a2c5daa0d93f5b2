/** One scenario in one worker: its flow and its connections, from their making over warm-up and rehearsal to the load. */
import { legible } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import { ScenarioRecorder } from "../metrics/recorder.ts";
import { expectedIterations } from "../plan/planned.ts";
import { numbersBefore } from "../plan/before_clock.ts";
import { threadOf } from "../worker_share.ts";
import { createScope, type IterationScope, type StepRecorder } from "./iteration.ts";
import { type OpenScenario, openScenario, type ScenarioSetting } from "./scenario_flow.ts";
import { ScenarioLoad } from "./scenario_load.ts";
import { warmUp, type WarmupResult } from "./warmup.ts";

export interface RunnerOptions extends ScenarioSetting {
  /** The scenario's place in the plan. */
  readonly at: number;
}

/** What iterations are called. */
type Names = Pick<IterationScope, "idPrefix" | "firstIndex">;

export async function createRunner(options: RunnerOptions): Promise<ScenarioRunner> {
  return new ScenarioRunner(options, await openScenario(options));
}

export class ScenarioRunner {
  readonly #options: RunnerOptions;
  readonly #open: OpenScenario;
  readonly #idPrefix: string;

  constructor(options: RunnerOptions, open: OpenScenario) {
    const { at, runId } = options;
    this.#options = options;
    this.#open = open;
    this.#idPrefix = `${runId}-${at}-`;
  }

  /** Its name. */
  get scenario(): string {
    return this.#options.scenario.name;
  }

  /** Makes what the flow needs before any arrival; a failure means that no load can be sent. */
  async prepare(): Promise<Failure | undefined> {
    const { scenario, share } = this.#options;
    const failure = await this.#open.flow.prepare?.(
      Math.ceil(expectedIterations(scenario) / share.count),
    );
    return failure && legible(failure);
  }

  warmUp(): Promise<WarmupResult> {
    const { scenario, share, clock } = this.#options;
    const idPrefix = `${this.#idPrefix}w${share.index}-`;
    const firstIndex = numbersBefore(clock.nowUs(), share.machine).warmup(threadOf(share).index);
    const scopeOf = (recorder: StepRecorder): IterationScope =>
      this.#scope(recorder, { idPrefix, firstIndex });
    return warmUp({ scenario, share, flow: this.#open.flow, scopeOf });
  }

  /**
   * The load's beginning, through the very loop, clock and recorder that the measured load will use, so that these are
   * warm too; what it records is dropped.
   */
  async rehearse(): Promise<WarmupResult> {
    const { clock, signal, share, scenario: { warmup: { rehearsalMs } } } = this.#options;
    if (rehearsalMs === 0) return { requests: 0, connections: 0 };
    const over = new AbortController();
    const originUs = clock.nowUs();
    const names: Names = {
      idPrefix: `${this.#idPrefix}r${share.index}-`,
      firstIndex: numbersBefore(originUs, share.machine).rehearsal,
    };
    const load = this.#loadOf(names, originUs, originUs);
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
    return this.#loadOf({ idPrefix: this.#idPrefix, firstIndex: 0 }, runStartUs, originUs);
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  #loadOf(names: Names, recordFromUs: number, originUs: number): ScenarioLoad {
    const { scenario, at, share, clock } = this.#options;
    const recorder = new ScenarioRecorder({ steps: scenario.steps, startUs: recordFromUs });
    const scope = this.#scope(recorder, names);
    const { flow } = this.#open;
    return new ScenarioLoad({ scenario, at, share, clock, flow, recorder, scope, originUs });
  }

  #scope(recorder: StepRecorder, names: Names): IterationScope {
    const { scenario: { steps, timeoutMs }, signal } = this.#options;
    const { client } = this.#open;
    return createScope({ steps, client, recorder, timeoutMs, signal, ...names });
  }
}
