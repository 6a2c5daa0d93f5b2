/** What the coordinator and its load threads say to each other: plain data, by structured clone. */
import type { HistogramData } from "../metrics/histogram.ts";
import type { ScenarioRecording, SliceBatch } from "../metrics/recording.ts";
import type { Plan } from "../plan/plan.ts";
import type { AlarmMemory } from "../pacing/wakeup.ts";
import type { Shard } from "../pacing/arrivals.ts";
import type { Failure } from "../http/failure.ts";

export type ToShard =
  /** Make the flows, prepare, warm up; answered by `prepared`. */
  | {
    readonly kind: "prepare";
    readonly plan: Plan;
    readonly shard: Shard;
    readonly alarm: AlarmMemory;
    readonly runId: string;
  }
  /** Start the clock at this instant. */
  | { readonly kind: "start"; readonly originUs: number }
  /** No new arrivals. */
  | { readonly kind: "stop" }
  /** End what is in flight too. */
  | { readonly kind: "kill" };

/** What a scenario's warm-up in one shard came to. */
export interface Prepared {
  readonly scenario: string;
  readonly warmupRequests: number;
  /** Connections that were open when the warm-up ended. */
  readonly connections: number;
  /** Something that has to be there before load was not: no load is sent. */
  readonly failure?: Failure;
}

export interface ScenarioTick {
  readonly inFlight: number;
  readonly dropped: number;
  readonly slices: SliceBatch;
}

export interface Tick {
  readonly kind: "tick";
  /** CPU time of this thread since the last tick, of the wall time. */
  readonly cpuShare: number;
  readonly scenarios: readonly ScenarioTick[];
}

export interface ShardResult {
  readonly recordings: readonly ScenarioRecording[];
  /** When each scenario's last iteration finished; 0 where none did. */
  readonly endedUs: readonly number[];
  /** How late the event loop of this thread ran what was due, sampled every 10 ms. */
  readonly loopDelay: HistogramData;
  readonly maxLoopDelayUs: number;
  /** CPU time of this thread while it ran its part. */
  readonly cpuUs: number;
  readonly wallUs: number;
}

export type FromShard =
  /** The scenario whose flow is being made, prepared and warmed up. */
  | { readonly kind: "preparing"; readonly scenario: string }
  | { readonly kind: "prepared"; readonly scenarios: readonly Prepared[] }
  | Tick
  | { readonly kind: "done"; readonly result: ShardResult }
  /** An exception that nobody caught: the thread cannot go on. */
  | { readonly kind: "fault"; readonly message: string };
