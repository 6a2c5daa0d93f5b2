/** How much a plan is going to send, by arithmetic alone. */
import type { Plan, Scenario } from "./plan.ts";
import { endMsOf, mostIterations, planDurationMs } from "./profile.ts";

export interface PlannedLoad {
  /** undefined: as many as the server answers (users without think time). */
  readonly iterations: number | undefined;
  /** Iterations times what one of them asks: mostly one for each of the flow's steps. */
  readonly requests: number | undefined;
  /** The closed model sends at most this many, and fewer the slower the server is. */
  readonly isUpperBound: boolean;
  /** Some arrivals ask until something has come about: `requests` without what is asked again. */
  readonly asksAgain: boolean;
}

interface PlannedScenario extends PlannedLoad {
  readonly name: string;
  /** From the start of the run. */
  readonly startMs: number;
  readonly endMs: number;
}

interface PlannedRun {
  readonly scenarios: readonly PlannedScenario[];
  readonly total: PlannedLoad;
  /** Until the last arrival; what is under way then gets `graceful_stop`. */
  readonly durationMs: number;
}

export function plannedRequests(plan: Pick<Plan, "scenarios">): PlannedRun {
  const scenarios = plan.scenarios.map(plannedScenario);
  return {
    scenarios,
    total: {
      iterations: sum(scenarios.map(({ iterations }) => iterations)),
      requests: sum(scenarios.map(({ requests }) => requests)),
      isUpperBound: scenarios.some(({ isUpperBound }) => isUpperBound),
      asksAgain: scenarios.some(({ asksAgain }) => asksAgain),
    },
    durationMs: planDurationMs(plan),
  };
}

function plannedScenario(scenario: Scenario): PlannedScenario {
  const { name, load, steps, requests = steps.length, asksAgain, startAfterMs } = scenario;
  const iterations = mostIterations(load);
  return {
    name,
    iterations,
    requests: iterations === undefined ? undefined : iterations * requests,
    isUpperBound: load.model === "closed",
    asksAgain: asksAgain ?? false,
    startMs: startAfterMs,
    endMs: endMsOf(scenario),
  };
}

function sum(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (total, count) => total === undefined || count === undefined ? undefined : total + count,
    0,
  );
}
