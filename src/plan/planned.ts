/** How much a plan is going to send, by arithmetic alone. */
import { arrivalCount } from "./arrival_sequence.ts";
import type { Plan, Scenario } from "./plan.ts";
import { endMsOf, mostOfUsers, planDurationMs } from "./profile.ts";

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

/** Iterations of the whole profile, of users at most; undefined: as many as the server answers (users who do not think). */
export function mostIterations(
  { name, load }: Pick<Scenario, "name" | "load">,
): number | undefined {
  if (load.model === "open") return arrivalCount({ name, load });
  return load.thinkTimeMs === 0 ? undefined : mostOfUsers(load);
}

/** To prepare for: users who do not think are expected to get an answer in 10 ms. */
export function expectedIterations(scenario: Pick<Scenario, "name" | "load">): number {
  const { stages } = scenario.load;
  return mostIterations(scenario) ?? mostOfUsers({ stages, thinkTimeMs: 10 });
}

function plannedScenario(scenario: Scenario): PlannedScenario {
  const { name, load, steps, requests = steps.length, asksAgain, startAfterMs } = scenario;
  const iterations = mostIterations(scenario);
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
