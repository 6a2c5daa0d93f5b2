/** A run while it goes on, for whoever draws it. */
import type { Phase } from "../plan/plan.ts";
import type { ScenarioProgress } from "./totals.ts";

export interface LiveScenario {
  readonly name: string;
  readonly phase: Phase;
  readonly model: "open" | "closed";
  /** What the plan asks for now: arrivals per second (open) or users (closed). 0 before its start and after its end. */
  readonly target: number;
  readonly inFlight: number;
  readonly secondsLeft: number;
  readonly progress: ScenarioProgress;
}

export interface LiveRun {
  readonly elapsedS: number;
  readonly totalS: number;
  /** The run is being ended: no new arrivals. */
  readonly stopping: boolean;
  /** Times that the process was not run for 50 ms or more, and the longest of them. */
  readonly stalls: number;
  readonly longestStallUs: number;
  readonly scenarios: readonly LiveScenario[];
}
