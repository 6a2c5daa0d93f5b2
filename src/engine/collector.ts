/** What the workers of a run have told of it so far, added up: for its progress while it lasts, and for its end. */
import type { Failure } from "../http/failure.ts";
import { PartialRecording } from "../metrics/partial.ts";
import type { WorkerFacts } from "../metrics/run.ts";
import type { ScenarioState } from "../metrics/run_state.ts";
import { type ScenarioTotal, ScenarioTotals } from "../metrics/totals.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { endMsOf, levelAt } from "../plan/profile.ts";
import { causeUnderLoad } from "./diagnosis.ts";
import { shareOfMachine } from "./sizing.ts";
import { WHOLE, type WorkerShare } from "../worker_share.ts";
import type { FromWorker, Prepared, Tick, WorkerResult } from "./messages.ts";

export class Collector {
  readonly #plan: Plan;
  readonly #totals: readonly ScenarioTotals[];
  readonly #workers: readonly CollectedWorker[];
  readonly #causes = new Set<string>();
  readonly #machine: WorkerShare;

  constructor(plan: Plan, workers: number, machine: WorkerShare = WHOLE) {
    this.#plan = plan;
    this.#machine = machine;
    this.#totals = plan.scenarios.map(({ steps }) => new ScenarioTotals(steps));
    this.#workers = Array.from({ length: workers }, () => new CollectedWorker(plan.scenarios));
  }

  /** `atUs`: when it came. */
  add(worker: number, message: FromWorker, atUs: number): void {
    const from = this.#worker(worker);
    from.signUs = atUs;
    if (message.kind === "preparing") from.preparing = message.scenario;
    else if (message.kind === "prepared") from.prepared = message.scenarios;
    else if (message.kind === "rehearsed") from.prepared = [...from.prepared, ...message.scenarios];
    else if (message.kind === "tick") this.#addTick(from, message);
    else if (message.kind === "done") this.#addResult(from, message.result);
  }

  #addTick(from: CollectedWorker, tick: Tick): void {
    from.tick = tick;
    for (const { at, slices } of tick.scenarios) {
      this.#totals[at]?.addSlices(slices);
      from.partials[at]?.add(slices);
      for (const [step, ofStep] of slices.steps.entries()) {
        for (const { newestFailure } of ofStep) this.#explain(at, step, newestFailure);
      }
    }
  }

  #addResult(from: CollectedWorker, result: WorkerResult): void {
    from.tick = undefined;
    from.result = result;
    for (const { at, recording } of result.scenarios) {
      this.#totals[at]?.addRecording(recording);
      for (const [step, { failures }] of recording.steps.entries()) {
        for (const { class: kind, sample } of failures) {
          this.#explain(at, step, { class: kind, message: sample });
        }
      }
    }
  }

  /** What a worker that is lost had handed over stands for it. */
  addLost(worker: number): void {
    const { partials } = this.#worker(worker);
    partials.forEach((partial, at) => this.#totals[at]?.addRecording(partial.recording()));
  }

  /** Of all workers, one after the other. */
  get prepared(): readonly Prepared[] {
    return this.#workers.flatMap(({ prepared }) => prepared);
  }

  /** The scenario that a worker prepares, or prepared last. */
  preparing(worker: number): string {
    return this.#worker(worker).preparing;
  }

  /** When a worker last posted something; undefined where it has not. */
  signUs(worker: number): number | undefined {
    return this.#worker(worker).signUs;
  }

  /** The newest of all workers' signs. */
  lastSignUs(): number {
    return Math.max(...this.#workers.map(({ signUs }) => signUs ?? 0));
  }

  /** Known causes of failures that came under load. */
  get causes(): readonly string[] {
    return Array.from(this.#causes);
  }

  /** CPU share of the worker that is busiest now. */
  get cpuShare(): number {
    return Math.max(0, ...this.#workers.map(({ tick }) => tick?.cpuShare ?? 0));
  }

  /** In the plan's order. */
  totals(): ScenarioTotal[] {
    return this.#totals.map((each) => each.total());
  }

  /** When each scenario's last iteration finished; 0 where none did. */
  scenarioEndedUs(): number[] {
    const results = this.#workers.flatMap(({ result }) => result?.scenarios ?? []);
    return this.#totals.map((_, scenario) =>
      Math.max(0, ...results.map(({ at, endedUs }) => at === scenario ? endedUs : 0))
    );
  }

  /** Of a lost worker the wall time from the start of the clock to its last sign, and the CPU share of its last tick. */
  workerFacts(originUs: number): Omit<WorkerFacts, "stalls">[] {
    return this.#workers.map(({ result, tick, signUs = originUs }, index) => {
      const wallUs = result?.wallUs ?? Math.max(0, signUs - originUs);
      return {
        index,
        wallUs,
        cpuUs: result?.cpuUs ?? wallUs * (tick?.cpuShare ?? 0),
        eventLoopDelay: result?.loopDelay,
        maxEventLoopDelayUs: result?.maxLoopDelayUs ?? 0,
      };
    });
  }

  /** `elapsedMs` since the clock was started; `stopping`: no new arrivals come. */
  states(elapsedMs: number, stopping: boolean): ScenarioState[] {
    return this.#plan.scenarios.map((scenario, at) => {
      const { name, tier, load, startAfterMs } = scenario;
      const inFlight = this.#inFlight(at);
      const over = stopping || elapsedMs > endMsOf(scenario);
      const share = shareOfMachine(scenario, this.#machine);
      const whole = over ? 0 : levelAt(load.stages, elapsedMs - startAfterMs);
      const level = share === undefined ? 0 : whole / share.count;
      const state = elapsedMs < startAfterMs ? "waiting" : stateOf(over, inFlight);
      const progress = this.#totals[at]!.progress(Math.floor(elapsedMs / 1000));
      const wanted = load.model === "open" ? { targetRate: level } : { users: level };
      return { name, tier, state, ...wanted, inFlight, progress };
    });
  }

  #inFlight(scenario: number): number {
    const ticks = this.#workers.flatMap(({ tick }) => tick?.scenarios ?? []);
    return ticks.reduce((sum, { at, inFlight }) => at === scenario ? sum + inFlight : sum, 0);
  }

  #explain(at: number, step: number, failure: Failure | undefined): void {
    const name = this.#plan.scenarios[at]?.steps[step] ?? "";
    const cause = failure && causeUnderLoad(name, failure);
    if (cause !== undefined) this.#causes.add(cause);
  }

  #worker(index: number): CollectedWorker {
    const worker = this.#workers[index];
    if (worker === undefined) throw new RangeError(`No worker ${index} of ${this.#workers.length}`);
    return worker;
  }
}

class CollectedWorker {
  signUs: number | undefined;
  preparing: string;
  prepared: readonly Prepared[] = [];
  /** The newest while it sends. */
  tick: Tick | undefined;
  result: WorkerResult | undefined;
  /** By scenario: what it has handed over so far. */
  readonly partials: readonly PartialRecording[];

  constructor(scenarios: readonly Scenario[]) {
    this.preparing = scenarios[0]?.name ?? "";
    this.partials = scenarios.map(({ steps }) => new PartialRecording(steps.length));
  }
}

function stateOf(over: boolean, inFlight: number): ScenarioState["state"] {
  if (!over) return "running";
  return inFlight > 0 ? "draining" : "done";
}
