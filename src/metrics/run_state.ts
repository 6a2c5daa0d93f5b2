/** How a run stands while it goes on: what the engine tells once a second. */
import type { ScenarioProgress } from "./totals.ts";

export interface ScenarioState {
  readonly name: string;
  readonly tier: string;
  /** `waiting` for its `start_after`; `draining`: no new arrivals, the last are awaited. */
  readonly state: "waiting" | "running" | "draining" | "done";
  /** Arrivals per second that are due now (open model). */
  readonly targetRate?: number | undefined;
  /** Users now (closed model). */
  readonly users?: number | undefined;
  readonly inFlight: number;
  readonly progress: ScenarioProgress;
}

export interface RunState {
  readonly plan: string;
  readonly target: string;
  /** Since the clock started, and the planned whole; drains come on top. */
  readonly elapsedS: number;
  readonly plannedS: number;
  readonly scenarios: readonly ScenarioState[];
  /** Busiest worker's share of a core in the last seconds, where it is known. */
  readonly cpuShare?: number | undefined;
  /** News that everybody should see, for example that the run is being ended. */
  readonly note?: string | undefined;
}

/** How making things before the clock stands, or undoing them after the load. */
export interface SetupState {
  readonly kind: "set-up" | "undoing";
  readonly scenario: string;
  readonly done: number;
  readonly of: number;
  /** What is counted: `certificates issued`. */
  readonly what: string;
  /** Since it began. */
  readonly elapsedS: number;
}
