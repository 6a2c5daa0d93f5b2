/** What the engine hands over at the end of a run, for `summarize` to make the summary of. */
import type { Plan, Scenario } from "../plan/plan.ts";
import type { Shard } from "../shard.ts";
import type { HistogramData } from "./histogram.ts";
import type { ServerMetricsSummary } from "./summary_schema.ts";
import type { ScenarioTotal } from "./totals.ts";

export interface Run {
  /** Of the tool. */
  readonly version: string;
  readonly plan: Plan;
  readonly startedUs: number;
  readonly endedUs: number;
  /** By a signal, before its time. */
  readonly interrupted: boolean;
  readonly host: HostFacts;
  readonly target: TargetFacts;
  readonly stack: { readonly name: string; readonly description: string };
  readonly workers: readonly WorkerFacts[];
  readonly lost?: readonly LostThread[];
  readonly processCpuUs: number;
  /** CPU time in use by anyone, of all that the host had while the load ran. */
  readonly hostCpuShare?: number | undefined;
  readonly maxRssBytes: number;
  readonly scenarios: readonly ScenarioRun[];
  /** This machine's part, where several share the run. */
  readonly shard?: ShardFacts | undefined;
  /** What a set-up made and could not be undone. */
  readonly notUndone?: readonly NotUndone[];
  readonly serverMetrics?: ServerMetricsSummary | undefined;
  /** Remarks for whoever reads the figures, one sentence each. */
  readonly notes?: readonly string[];
}

/** One machine of those that share a run; instants by its own clock, in microseconds since the Unix epoch. */
export interface ShardFacts extends Shard {
  readonly startAtUs?: number;
  readonly startedUs: number;
  readonly host: { readonly name: string; readonly node?: string };
  /** How far its clock is ahead of the target's, by that one's word. */
  readonly target: {
    readonly origin: string;
    readonly before?: ClockOffset;
    readonly after?: ClockOffset;
    readonly note?: string;
  };
  readonly hostClock?: {
    readonly source: string;
    readonly offsetMs: number;
    readonly boundMs: number;
  };
}

export interface ClockOffset {
  readonly offsetUs: number;
  readonly boundUs: number;
}

/** Something that a scenario's set-up made at the server, and that is there still. */
export interface NotUndone {
  readonly scenario: string;
  /** As the flow names it. */
  readonly what: string;
  readonly why: string;
}

export interface HostFacts {
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** `linux`, `darwin` */
  readonly os: string;
  readonly kernel: string;
  /** `docker`, `podman`, ...; undefined outside any. */
  readonly container?: string | undefined;
  /** For example `deno` -> `2.9.6`, `v8`, `openssl`. */
  readonly runtime: Readonly<Record<string, string>>;
}

/** What identifies a server beyond its version. */
export function certificateIdentity(fingerprintSha256: string): string {
  return `certificate SHA-256 ${fingerprintSha256}`;
}

export interface TargetFacts {
  readonly version?: string | undefined;
  readonly identity?: string | undefined;
  readonly lab: boolean;
}

export interface WorkerFacts {
  readonly index: number;
  /** From the run's start to its end, and the CPU time (user + system) that the worker took meanwhile. */
  readonly wallUs: number;
  readonly cpuUs: number;
  /** Turns of the event loop that came late, by how much. */
  readonly eventLoopDelay?: HistogramData | undefined;
  readonly maxEventLoopDelayUs: number;
  /** Gaps between two ticks of the clock in which nothing ran (SIGSTOP, a suspended machine, a long collection). */
  readonly stalls: readonly { readonly atUs: number; readonly durationUs: number }[];
}

/** A thread that did not come to its end. */
export interface LostThread {
  /** Undefined for the wake-up thread. */
  readonly worker: number | undefined;
  /** When it last gave a sign. */
  readonly atUs: number;
  /** Goes on from the thread's name: `died: out of memory`. */
  readonly reason: string;
}

export interface ScenarioRun {
  readonly scenario: Scenario;
  /** What the server that it asks tells of itself. */
  readonly target?: TargetFacts;
  readonly total: ScenarioTotal;
  readonly startUs: number;
  /** When arrivals stopped: the planned end, or the interruption. */
  readonly loadEndUs: number;
  /** When the last iteration finished; not before `loadEndUs`. */
  readonly endUs: number;
  /** Open model: arrivals that were due by `loadEndUs`, dropped ones included. */
  readonly offered?: number | undefined;
  /** `nginx`, `apache`, `haproxy`, `f5`: the kind of target that a connector scenario is about. */
  readonly targetType?: string | undefined;
  readonly warmupRequests: number;
  readonly openedConnections: number;
}
