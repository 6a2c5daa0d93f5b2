/**
 * Before any load: one iteration of every scenario, through the very flow and client. What does not work once will not
 * work fifty times a second, and says more clearly why.
 */
import { legible } from "../http/expectation.ts";
import { numbersBefore } from "../plan/before_clock.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import type { Clock } from "../clock.ts";
import { WHOLE, type WorkerShare } from "../worker_share.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { reach, type Reached } from "../http/reach.ts";
import { createScope, runIteration, RunningIteration, type StepRecorder } from "./iteration.ts";
import { type OpenScenario, openScenario } from "./scenario_flow.ts";
import { shareOfMachine } from "./sizing.ts";
import { tlsOf } from "./target.ts";
import { messageOf } from "../message_of.ts";

/** One step that the probe made. */
export interface ProbedStep {
  readonly step: string;
  readonly exchange: Exchange;
  readonly failure?: Failure;
}

export interface ProbeResult {
  readonly scenario: Scenario;
  readonly steps: readonly ProbedStep[];
  /** Absent: the scenario works. */
  readonly failure?: Failure;
  /** Where no arrival was sent: the connection that was made instead. */
  readonly reached?: Reached;
  /** Why, where it is not what the flow or the plan says; goes on from "no arrival was sent, as". */
  readonly untried?: string;
}

export interface ProbeOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly runId: string;
  /** This machine among those that share the run; absent: there is one. */
  readonly machine?: WorkerShare;
  /** By the scenario's place in the plan: what its setup made. */
  readonly made?: readonly unknown[];
  readonly signal: AbortSignal;
  /** Told of each scenario as soon as it has been tried. */
  readonly onResult?: (result: ProbeResult) => void;
}

/** Scenarios side by side would hide which one a server does not bear: they go one after the other. */
export async function probeAll(options: ProbeOptions): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const [at, scenario] of options.plan.scenarios.entries()) {
    if (options.signal.aborted) break;
    const result = await probe(options, scenario, at);
    options.onResult?.(result);
    results.push(result);
  }
  return results;
}

async function probe(options: ProbeOptions, scenario: Scenario, at: number): Promise<ProbeResult> {
  if (shareOfMachine(scenario, options.machine ?? WHOLE) === undefined) {
    return { scenario, steps: [], untried: "this machine has no part in it" };
  }
  if (!scenario.probe) return await connect(options, scenario);
  const { plan, clock, runId, signal } = options;
  const made = options.made?.[at];
  let open: OpenScenario | undefined;
  try {
    open = await openScenario({ plan, scenario, share: WHOLE, clock, runId, made, signal });
    const { flow, client } = open;
    const unprepared = await flow.prepare?.(1);
    if (unprepared !== undefined) return { scenario, steps: [], failure: legible(unprepared) };
    const recorder = new ProbeRecorder(scenario.steps);
    const { timeoutMs, steps } = scenario;
    const names = {
      idPrefix: `${runId}-${at}-p`,
      firstIndex: numbersBefore(clock.nowUs(), options.machine).probe,
    };
    const scope = createScope({ steps, client, recorder, timeoutMs, signal, ...names });
    const iteration = new RunningIteration(scope, 0, undefined, 0);
    const { failure } = await runIteration((each) => flow.run(each), iteration);
    return { scenario, steps: recorder.steps, ...(failure && { failure }) };
  } catch (error) {
    const message = messageOf(error);
    return { scenario, steps: [], failure: { class: "client", message } };
  } finally {
    await open?.close();
  }
}

/** Of a server that must not be asked yet, all that is known is whether it is there. */
async function connect(
  { plan, signal }: ProbeOptions,
  scenario: Scenario,
): Promise<ProbeResult> {
  const tls = await tlsOf(plan, scenario);
  const { origin, protocol, timeoutMs } = scenario;
  const reached = await reach(new URL(origin), { tls, protocol, timeoutMs, signal });
  return { scenario, steps: [], ...(isFailure(reached) ? { failure: reached } : { reached }) };
}

class ProbeRecorder implements StepRecorder {
  readonly steps: ProbedStep[] = [];
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  step(stepIndex: number, _plannedUs: number, exchange: Exchange, failure?: Failure): void {
    const step = this.#names[stepIndex] ?? "?";
    this.steps.push({ step, exchange, ...(failure && { failure }) });
  }

  observe(): void {}

  count(): void {}

  gauge(): void {}

  deployment(): void {}
}
