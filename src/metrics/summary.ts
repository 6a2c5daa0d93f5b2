/** From a run to the measured part of summary.json; the verdicts are added by `verdict/conclude.ts`. Pure. */
import type { Load } from "../plan/plan.ts";
import { connectorTier } from "./connector_tier.ts";
import { addSeries, EMPTY_SERIES } from "./merge.ts";
import type { PeerTally, SeriesRecording, Slice } from "./recording.ts";
import type { Run, ScenarioRun, WorkerFacts } from "./run.ts";
import { coresOf, msOf, packed, rounded, shareOf, statsOf } from "./stats.ts";
import type {
  Measured,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
  SummaryWorker,
} from "./summary_schema.ts";
import { SCHEMA_VERSION } from "./summary_schema.ts";
import type { Course } from "./totals.ts";

/** What each duration holds, for whoever reads the file alone. */
const DURATIONS: Readonly<Record<string, string>> = {
  response_time:
    "planned instant of the arrival to the last byte: lag, wait for a connection and service time; what thresholds mean. In the closed model the planned instant is the send. Of answers as expected, and of timeouts with the time waited; all other failures are in failed_time instead",
  failed_time:
    "planned instant to the failure, of all that failed but timeouts: refused, cut off, or answered otherwise than expected",
  service_time:
    "of the same requests: send to the last byte, with dns, connect and TLS where a connection had to be made; of an iteration, all its steps and waits",
  lag: "planned instant to the send: the generator's own lateness",
  blocked: "wait for a free connection of a limited set",
  dns: "name resolution of a new connection",
  connect: "TCP connect of a new connection",
  tls_handshake: "TLS handshake of a new connection",
  ttfb: "of answers as expected: request written to the first byte of the answer",
};

/** What a lab in the foreground, which is no stack, calls itself at /api/v1/version: its figures are a lab's too. */
const LAB_VERSION = "certload-lab-";

/**
 * What `summary.json` says of a run before it is judged. Units are in the names of the keys (`_ms`, `_s`, `_bytes`,
 * `_per_s`), shares are ratios. Takes any run, also one in which nothing came.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Plan, Scenario } from "../plan/plan.ts";
 * import { emptyCounts } from "./merge.ts";
 *
 * const scenario: Scenario = {
 *   name: "home",
 *   tier: "api",
 *   flow: "http_request",
 *   with: {},
 *   steps: ["request"],
 *   load: { model: "open", stages: [{ durationMs: 1000, from: 5, to: 5 }], maxInFlight: 100 },
 *   startAfterMs: 0,
 *   timeoutMs: 30_000,
 *   protocol: "http/1.1",
 *   thresholds: [],
 * };
 * const plan = {
 *   name: "example",
 *   identity: { source: "plan.yaml", sha256: "" },
 *   target: { baseUrl: "https://ca.example" },
 *   scenarios: [scenario],
 * } as unknown as Plan;
 * const course = { widthS: 1, slices: [] };
 * const measured = summarize({
 *   version: "0.1.0",
 *   plan,
 *   startedUs: 0,
 *   endedUs: 1_000_000,
 *   interrupted: false,
 *   host: { cpuModel: "", cpuCount: 1, memoryBytes: 0, os: "linux", kernel: "", runtime: {} },
 *   target: { lab: false },
 *   stack: { name: "none", description: "" },
 *   workers: [],
 *   processCpuUs: 0,
 *   maxRssBytes: 0,
 *   scenarios: [{
 *     scenario,
 *     total: { ...emptyCounts(1), course, stepCourses: [course] },
 *     startUs: 0,
 *     loadEndUs: 1_000_000,
 *     endUs: 1_000_000,
 *     offered: 5,
 *     warmupRequests: 0,
 *     openedConnections: 0,
 *   }],
 * });
 * assertEquals(measured.duration_s, 1);
 * assertEquals(measured.phases["api"]?.["home"]?.offered?.rate_per_s, 5);
 * ```
 */
export function summarize(run: Run): Measured {
  const phases = phasesOf(run.scenarios);
  return {
    schema_version: SCHEMA_VERSION,
    tool: { name: "certload", version: run.version },
    plan: {
      name: run.plan.name,
      description: run.plan.description ?? null,
      ...run.plan.identity,
    },
    started_at: new Date(run.startedUs / 1000).toISOString(),
    duration_s: seconds(run.endedUs - run.startedUs),
    interrupted: run.interrupted,
    methodology: methodologyOf(run),
    generator: {
      workers: run.workers.map((worker) => workerOf(worker, run.startedUs)),
      lost: (run.lost ?? []).map(({ worker, atUs, reason }) => ({
        worker: worker ?? null,
        at_s: seconds(atUs - run.startedUs),
        reason,
      })),
      cpu_s: seconds(run.processCpuUs),
      cpu_cores: coresOf(seconds(run.processCpuUs), seconds(run.endedUs - run.startedUs)),
      host_cpu_share: run.hostCpuShare === undefined ? null : rounded(run.hostCpuShare),
      max_rss_bytes: run.maxRssBytes,
    },
    totals: totalsOf(run),
    phases,
    connector_tier: connectorTier({ phases }),
    server_metrics: run.serverMetrics ?? null,
  };
}

function methodologyOf({ host, target, stack, plan, notes }: Run): Measured["methodology"] {
  const { cpuModel, cpuCount, memoryBytes } = host;
  return {
    hardware: { cpu_model: cpuModel, cpu_count: cpuCount, memory_bytes: memoryBytes },
    os: { name: host.os, kernel: host.kernel, container: host.container ?? null },
    runtime: { ...host.runtime },
    target: {
      base_url: plan.target.baseUrl,
      version: target.version ?? null,
      identity: target.identity ?? null,
      lab: target.lab || target.version?.startsWith(LAB_VERSION) === true,
    },
    stack: { ...stack },
    durations: { ...DURATIONS },
    notes: [...notes ?? []],
  };
}

function workerOf(worker: WorkerFacts, startedUs: number): SummaryWorker {
  return {
    index: worker.index,
    wall_s: seconds(worker.wallUs),
    cpu_s: seconds(worker.cpuUs),
    cpu_share: shareOf(worker.cpuUs, worker.wallUs) ?? 0,
    event_loop_delay_ms: statsOf(worker.eventLoopDelay),
    max_event_loop_delay_ms: msOf(worker.maxEventLoopDelayUs),
    stalls: worker.stalls.map(({ atUs, durationUs }) => ({
      at_s: seconds(atUs - startedUs),
      duration_ms: msOf(durationUs),
    })),
  };
}

function totalsOf(run: Run): Measured["totals"] {
  const all = run.scenarios.map(({ total }) => total);
  const iterations = all.map((total) => total.iterations).reduce(addSeries, EMPTY_SERIES);
  const requests = all.flatMap((total) => total.steps).reduce(addSeries, EMPTY_SERIES);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    iterations: iterations.count,
    failed: iterations.failed,
    error_rate: shareOf(iterations.failed, iterations.count),
    requests: requests.count,
    failed_requests: requests.failed,
    offered: sum(run.scenarios.map(({ offered }) => offered ?? 0)),
    dropped: sum(all.map(({ dropped }) => dropped)),
    interrupted: iterations.interrupted,
    rate_per_s: perSecond(iterations.count, run.endedUs - run.startedUs),
    bytes_received: requests.bytesReceived,
    bytes_sent: requests.bytesSent,
    connections: { new: requests.newConnections, reused: requests.reusedConnections },
    statuses: requests.statuses,
    failures: [...iterations.failures],
  };
}

function phasesOf(runs: readonly ScenarioRun[]): Measured["phases"] {
  const phases: Measured["phases"] = {};
  for (const run of runs) {
    (phases[run.scenario.tier] ??= {})[run.scenario.name] = scenarioOf(run);
  }
  return phases;
}

function scenarioOf(run: ScenarioRun): SummaryScenario {
  const { scenario, total, startUs, endUs } = run;
  const durationUs = endUs - startUs;
  // In the closed model the planned instant is the send: a column of zeros would say nothing.
  const lagging = scenario.load.model === "open" ? (series: SeriesRecording) => series : withoutLag;
  const iterations = lagging(withSteps(total.iterations, total.steps));
  const steps = scenario.steps.map((name, i) => {
    const series = lagging(total.steps[i] ?? EMPTY_SERIES);
    return [name, seriesOf(series, total.stepCourses[i], durationUs)] as const;
  });
  return {
    flow: scenario.flow,
    target_type: run.targetType ?? null,
    load: loadOf(scenario.load, scenario.startAfterMs),
    protocol: scenario.protocol,
    max_connections: scenario.maxConnections ?? null,
    timeout_ms: scenario.timeoutMs,
    server: total.server ?? null,
    warmup_requests: run.warmupRequests,
    opened_connections: run.openedConnections,
    offered: run.offered === undefined ? null : {
      arrivals: run.offered,
      rate_per_s: perSecond(run.offered, run.loadEndUs - startUs),
    },
    duration_s: seconds(durationUs),
    dropped: total.dropped,
    ...seriesOf(iterations, total.course, durationUs),
    steps: Object.fromEntries(steps),
    observed: Object.fromEntries(
      Object.entries(total.observed).map(([name, data]) => [name, {
        stats_ms: statsOf(data)!,
        histogram: packed(data)!,
      }]),
    ),
    counters: { ...total.counters },
    tls_peers: total.peers.map(peerOf),
    other_peer_exchanges: total.otherPeerExchanges,
  };
}

function withoutLag(series: SeriesRecording): SeriesRecording {
  return { ...series, durations: { ...series.durations, lag: undefined } };
}

/** The iterations with what their requests did on the wire: bytes, statuses, connections, phases. */
function withSteps(
  iterations: SeriesRecording,
  steps: readonly SeriesRecording[],
): SeriesRecording {
  const sum = steps.reduce(addSeries, EMPTY_SERIES);
  const { dns, connect, tls_handshake, ttfb, blocked } = sum.durations;
  const { response_time, failed_time, service_time, lag } = iterations.durations;
  const durations = {
    response_time,
    failed_time,
    service_time,
    lag,
    blocked,
    dns,
    connect,
    tls_handshake,
    ttfb,
  };
  const { count, failed, interrupted, failures } = iterations;
  return { ...sum, count, failed, interrupted, failures, durations };
}

function seriesOf(
  series: SeriesRecording,
  course: Course | undefined,
  durationUs: number,
): SummarySeries {
  const d = series.durations;
  return {
    count: series.count,
    failed: series.failed,
    error_rate: shareOf(series.failed, series.count),
    rate_per_s: perSecond(series.count, durationUs),
    interrupted: series.interrupted,
    failures: series.failures.toSorted((a, b) => b.count - a.count),
    statuses: { ...series.statuses },
    bytes_received: series.bytesReceived,
    bytes_sent: series.bytesSent,
    connections: { new: series.newConnections, reused: series.reusedConnections },
    protocols: { ...series.protocols },
    response_time_ms: statsOf(d.response_time),
    failed_time_ms: statsOf(d.failed_time),
    service_time_ms: statsOf(d.service_time),
    lag_ms: statsOf(d.lag),
    blocked_ms: statsOf(d.blocked),
    phases: {
      dns_ms: statsOf(d.dns),
      connect_ms: statsOf(d.connect),
      tls_handshake_ms: statsOf(d.tls_handshake),
      ttfb_ms: statsOf(d.ttfb),
    },
    histograms: {
      response_time: packed(d.response_time),
      failed_time: packed(d.failed_time),
      service_time: packed(d.service_time),
      lag: packed(d.lag),
      blocked: packed(d.blocked),
      dns: packed(d.dns),
      connect: packed(d.connect),
      tls_handshake: packed(d.tls_handshake),
      ttfb: packed(d.ttfb),
    },
    course: {
      width_s: course?.widthS ?? 1,
      slices: course?.slices.map(sliceOf) ?? [],
    },
  };
}

function sliceOf(slice: Slice): SummarySlice {
  return {
    at_s: slice.second,
    count: slice.count,
    failed: slice.failed,
    dropped: slice.dropped,
    max_lag_ms: msOf(slice.maxLagUs),
    response_time: packed(slice.responseTime),
  };
}

function loadOf(load: Load, startAfterMs: number): SummaryScenario["load"] {
  return {
    model: load.model,
    stages: load.stages.map(({ durationMs, from, to }) => ({
      duration_s: rounded(durationMs / 1000),
      from: rounded(from, 6),
      to: rounded(to, 6),
    })),
    start_after_s: rounded(startAfterMs / 1000),
    max_in_flight: load.model === "open" ? load.maxInFlight : null,
    think_time_ms: load.model === "closed" ? rounded(load.thinkTimeMs) : null,
  };
}

function peerOf({ peer, exchanges }: PeerTally): SummaryPeer {
  return {
    tls_version: peer.tlsVersion ?? null,
    cipher: peer.cipher ?? null,
    key_type: peer.keyType,
    fingerprint_sha256: peer.fingerprintSha256,
    subject: peer.subject,
    issuer: peer.issuer,
    sans: [...peer.sans],
    not_after: peer.notAfter,
    chain_length: peer.chainLength,
    exchanges,
  };
}

function seconds(us: number): number {
  return rounded(us / 1e6);
}

function perSecond(count: number, us: number): number {
  return us <= 0 ? 0 : rounded((count * 1e6) / us);
}
