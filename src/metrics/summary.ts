/** From a run to the measured part of summary.json; the verdicts are added by `verdict/conclude.ts`. Pure. */
import {
  type Duration,
  DURATIONS,
  inMs,
  perDuration,
  PHASE_DURATIONS,
  WHOLE_DURATIONS,
} from "../plan/durations.ts";
import { type LoadProfile, mainServer } from "../plan/plan.ts";
import type { Deployment } from "../deployment.ts";
import { connectorTier } from "./connector_tier.ts";
import { addCounts } from "./counts.ts";
import { addFailures, addSeries, EMPTY_SERIES } from "./merge.ts";
import type { GaugeSlice } from "./gauges.ts";
import type { PeerTally, SeriesRecording, Slice } from "./recording.ts";
import {
  certificateIdentity,
  type Run,
  type ScenarioRun,
  type TargetFacts,
  type WorkerFacts,
} from "./run.ts";
import { coresOf, msOf, packed, rounded, shareOf, statsOf } from "./stats.ts";
import type {
  Measured,
  Stats,
  SummaryDeployment,
  SummaryGaugeSlice,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
  SummaryWorker,
} from "./summary_schema.ts";
import { MAX_NOT_UNDONE, SCHEMA_VERSION } from "./summary_schema.ts";
import { shardsOf } from "./shards.ts";
import type { TimeSeries } from "./slices.ts";
import type { ScenarioTotal } from "./totals.ts";
import { scenariosOf } from "./scenarios.ts";

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
 *   changes: "idempotent",
 *   origin: "https://ca.example",
 *   probe: true,
 *   warmup: { requests: 0, durationMs: 0, rehearsalMs: 0 },
 *   setupTimeoutMs: 300_000,
 *   load: { model: "open", stages: [{ durationMs: 1000, from: 5, to: 5 }], maxInFlight: 100, arrivals: "even", seed: 1, phase: 0 },
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
 * const timeSeries = { widthS: 1, slices: [] };
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
 *     total: { ...emptyCounts(1), timeSeries, stepTimeSeries: [timeSeries] },
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
  const durationS = seconds(run.endedUs - run.startedUs);
  const totals = totalsOf(phases, durationS);
  return {
    schema_version: SCHEMA_VERSION,
    tool: { name: "certload", version: run.version },
    plan: {
      name: run.plan.name,
      description: run.plan.description ?? null,
      ...run.plan.identity,
    },
    // Of a shard by the machine's own clock, as all that is told of its instants.
    started_at: new Date((run.shard?.startedUs ?? run.startedUs) / 1000).toISOString(),
    duration_s: durationS,
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
      cpu_cores: coresOf(seconds(run.processCpuUs), durationS),
      host_cpu_share: run.hostCpuShare === undefined ? null : rounded(run.hostCpuShare),
      max_rss_bytes: run.maxRssBytes,
    },
    totals,
    phases,
    connector_tier: connectorTier({ phases }),
    server_metrics: run.serverMetrics ?? null,
    shards: shardsOf(run, totals),
    not_undone: {
      count: run.notUndone?.length ?? 0,
      things: (run.notUndone ?? []).slice(0, MAX_NOT_UNDONE).map((each) => ({ ...each })),
    },
  };
}

function methodologyOf(
  { host, target, stack, plan, notes, scenarios }: Run,
): Measured["methodology"] {
  const { cpuModel, cpuCount, memoryBytes } = host;
  return {
    hardware: { cpu_model: cpuModel, cpu_count: cpuCount, memory_bytes: memoryBytes },
    os: { name: host.os, kernel: host.kernel, container: host.container ?? null },
    runtime: { ...host.runtime },
    target: {
      base_url: mainServer(plan),
      version: target.version ?? null,
      identity: target.identity ?? null,
      lab: [target, ...scenarios.map((each) => each.target)].some(isLab),
    },
    stack: { ...stack },
    durations: perDuration((name) => DURATIONS[name].meaning),
    notes: [...notes ?? []],
  };
}

function isLab(facts: TargetFacts | undefined): boolean {
  return facts?.lab === true || facts?.version?.startsWith(LAB_VERSION) === true;
}

/** A server that was not asked who it is is known by the one certificate that it served. */
function askedOf({ scenario, target, total }: ScenarioRun): SummaryScenario["target"] {
  const [served, ...others] = total.peers;
  const isOne = served !== undefined && others.length === 0 && total.otherPeerExchanges === 0;
  const seen = isOne ? certificateIdentity(served.peer.fingerprintSha256) : null;
  return {
    origin: scenario.origin,
    version: target?.version ?? null,
    identity: target?.identity ?? seen,
    lab: isLab(target),
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

/** Of all scenarios together. */
export function totalsOf(phases: Measured["phases"], durationS: number): Measured["totals"] {
  const all = scenariosOf({ phases }).map(([, scenario]) => scenario);
  const steps = all.flatMap((scenario) => Object.values(scenario.steps));
  const sum = <T>(those: readonly T[], of: (one: T) => number): number =>
    those.reduce((total, one) => total + of(one), 0);
  const iterations = sum(all, ({ count }) => count);
  const failed = sum(all, ({ failed }) => failed);
  return {
    iterations,
    failed,
    error_rate: shareOf(failed, iterations),
    requests: sum(steps, ({ count }) => count),
    failed_requests: sum(steps, ({ failed }) => failed),
    offered: sum(all, ({ offered }) => offered?.arrivals ?? 0),
    dropped: sum(all, ({ dropped }) => dropped),
    interrupted: sum(all, ({ interrupted }) => interrupted),
    rate_per_s: durationS <= 0 ? 0 : rounded(iterations / durationS),
    bytes_received: sum(all, (one) => one.bytes_received),
    bytes_sent: sum(all, (one) => one.bytes_sent),
    connections: {
      new: sum(all, ({ connections }) => connections.new),
      reused: sum(all, ({ connections }) => connections.reused),
    },
    statuses: all.map(({ statuses }) => statuses).reduce(addCounts, {}),
    failures: all.map(({ failures }) => failures).reduce(addFailures, []),
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
  const told = {
    ...total,
    iterations: lagging(withSteps(total.iterations, total.steps)),
    steps: total.steps.map(lagging),
  };
  return {
    flow: scenario.flow,
    target: askedOf(run),
    target_type: run.targetType ?? null,
    load: loadOf(scenario.load, scenario.startAfterMs),
    protocol: scenario.protocol,
    client: scenario.client ?? "own",
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
    ...figuresOf(told, scenario.steps, (_, count) => perSecond(count, durationUs)),
  };
}

/**
 * What is counted and timed of a scenario, over a run or over several.
 * @param ratePerS Of the iterations where the step is null.
 */
export function figuresOf(
  total: ScenarioTotal,
  stepNames: readonly string[],
  ratePerS: (step: string | null, count: number) => number,
): ScenarioFigures {
  const { iterations } = total;
  const steps = stepNames.map((name, i) => {
    const series = total.steps[i] ?? EMPTY_SERIES;
    return [name, seriesOf(series, total.stepTimeSeries[i], ratePerS(name, series.count))] as const;
  });
  return {
    dropped: total.dropped,
    ...seriesOf(iterations, total.timeSeries, ratePerS(null, iterations.count)),
    steps: Object.fromEntries(steps),
    observed: Object.fromEntries(
      Object.entries(total.customMetrics).map(([name, data]) => [name, {
        stats_ms: statsOf(data)!,
        histogram: packed(data)!,
      }]),
    ),
    counters: { ...total.counters },
    gauges: Object.fromEntries(
      Object.entries(total.gauges).map(([name, slices]) => [name, slices.map(gaugeSliceOf)]),
    ),
    deployments: total.deployments.kept.map(deploymentOf),
    deployment_verdicts: { ...total.deployments.verdicts },
    tls_peers: total.peers.map(peerOf),
    other_peer_exchanges: total.otherPeerExchanges,
  };
}

type ScenarioFigures =
  & SummarySeries
  & Pick<
    SummaryScenario,
    | "dropped"
    | "steps"
    | "observed"
    | "counters"
    | "gauges"
    | "deployments"
    | "deployment_verdicts"
    | "tls_peers"
    | "other_peer_exchanges"
  >;

function withoutLag(series: SeriesRecording): SeriesRecording {
  return { ...series, durations: { ...series.durations, lag: undefined } };
}

/** The iterations with what their requests did on the wire: bytes, statuses, connections, phases. */
function withSteps(
  iterations: SeriesRecording,
  steps: readonly SeriesRecording[],
): SeriesRecording {
  const sum = steps.reduce(addSeries, EMPTY_SERIES);
  const durations = perDuration((name) =>
    (DURATIONS[name].of === "iteration" ? iterations : sum).durations[name]
  );
  const { count, failed, interrupted, failures } = iterations;
  return { ...sum, count, failed, interrupted, failures, durations };
}

function seriesOf(
  series: SeriesRecording,
  { widthS, slices }: TimeSeries = { widthS: 1, slices: [] },
  ratePerS: number,
): SummarySeries {
  const { durations } = series;
  const stats = (name: Duration): Stats | null => statsOf(durations[name]);
  return {
    count: series.count,
    failed: series.failed,
    error_rate: shareOf(series.failed, series.count),
    rate_per_s: ratePerS,
    interrupted: series.interrupted,
    failures: series.failures.toSorted((a, b) => b.count - a.count),
    statuses: { ...series.statuses },
    bytes_received: series.bytesReceived,
    bytes_sent: series.bytesSent,
    connections: { new: series.newConnections, reused: series.reusedConnections },
    protocols: { ...series.protocols },
    ...inMs(WHOLE_DURATIONS, stats),
    phases: inMs(PHASE_DURATIONS, stats),
    histograms: perDuration((name) => packed(durations[name])),
    course: { width_s: widthS, slices: slices.map(sliceOf) },
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

function gaugeSliceOf({ second, max, last, lastUs }: GaugeSlice): SummaryGaugeSlice {
  return { at_s: second, max, last, last_at_s: instantOf(lastUs) };
}

function deploymentOf(deployment: Deployment): SummaryDeployment {
  const { target, by, verdict, spans } = deployment;
  const orNull = (us: number | undefined): number | null => us === undefined ? null : instantOf(us);
  return {
    target,
    by,
    requested_at_s: instantOf(deployment.requestedUs),
    issued_at_s: orNull(deployment.issuedUs),
    reported_at_s: orNull(deployment.reportedUs),
    first_new_at_s: orNull(deployment.firstNewUs),
    last_old_at_s: orNull(deployment.lastOldUs),
    next_new_at_s: orNull(deployment.nextNewUs),
    verdict,
    spans: spans.map(({ state, fromUs, toUs }) => ({
      state,
      from_s: instantOf(fromUs),
      to_s: instantOf(toUs),
    })),
  };
}

/** To the microsecond. */
function instantOf(us: number): number {
  return rounded(us / 1e6, 6);
}

function loadOf(load: LoadProfile, startAfterMs: number): SummaryScenario["load"] {
  return {
    model: load.model,
    stages: load.stages.map(({ durationMs, from, to }) => ({
      duration_s: rounded(durationMs / 1000),
      from: rounded(from, 6),
      to: rounded(to, 6),
    })),
    start_after_s: rounded(startAfterMs / 1000),
    max_in_flight: load.model === "open" ? load.maxInFlight : null,
    ...spacingOf(load),
    think_time_ms: load.model === "closed" ? rounded(load.thinkTimeMs) : null,
  };
}

function spacingOf(
  load: LoadProfile,
): Pick<SummaryScenario["load"], "arrivals" | "seed" | "phase"> {
  if (load.model === "closed") return { arrivals: null, seed: null, phase: null };
  const { arrivals, seed, phase } = load;
  return arrivals === "poisson"
    ? { arrivals, seed, phase: null }
    : { arrivals, seed: null, phase: rounded(phase, 6) };
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
