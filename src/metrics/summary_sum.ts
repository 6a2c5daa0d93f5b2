/**
 * Adding up the scenarios of several summaries: each is read back as what was recorded, so that runs add up as the
 * threads of one run do. Counts and histograms are exact; statistics come from the sums.
 */
import { perDuration } from "../plan/durations.ts";
import { addScenarios, EMPTY_SERIES } from "./merge.ts";
import type { PeerTally, SeriesRecording, Slice } from "./recording.ts";
import { addTimeSeries, type TimeSeries } from "./slices.ts";
import { rounded, unpacked } from "./stats.ts";
import { figuresOf } from "./summary.ts";
import type {
  Measured,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
} from "./summary_schema.ts";
import type { ScenarioTotal } from "./totals.ts";

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
    const those = [a, b].map((run) => step === null ? run : run.steps[step]);
    return rounded(those.reduce((sum, series) => sum + (series?.rate_per_s ?? 0), 0));
  };
  return {
    ...a,
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
  const series = steps.map((name) => scenario.steps[name]);
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
