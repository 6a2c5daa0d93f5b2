/** What the coordinator and its workers send each other: plain data, by structured clone. */
import type { HistogramData } from "../metrics/histogram.ts";
import type { ScenarioRecording, SliceBatch } from "../metrics/recording.ts";
import type { Plan } from "../plan/plan.ts";
import type { WakeupMemory } from "../pacing/wakeup.ts";
import type { Failure } from "../http/failure.ts";
import type { WorkerShare } from "../worker_share.ts";

export type ToWorker =
  /** Make the flows, prepare, warm up; answered by `prepared`. */
  | {
    readonly kind: "prepare";
    readonly plan: Plan;
    /** Among the workers of this machine. */
    readonly share: WorkerShare;
    /** This machine among those that share the run. */
    readonly machine: WorkerShare;
    readonly wakeup: WakeupMemory;
    readonly runId: string;
    /** By the scenario's place in the plan: what its setup made. */
    readonly made: readonly unknown[];
  }
  /** Before the clock once more, after a wait; answered by `rehearsed`. */
  | { readonly kind: "rehearse" }
  /** Start the clock at this instant. */
  | { readonly kind: "start"; readonly originUs: number }
  /** No new arrivals. */
  | { readonly kind: "stop" }
  /** End what is in flight too. */
  | { readonly kind: "kill" };

/** What a scenario's warm-up in one worker came to. */
export interface Prepared {
  readonly scenario: string;
  readonly warmupRequests: number;
  /** Connections that were open when the warm-up ended. */
  readonly connections: number;
  /** Something that has to be there before load was not: no load is sent. */
  readonly failure?: Failure;
}

export interface ScenarioTick {
  /** The scenario's place in the plan. */
  readonly at: number;
  readonly inFlight: number;
  readonly slices: SliceBatch;
}

export interface Tick {
  readonly kind: "tick";
  /** CPU time of this thread since the last tick, of the wall time. */
  readonly cpuShare: number;
  readonly scenarios: readonly ScenarioTick[];
}

export interface ScenarioResult {
  /** The scenario's place in the plan. */
  readonly at: number;
  readonly recording: ScenarioRecording;
  /** When the last iteration finished; 0 where none did. */
  readonly endedUs: number;
}

export interface WorkerResult {
  /** Those in which the worker had a share. */
  readonly scenarios: readonly ScenarioResult[];
  /** How late the event loop of this thread ran what was due, sampled every 10 ms. */
  readonly loopDelay: HistogramData;
  readonly maxLoopDelayUs: number;
  /** CPU time of this thread while it ran its part. */
  readonly cpuUs: number;
  readonly wallUs: number;
}

export type FromWorker =
  /** The scenario whose flow is being made, prepared and warmed up. */
  | { readonly kind: "preparing"; readonly scenario: string }
  | { readonly kind: "prepared"; readonly scenarios: readonly Prepared[] }
  /** What that came to beside what was told as prepared. */
  | { readonly kind: "rehearsed"; readonly scenarios: readonly Prepared[] }
  | Tick
  | { readonly kind: "done"; readonly result: WorkerResult }
  /** An exception that nobody caught: the thread cannot go on. */
  | { readonly kind: "fault"; readonly message: string };
