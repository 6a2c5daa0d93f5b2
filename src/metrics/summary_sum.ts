/**
 * Adding up the scenarios of several summaries: each is read back as what was recorded, so that runs add up as the
 * threads of one run do. Counts and histograms are exact; statistics come from the sums.
 */
import { perDuration } from "../plan/durations.ts";
import type { Deployment } from "../deployment.ts";
import { shiftedBy } from "./deployments.ts";
import type { GaugeSlice } from "./gauges.ts";
import { addScenarios, EMPTY_SERIES } from "./merge.ts";
import type { PeerTally, SeriesRecording, Slice } from "./recording.ts";
import { addTimeSeries, type TimeSeries } from "./slices.ts";
import { rounded, unpacked } from "./stats.ts";
import { figuresOf } from "./summary.ts";
import type {
  Measured,
  SummaryDeployment,
  SummaryGaugeSlice,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
} from "./summary_schema.ts";
import type { ScenarioTotal } from "./totals.ts";
import { own } from "./own.ts";

type Phases = Measured["phases"];

/** The slices of `b` are `shiftS` seconds later than they say. */
export function addPhases(a: Phases, b: Phases, shiftS: number): Phases {
  return union(a, b, (x, y) => union(x, y, (one, other) => addRuns(one, other, shiftS)));
}

/** Keys of both; what both have is added. */
function union<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  add: (a: T, b: T) => T,
): Record<string, T> {
  const sum = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const there = sum[key];
    sum[key] = there === undefined ? value : add(there, value);
  }
  return sum;
}

/** Of one scenario. */
function addRuns(a: SummaryScenario, b: SummaryScenario, shiftS: number): SummaryScenario {
  const steps = Object.keys({ ...a.steps, ...b.steps });
  const [one, other] = [totalOf(a, steps, 0), totalOf(b, steps, shiftS)];
  const total: ScenarioTotal = {
    ...addScenarios(one, other),
    timeSeries: addTimeSeries(one.timeSeries, other.timeSeries),
    stepTimeSeries: one.stepTimeSeries.map((x, i) => addTimeSeries(x, other.stepTimeSeries[i]!)),
  };
  const ratePerS = (step: string | null): number => {
    const those = [a, b].map((run) => step === null ? run : own(run.steps, step));
    return rounded(those.reduce((sum, series) => sum + (series?.rate_per_s ?? 0), 0));
  };
  return {
    ...a,
    load: {
      ...a.load,
      seed: a.load.seed === b.load.seed ? a.load.seed : null,
      phase: a.load.phase === b.load.phase ? a.load.phase : null,
    },
    target: a.target ?? b.target,
    server: a.server ?? b.server,
    warmup_requests: a.warmup_requests + b.warmup_requests,
    opened_connections: a.opened_connections + b.opened_connections,
    offered: a.offered && b.offered && {
      arrivals: a.offered.arrivals + b.offered.arrivals,
      rate_per_s: rounded(a.offered.rate_per_s + b.offered.rate_per_s),
    },
    duration_s: Math.max(a.duration_s, b.duration_s),
    ...figuresOf(total, steps, ratePerS),
  };
}

function totalOf(
  scenario: SummaryScenario,
  steps: readonly string[],
  shiftS: number,
): ScenarioTotal {
  const series = steps.map((name) => own(scenario.steps, name));
  return {
    iterations: recordingOf(scenario),
    steps: series.map((step) => step ? recordingOf(step) : EMPTY_SERIES),
    dropped: scenario.dropped,
    customMetrics: Object.fromEntries(
      Object.entries(scenario.observed).map((
        [name, { histogram }],
      ) => [name, unpacked(histogram).toData()]),
    ),
    counters: scenario.counters,
    gauges: Object.fromEntries(
      Object.entries(scenario.gauges).map((
        [name, slices],
      ) => [name, slices.map((slice) => gaugeSliceOf(slice, shiftS))]),
    ),
    deployments: {
      kept: scenario.deployments.map((each) => shiftedBy(deploymentOf(each), shiftS * 1e6)),
      verdicts: scenario.deployment_verdicts,
    },
    peers: scenario.tls_peers.map(peerOf),
    otherPeerExchanges: scenario.other_peer_exchanges,
    timeSeries: timeSeriesOf(scenario, shiftS),
    stepTimeSeries: series.map((step) => timeSeriesOf(step, shiftS)),
  };
}

function recordingOf(series: SummarySeries): SeriesRecording {
  return {
    count: series.count,
    failed: series.failed,
    interrupted: series.interrupted,
    failures: series.failures,
    statuses: series.statuses,
    bytesReceived: series.bytes_received,
    bytesSent: series.bytes_sent,
    newConnections: series.connections.new,
    reusedConnections: series.connections.reused,
    protocols: series.protocols,
    durations: perDuration((name) => unpacked(series.histograms[name]).toData()),
  };
}

function timeSeriesOf(series: SummarySeries | undefined, shiftS: number): TimeSeries {
  const { width_s, slices } = series?.course ?? { width_s: 1, slices: [] };
  return { widthS: width_s, slices: slices.map((slice) => sliceOf(slice, shiftS)) };
}

function sliceOf(slice: SummarySlice, shiftS: number): Slice {
  return {
    second: slice.at_s + shiftS,
    count: slice.count,
    failed: slice.failed,
    dropped: slice.dropped,
    maxLagUs: slice.max_lag_ms * 1000,
    responseTime: unpacked(slice.response_time).toData(),
  };
}

function gaugeSliceOf(
  { at_s, max, last, last_at_s }: SummaryGaugeSlice,
  shiftS: number,
): GaugeSlice {
  return { second: at_s + shiftS, max, last, lastUs: usOf(last_at_s + shiftS) };
}

function deploymentOf(deployment: SummaryDeployment): Deployment {
  const { target, by, verdict, spans } = deployment;
  const { issued_at_s, reported_at_s, first_new_at_s, last_old_at_s, next_new_at_s } = deployment;
  return {
    target,
    by,
    requestedUs: usOf(deployment.requested_at_s),
    ...(issued_at_s !== null && { issuedUs: usOf(issued_at_s) }),
    ...(reported_at_s !== null && { reportedUs: usOf(reported_at_s) }),
    ...(first_new_at_s !== null && { firstNewUs: usOf(first_new_at_s) }),
    ...(last_old_at_s !== null && { lastOldUs: usOf(last_old_at_s) }),
    ...(next_new_at_s !== null && { nextNewUs: usOf(next_new_at_s) }),
    verdict,
    spans: spans.map(({ state, from_s, to_s }) => ({
      state,
      fromUs: usOf(from_s),
      toUs: usOf(to_s),
    })),
  };
}

function usOf(seconds: number): number {
  return Math.round(seconds * 1e6);
}

function peerOf(peer: SummaryPeer): PeerTally {
  const identity = {
    ...(peer.tls_version === null ? {} : { tlsVersion: peer.tls_version }),
    ...(peer.cipher === null ? {} : { cipher: peer.cipher }),
    keyType: peer.key_type,
    fingerprintSha256: peer.fingerprint_sha256,
    subject: peer.subject,
    issuer: peer.issuer,
    sans: peer.sans,
    notAfter: peer.not_after,
    chainLength: peer.chain_length,
  };
  return { peer: identity, exchanges: peer.exchanges };
}
