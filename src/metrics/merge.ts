/** Adding up recordings of several workers (or of a scenario's steps); exact, and in any order the same. */
import { addDeployments, NO_DEPLOYMENTS } from "./deployments.ts";
import { addGauges } from "./gauges.ts";
import { Histogram, type HistogramData } from "./histogram.ts";
import { addCounts } from "./counts.ts";
import type { FailureTally, PeerTally, ScenarioCounts, SeriesRecording } from "./recording.ts";
import { own } from "./own.ts";

export const EMPTY_SERIES: SeriesRecording = {
  count: 0,
  failed: 0,
  interrupted: 0,
  failures: [],
  statuses: {},
  bytesReceived: 0,
  bytesSent: 0,
  newConnections: 0,
  reusedConnections: 0,
  protocols: {},
  durations: {},
};

export function emptyCounts(steps: number): ScenarioCounts {
  return {
    iterations: EMPTY_SERIES,
    steps: Array.from({ length: steps }, () => EMPTY_SERIES),
    dropped: 0,
    customMetrics: {},
    counters: {},
    gauges: {},
    deployments: NO_DEPLOYMENTS,
    peers: [],
    otherPeerExchanges: 0,
  };
}

/** Two parts of one scenario, with the same steps. */
export function addScenarios(a: ScenarioCounts, b: ScenarioCounts): ScenarioCounts {
  const server = a.server ?? b.server;
  return {
    ...(server === undefined ? {} : { server }),
    iterations: addSeries(a.iterations, b.iterations),
    steps: a.steps.map((step, i) => addSeries(step, b.steps[i] ?? EMPTY_SERIES)),
    dropped: a.dropped + b.dropped,
    customMetrics: addHistograms(a.customMetrics, b.customMetrics),
    counters: addCounts(a.counters, b.counters),
    gauges: addGauges(a.gauges, b.gauges),
    deployments: addDeployments(a.deployments, b.deployments),
    peers: addPeers(a.peers, b.peers),
    otherPeerExchanges: a.otherPeerExchanges + b.otherPeerExchanges,
  };
}

export function addSeries(a: SeriesRecording, b: SeriesRecording): SeriesRecording {
  return {
    count: a.count + b.count,
    failed: a.failed + b.failed,
    interrupted: a.interrupted + b.interrupted,
    failures: addFailures(a.failures, b.failures),
    statuses: addCounts(a.statuses, b.statuses),
    bytesReceived: a.bytesReceived + b.bytesReceived,
    bytesSent: a.bytesSent + b.bytesSent,
    newConnections: a.newConnections + b.newConnections,
    reusedConnections: a.reusedConnections + b.reusedConnections,
    protocols: addCounts(a.protocols, b.protocols),
    durations: addHistograms(a.durations, b.durations),
  };
}

function addHistograms<Named extends Readonly<Partial<Record<string, HistogramData>>>>(
  a: Named,
  b: Named,
): Named {
  const sum: Record<string, HistogramData | undefined> = { ...a };
  for (const [name, data] of Object.entries(b)) {
    const there = own(sum, name);
    sum[name] = there && data ? Histogram.from(there, data).toData() : data ?? there;
  }
  return sum as Named;
}

export function addFailures(
  a: readonly FailureTally[],
  b: readonly FailureTally[],
): FailureTally[] {
  const sum = new Map(a.map((tally) => [tally.class, tally]));
  for (const tally of b) {
    const there = sum.get(tally.class);
    const count = (there?.count ?? 0) + tally.count;
    sum.set(tally.class, there ? { ...there, count, newest: tally.newest } : tally);
  }
  return Array.from(sum.values());
}

/** The most seen certificates first. */
function addPeers(a: readonly PeerTally[], b: readonly PeerTally[]): PeerTally[] {
  const sum = new Map(a.map((tally) => [tally.peer.fingerprintSha256, tally]));
  for (const { peer, exchanges } of b) {
    const before = sum.get(peer.fingerprintSha256)?.exchanges ?? 0;
    sum.set(peer.fingerprintSha256, { peer, exchanges: before + exchanges });
  }
  return Array.from(sum.values()).sort((x, y) => y.exchanges - x.exchanges);
}
