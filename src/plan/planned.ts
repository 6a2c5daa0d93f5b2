/** How much a plan is going to send, by arithmetic alone. */
import type { ClosedLoad, Load, Plan, Scenario, Stage } from "./plan.ts";

export interface PlannedLoad {
  /** undefined: as many as the server answers (users without think time). */
  readonly iterations: number | undefined;
  /** Iterations times the flow's steps. */
  readonly requests: number | undefined;
  /** The closed model sends at most this many, and fewer the slower the server is. */
  readonly isUpperBound: boolean;
}

export interface PlannedScenario extends PlannedLoad {
  readonly name: string;
  /** From the start of the run. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface PlannedRun {
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
    },
    durationMs: Math.max(0, ...scenarios.map(({ endMs }) => endMs)),
  };
}

function plannedScenario({ name, load, steps, startAfterMs }: Scenario): PlannedScenario {
  const iterations = load.model === "open" ? arrivals(load.stages) : mostTurns(load);
  const durationMs = load.stages.reduce((total, stage) => total + stage.durationMs, 0);
  return {
    name,
    iterations,
    requests: iterations === undefined ? undefined : iterations * steps.length,
    isUpperBound: load.model === "closed",
    startMs: startAfterMs,
    endMs: startAfterMs + durationMs,
  };
}

function sum(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (total, count) => total === undefined || count === undefined ? undefined : total + count,
    0,
  );
}

/** The area under the profile: arrival n comes when the area has reached n, so the last one is below the whole. */
function arrivals(stages: Load["stages"]): number {
  const area = stages.reduce(
    (total, { durationMs, from, to }) => total + ((from + to) / 2) * (durationMs / 1000),
    0,
  );
  // 1/60 per second times 300 s is 4.999...
  return Math.max(0, Math.ceil(area - 1e-6));
}

/**
 * A user who is there for a time t starts at most floor(t / think) + 1 iterations. User u is there while the level is
 * above u, which is one stretch of time per stage at most.
 */
function mostTurns({ stages, thinkTimeMs }: ClosedLoad): number | undefined {
  if (thinkTimeMs === 0) return undefined;
  const most = stages.reduce((total, stage) => total + mostOf(stage, thinkTimeMs), 0);
  return Math.ceil(most);
}

function mostOf({ durationMs, from, to }: Stage, thinkTimeMs: number): number {
  const users = Math.ceil(Math.max(from, to));
  // Over a ramp, the sum of all users' times is at most one user more than the area.
  const average = from === to ? users : Math.min(users, (from + to) / 2 + 1);
  return average * durationMs / thinkTimeMs + users;
}
