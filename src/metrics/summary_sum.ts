/** Adding up the scenarios of several summaries: counts and histograms exactly, statistics from the sums. */
import { Histogram } from "./histogram.ts";
import { addCounts } from "./merge.ts";
import { packed, rounded, shareOf, statsOf, unpacked } from "./stats.ts";
import type {
  Measured,
  SummaryFailure,
  SummaryHistogram,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
} from "./summary_schema.ts";

type Phases = Measured["phases"];

/** The slices of `b` are `shiftS` seconds later than they say. */
export function addPhases(a: Phases, b: Phases, shiftS: number): Phases {
  return union(a, b, (x, y) => union(x, y, (one, other) => addScenarios(one, other, shiftS)));
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

function addScenarios(a: SummaryScenario, b: SummaryScenario, shiftS: number): SummaryScenario {
  return {
    ...a,
    ...addSeries(a, b, shiftS),
    warmup_requests: a.warmup_requests + b.warmup_requests,
    opened_connections: a.opened_connections + b.opened_connections,
    offered: a.offered && b.offered && {
      arrivals: a.offered.arrivals + b.offered.arrivals,
      rate_per_s: rounded(a.offered.rate_per_s + b.offered.rate_per_s),
    },
    duration_s: Math.max(a.duration_s, b.duration_s),
    dropped: a.dropped + b.dropped,
    steps: union(a.steps, b.steps, (x, y) => addSeries(x, y, shiftS)),
    observed: union(a.observed, b.observed, (x, y) => {
      const histogram = addHistograms(x.histogram, y.histogram)!;
      return { stats_ms: statsOf(unpacked(histogram).toData())!, histogram };
    }),
    counters: addCounts(a.counters, b.counters),
    tls_peers: addPeers(a.tls_peers, b.tls_peers),
    other_peer_exchanges: a.other_peer_exchanges + b.other_peer_exchanges,
  };
}

function addSeries(a: SummarySeries, b: SummarySeries, shiftS: number): SummarySeries {
  const histograms = Object.fromEntries(
    Object.entries(a.histograms).map(([name, histogram]) => [
      name,
      addHistograms(histogram, b.histograms[name as keyof typeof b.histograms]),
    ]),
  ) as SummarySeries["histograms"];
  const stats = (histogram: SummaryHistogram | null): ReturnType<typeof statsOf> =>
    statsOf(unpacked(histogram).toData());
  const count = a.count + b.count;
  const failed = a.failed + b.failed;
  return {
    count,
    failed,
    error_rate: shareOf(failed, count),
    rate_per_s: rounded(a.rate_per_s + b.rate_per_s),
    interrupted: a.interrupted + b.interrupted,
    failures: addFailures(a.failures, b.failures),
    statuses: addCounts(a.statuses, b.statuses),
    bytes_received: a.bytes_received + b.bytes_received,
    bytes_sent: a.bytes_sent + b.bytes_sent,
    connections: addConnections(a.connections, b.connections),
    protocols: addCounts(a.protocols, b.protocols),
    response_time_ms: stats(histograms.response_time),
    failed_time_ms: stats(histograms.failed_time),
    service_time_ms: stats(histograms.service_time),
    lag_ms: stats(histograms.lag),
    blocked_ms: stats(histograms.blocked),
    phases: {
      dns_ms: stats(histograms.dns),
      connect_ms: stats(histograms.connect),
      tls_handshake_ms: stats(histograms.tls_handshake),
      ttfb_ms: stats(histograms.ttfb),
    },
    histograms,
    course: addCourses(a.course, b.course, shiftS),
  };
}

function addHistograms(
  a: SummaryHistogram | null,
  b: SummaryHistogram | null,
): SummaryHistogram | null {
  return a && b ? packed(Histogram.from(unpacked(a), unpacked(b)).toData()) : a ?? b;
}

type SummaryCourse = SummarySeries["course"];

/** Slices of the wider of the two widths, which are powers of two. */
function addCourses(a: SummaryCourse, b: SummaryCourse, shiftS: number): SummaryCourse {
  const width_s = Math.max(a.width_s, b.width_s);
  const sum = new Map<number, SummarySlice>();
  const shifted = b.slices.map((slice) => ({ ...slice, at_s: slice.at_s + shiftS }));
  for (const slice of [...a.slices, ...shifted]) {
    const at_s = slice.at_s - (slice.at_s % width_s);
    const there = sum.get(at_s);
    sum.set(at_s, { ...(there ? addSlices(there, slice) : slice), at_s });
  }
  return { width_s, slices: Array.from(sum.values()).sort((x, y) => x.at_s - y.at_s) };
}

function addSlices(a: SummarySlice, b: SummarySlice): SummarySlice {
  return {
    at_s: a.at_s,
    count: a.count + b.count,
    failed: a.failed + b.failed,
    dropped: a.dropped + b.dropped,
    max_lag_ms: Math.max(a.max_lag_ms, b.max_lag_ms),
    response_time: addHistograms(a.response_time, b.response_time),
  };
}

export function addConnections(
  a: SummarySeries["connections"],
  b: SummarySeries["connections"],
): SummarySeries["connections"] {
  return { new: a.new + b.new, reused: a.reused + b.reused };
}

export function addFailures(
  a: readonly SummaryFailure[],
  b: readonly SummaryFailure[],
): SummaryFailure[] {
  const sum = new Map(a.map((failure) => [failure.class, failure]));
  for (const failure of b) {
    const there = sum.get(failure.class);
    const count = (there?.count ?? 0) + failure.count;
    sum.set(failure.class, { ...(there ?? failure), count, newest: failure.newest });
  }
  return Array.from(sum.values()).sort((x, y) => y.count - x.count);
}

function addPeers(a: readonly SummaryPeer[], b: readonly SummaryPeer[]): SummaryPeer[] {
  const sum = new Map(a.map((peer) => [peer.fingerprint_sha256, peer]));
  for (const peer of b) {
    const before = sum.get(peer.fingerprint_sha256)?.exchanges ?? 0;
    sum.set(peer.fingerprint_sha256, { ...peer, exchanges: before + peer.exchanges });
  }
  return Array.from(sum.values()).sort((x, y) => y.exchanges - x.exchanges);
}
