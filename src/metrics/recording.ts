/**
 * What a worker hands to the coordinator: plain data for structured clone. Instants and durations are microseconds.
 */
import type { Duration } from "../plan/durations.ts";
import type { Failure, FailureClass } from "../http/failure.ts";
import type { ServerCertificate } from "../http/http.ts";
import type { Deployments } from "./deployments.ts";
import type { Gauges } from "./gauges.ts";
import type { HistogramData } from "./histogram.ts";

/** Failures of one class, with the first and the newest message as samples. */
export interface FailureTally {
  readonly class: FailureClass;
  readonly count: number;
  readonly sample: string;
  readonly newest: string;
}

/** A certificate that was served, and in how many exchanges. */
export interface PeerTally {
  readonly peer: ServerCertificate;
  readonly exchanges: number;
}

/** Everything counted of a step, or of a scenario's iterations (which have no bytes, statuses and phases of their own). */
export interface SeriesRecording {
  /** Finished ones, failed ones included, interrupted ones not. */
  readonly count: number;
  readonly failed: number;
  /** Cut off by the end of the run: neither finished nor failed. */
  readonly interrupted: number;
  readonly failures: readonly FailureTally[];
  /** Answers by status code; exchanges without an answer are in none. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly newConnections: number;
  readonly reusedConnections: number;
  /** Exchanges by application protocol. */
  readonly protocols: Readonly<Record<string, number>>;
  /** Only those in which something was recorded. */
  readonly durations: Readonly<Partial<Record<Duration, HistogramData>>>;
}

/** What finished within one second of the run (or within more, once neighbours were made one). */
export interface Slice {
  /** Whole seconds from the run's start to the slice's. */
  readonly second: number;
  readonly count: number;
  readonly failed: number;
  /** Arrivals dropped; a scenario's slices only. */
  readonly dropped: number;
  readonly maxLagUs: number;
  readonly responseTime: HistogramData;
  /** For the live view. */
  readonly newestFailure?: Failure | undefined;
}

/** Closed slices since the last hand-over. */
export interface SliceBatch {
  readonly scenario: readonly Slice[];
  /** By step, in the scenario's order. */
  readonly steps: readonly (readonly Slice[])[];
}

/** What is counted of a scenario, in one worker or in all. */
export interface ScenarioCounts {
  readonly iterations: SeriesRecording;
  /** In the scenario's order. */
  readonly steps: readonly SeriesRecording[];
  readonly dropped: number;
  /** Durations that the flow names itself. */
  readonly customMetrics: Readonly<Record<string, HistogramData>>;
  readonly counters: Readonly<Record<string, number>>;
  /** Values over time that the flow names itself. */
  readonly gauges: Gauges;
  readonly deployments: Deployments;
  readonly peers: readonly PeerTally[];
  /** Exchanges with a certificate beyond the first distinct ones that are kept. */
  readonly otherPeerExchanges: number;
  /** What the first answer's Server header said, for example `nginx/1.22.1`. */
  readonly server?: string;
}

export interface ScenarioRecording extends ScenarioCounts {
  /** The slices not handed over yet, the open one included. */
  readonly slices: SliceBatch;
}
