/** Whole runs for tests, made with the real recorder from made-up exchanges; the same ones each time. */
import { ScenarioRecorder } from "../../src/metrics/recorder.ts";
import type { Run, ScenarioRun, TargetFacts, WorkerFacts } from "../../src/metrics/run.ts";
import { ScenarioTotals } from "../../src/metrics/totals.ts";
import type { LoadProfile, Plan, Scenario, Tier } from "../../src/plan/plan.ts";
import type { Comparison, Measure, Threshold } from "../../src/plan/threshold.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { ServerCertificate } from "../../src/http/http.ts";
import { randomOf } from "../../src/random.ts";
import { exchangeOf, peerOf } from "./exchanges.ts";

export const START_US = Date.UTC(2026, 4, 2, 12, 0, 0) * 1000;

/** A skewed service time in microseconds, as servers have it: mostly near `medianUs`, now and then far beyond. */
export function serviceTime(random: () => number, medianUs: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  // Whole microseconds: the last digit of exp, log and cos is not the same in every engine.
  return Math.round(medianUs * Math.exp(0.35 * normal) * (random() < 0.01 ? 4 : 1));
}

export interface MadeScenario {
  readonly name: string;
  readonly tier?: Tier;
  readonly flow?: string;
  readonly steps?: readonly string[];
  readonly ratePerS?: number;
  readonly durationS?: number;
  readonly medianUs?: number;
  readonly lagUs?: (i: number) => number;
  /** Factor on the service times. */
  readonly slowness?: (i: number) => number;
  readonly failure?: (i: number, step: string) => Failure | undefined;
  /** A new connection for each request, with this peer. */
  readonly fresh?: ServerCertificate;
  readonly dropped?: number;
  readonly interrupted?: number;
  readonly targetType?: string;
  readonly origin?: string;
  /** What its server tells of itself. */
  readonly target?: TargetFacts;
  readonly thresholds?: readonly Threshold[];
  readonly load?: LoadProfile;
  readonly startAfterMs?: number;
  readonly seed?: number;
  /** What the flow tells by names of its own. */
  readonly own?: (recorder: ScenarioRecorder, startUs: number) => void;
  /** Record this worker's arrivals alone: those whose number is `index` modulo `count`. */
  readonly shard?: { readonly index: number; readonly count: number };
}

export function thresholdOf(
  text: string,
  measure: Measure,
  comparison: Comparison,
  value: number,
  step?: string,
): Threshold {
  return { text, measure, comparison, limit: { kind: "absolute", value }, step };
}

export function percentileOf(percentile: number): Measure {
  return { kind: "duration", metric: "response_time", stat: "percentile", percentile };
}

export function scenarioRun(made: MadeScenario): ScenarioRun {
  const scenario = planned(made);
  const { ratePerS = 10, durationS = 10, dropped = 0, interrupted = 0 } = made;
  const startUs = START_US + scenario.startAfterMs * 1000;
  const recorder = new ScenarioRecorder({ steps: scenario.steps, startUs: START_US });
  const all = Math.round(ratePerS * durationS);
  const sent = all - dropped - interrupted;
  const random = randomOf(made.seed ?? made.name.length);
  const { index, count } = made.shard ?? { index: 0, count: 1 };
  const offered = Math.ceil((all - index) / count);
  // Arrivals of other shards are drawn all the same, so that the parts of a run are the parts of the whole one.
  const elsewhere = new ScenarioRecorder({ steps: scenario.steps, startUs: START_US });
  let endUs = startUs + durationS * 1e6;
  for (let i = 0; i < sent; i++) {
    const plannedUs = startUs + (i / ratePerS) * 1e6;
    const mine = i % count === index;
    const end = recordOne(mine ? recorder : elsewhere, made, scenario, plannedUs, i, random);
    if (mine) endUs = Math.max(endUs, end);
  }
  made.own?.(recorder, startUs);
  for (let i = 0; i < dropped; i++) recorder.dropped(1, startUs + ((sent + i) / ratePerS) * 1e6);
  for (let i = 0; i < interrupted; i++) {
    const [plannedUs, failure] = [endUs - 1000, { class: "interrupted", message: "" } as const];
    recorder.iteration({ plannedUs, startedUs: plannedUs, endedUs: endUs, failure });
  }
  const totals = new ScenarioTotals(scenario.steps);
  totals.addRecording(recorder.finish());
  return {
    scenario,
    total: totals.total(),
    startUs,
    loadEndUs: startUs + durationS * 1e6,
    endUs,
    offered: scenario.load.model === "open" ? offered : undefined,
    targetType: made.targetType,
    ...(made.target && { target: made.target }),
    warmupRequests: 20,
    openedConnections: made.fresh ? 0 : 4,
  };
}

function recordOne(
  recorder: ScenarioRecorder,
  made: MadeScenario,
  scenario: Scenario,
  plannedUs: number,
  i: number,
  random: () => number,
): number {
  const { medianUs = 2000, lagUs = () => 80, slowness = () => 1, fresh } = made;
  const startedUs = plannedUs + lagUs(i);
  let now = startedUs;
  let failed: Failure | undefined;
  scenario.steps.forEach((step, index) => {
    const failure = made.failure?.(i, step);
    const service = serviceTime(random, medianUs) * slowness(i);
    const opened = fresh ? { dnsUs: 60, connectUs: service / 8, tlsUs: service / 2 } : {};
    const status = failure ? Number(/HTTP (\d{3})/.exec(failure.message)?.[1] ?? 0) : 200;
    const exchange = exchangeOf({
      startedUs: now,
      endedUs: now + service,
      ttfbUs: status === 0 ? undefined : service / 4,
      reused: !fresh,
      header: () => fresh && "nginx/1.22.1",
      certificate: fresh ?? peerOf("certctl"),
      status,
      ...opened,
    });
    recorder.step(index, index === 0 ? plannedUs : now, exchange, failure);
    failed ??= failure;
    now += service;
  });
  recorder.iteration({ plannedUs, startedUs, endedUs: now, failure: failed });
  return now;
}

function planned(made: MadeScenario): Scenario {
  const { ratePerS = 10, durationS = 10 } = made;
  const stage = { durationMs: durationS * 1000, from: ratePerS, to: ratePerS };
  return {
    name: made.name,
    tier: made.tier ?? "api",
    flow: made.flow ?? "http_request",
    with: {},
    steps: made.steps ?? ["request"],
    changes: "idempotent",
    origin: made.origin ?? "https://localhost:8443",
    probe: true,
    warmup: { requests: 20, durationMs: 2000, rehearsalMs: 1000 },
    setupTimeoutMs: 300_000,
    load: made.load ??
      { model: "open", stages: [stage], maxInFlight: 100, arrivals: "even", seed: 1, phase: 0 },
    startAfterMs: made.startAfterMs ?? 0,
    timeoutMs: 30_000,
    protocol: "http/1.1",
    thresholds: made.thresholds ?? [],
  };
}

export function workerFacts(parts: Partial<WorkerFacts> = {}): WorkerFacts {
  return {
    index: 0,
    wallUs: 10e6,
    cpuUs: 1.2e6,
    maxEventLoopDelayUs: 4_200,
    stalls: [],
    ...parts,
  };
}

export function planOf(scenarios: readonly Scenario[], parts: Partial<Plan> = {}): Plan {
  return {
    name: "certctl load test",
    identity: { source: "scenarios/loadtest.yaml", sha256: "ab".repeat(32) },
    target: {
      baseUrl: "https://localhost:8443",
      token: "s3cret-token",
      headers: {},
      tls: { insecureSkipVerify: true },
    },
    stack: "none",
    workers: 1,
    warmup: { requests: 20, durationMs: 2000, rehearsalMs: 1000 },
    gracefulStopMs: 30_000,
    scenarios,
    thresholds: [],
    secrets: [],
    ...parts,
  };
}

export function runOf(
  made: readonly (MadeScenario | ScenarioRun)[],
  parts: Partial<Run> & { readonly thresholds?: readonly Threshold[] } = {},
): Run {
  const scenarios = made.map((one) => ("total" in one ? one : scenarioRun(one)));
  const { thresholds, ...rest } = parts;
  return {
    version: "0.1.0",
    plan: planOf(scenarios.map(({ scenario }) => scenario), { thresholds: thresholds ?? [] }),
    startedUs: START_US,
    endedUs: Math.max(START_US + 1e6, ...scenarios.map(({ endUs }) => endUs)),
    interrupted: false,
    host: {
      cpuModel: "Example CPU @ 3.0 GHz",
      cpuCount: 4,
      memoryBytes: 16 * 2 ** 30,
      os: "linux",
      kernel: "6.1.0",
      runtime: { deno: "2.9.6", v8: "15.0.245.2" },
    },
    target: { version: "v2.0.50", lab: false },
    stack: { name: "none", description: "the user's own server" },
    workers: [workerFacts()],
    processCpuUs: 1.6e6,
    hostCpuShare: 0.3,
    maxRssBytes: 120e6,
    scenarios,
    ...rest,
  };
}
