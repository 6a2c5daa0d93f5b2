/** Arrivals of one scenario in one worker on their way through its flow, and what is recorded of them. */
import type { Clock } from "../clock.ts";
import type { Flow } from "../flows/flow.ts";
import type { FailureClass } from "../http/failure.ts";
import type { ScenarioRecorder } from "../metrics/recorder.ts";
import { type Arrival, createArrivals } from "../pacing/arrivals.ts";
import { drive } from "../pacing/send_loop.ts";
import type { Scenario } from "../plan/plan.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";
import { type IterationScope, runIteration, RunningIteration } from "./iteration.ts";
import type { ScenarioResult, ScenarioTick } from "./messages.ts";

/** Failures that cost a user of the closed model no time, so that it must be made to wait before it comes again. */
const UNCONNECTED: ReadonlySet<FailureClass> = new Set(["dns", "connect_refused", "connect"]);

interface LoadSetting {
  readonly scenario: Scenario;
  /** The scenario's place in the plan. */
  readonly at: number;
  readonly share: WorkerShare;
  readonly clock: Clock;
  readonly flow: Flow;
  readonly recorder: ScenarioRecorder;
  readonly scope: IterationScope;
  /** When the scenario's first arrival may be due. */
  readonly originUs: number;
}

export class ScenarioLoad {
  readonly #setting: LoadSetting;
  #inFlight = 0;
  #endedUs = 0;

  constructor(setting: LoadSetting) {
    this.#setting = setting;
  }

  /** Resolves when the last arrival has gone through the flow; `stopped` aborted means no new ones. */
  async run(stopped: AbortSignal): Promise<void> {
    const { scenario, share, clock, recorder, originUs } = this.#setting;
    await drive({
      arrivals: createArrivals(scenario, share),
      clock,
      originUs,
      maxInFlight: scenario.load.model === "open"
        ? partOf(scenario.load.maxInFlight, share)
        : Infinity,
      launch: (arrival) => this.#launch(arrival),
      drop: () => recorder.dropped(1, clock.nowUs()),
      signal: stopped,
    });
  }

  /** What is in flight, and the seconds that were closed since the last call. */
  tick(): ScenarioTick {
    const { at, recorder, clock } = this.#setting;
    return { at, inFlight: this.#inFlight, slices: recorder.takeSlices(clock.nowUs()) };
  }

  /** All of it, once it has ended; without the seconds that were handed over. */
  result(): ScenarioResult {
    const { at, recorder } = this.#setting;
    return { at, recording: recorder.finish(), endedUs: this.#endedUs };
  }

  async #launch(arrival: Arrival): Promise<{ unconnected: boolean }> {
    const { clock, flow, recorder, scope, originUs } = this.#setting;
    this.#inFlight++;
    const launchedUs = clock.nowUs();
    const plannedUs = arrival.user === undefined ? originUs + arrival.offsetUs : undefined;
    const iteration = new RunningIteration(scope, arrival.index, plannedUs, arrival.user);
    const { endedUs, failure } = await runIteration((each) => flow.run(each), iteration);
    const startedUs = iteration.startedUs ?? launchedUs;
    recorder.iteration({
      plannedUs: plannedUs ?? startedUs,
      startedUs,
      endedUs,
      blockedUs: iteration.blockedUs,
      failure,
    });
    this.#endedUs = Math.max(this.#endedUs, endedUs);
    this.#inFlight--;
    const unconnected = failure !== undefined && UNCONNECTED.has(failure.class);
    if (unconnected && arrival.user !== undefined) recorder.count("pauses_after_refusal");
    return { unconnected };
  }
}
