/**
 * A plan from its set-up to its recordings. The order is the promise: what the host lacks is said, what the load needs is
 * made, every scenario is tried once as far as that changes nothing, and only then is load sent. What was made is undone.
 */
import type {
  HostFacts,
  NotUndone,
  Run,
  ScenarioRun,
  ShardFacts,
  TargetFacts,
} from "../metrics/run.ts";
import { compareReadings, type Reading } from "../metrics/server_metrics.ts";
import type { Failure } from "../http/failure.ts";
import { mainOrigin, type Plan, type Scenario } from "../plan/plan.ts";
import type { RunState, SetupState } from "../metrics/run_state.ts";
import { arrivalsBefore } from "../plan/arrival_sequence.ts";
import { endMsOf } from "../plan/profile.ts";
import { hostFacts } from "./host.ts";
import { hostRemarks } from "./limits.ts";
import {
  type Interrupt,
  type LoadOptions,
  type LoadOutcome,
  runLoad,
  type StartAt,
} from "./coordinator.ts";
import type { ProbeResult } from "./probe.ts";
import { probePlan } from "./probing.ts";
import { readServerMetrics } from "./server_metrics.ts";
import { shareOfMachine, workerCount } from "./sizing.ts";
import { timerClock, within } from "../timer.ts";
import { Setups } from "./setup.ts";
import { ShardClocks } from "./shard_clocks.ts";
import { targetsOf } from "./target.ts";
import { nowUs, wallAheadUs } from "../clock.ts";
import { type Shard, shareOfShard } from "../shard.ts";
import { partOf, WHOLE, type WorkerShare } from "../worker_share.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly version: string;
  readonly stack: { readonly name: string; readonly description: string };
  readonly interrupt: Interrupt;
  /** This machine's part of the plan; absent: the whole. */
  readonly shard?: Shard | undefined;
  /** When the load's clock starts, by the machine's own, in microseconds since the Unix epoch; absent: when all is ready. */
  readonly startAtUs?: number | undefined;
  /** Told when all is ready, with the time that is left. */
  readonly onWaiting?: (leftMs: number) => void;
  /** How far the machine's own clock is ahead of `nowUs()`; tests hand in one that is wrong. */
  readonly wallAheadUs?: () => number;
  readonly probe: boolean;
  readonly onProgress: (state: RunState) => void;
  readonly onSlices?: LoadOptions["onSlices"];
  /** Of making things before the clock, and of undoing them. */
  readonly onSetup?: (state: SetupState) => void;
  /** Told of what could not be undone, however the run ended. */
  readonly onNotUndone: (left: readonly NotUndone[]) => void;
  /** A sentence that a person should see before the load. */
  readonly onNote: (note: string) => void;
  readonly threadLimits?: LoadOptions["threadLimits"];
}

export type RunOutcome =
  | { readonly kind: "ran"; readonly run: Run }
  /** A probe or a preparation failed: no load was sent. */
  | { readonly kind: "not_ready"; readonly probes: readonly ProbeResult[] }
  | { readonly kind: "not_started" }
  /** The instant to start at was over by so much when this machine was ready: no load was sent. */
  | { readonly kind: "late"; readonly lateUs: number }
  | { readonly kind: "fault"; readonly message: string };

/**
 * Sends a plan's load and gives what was measured. Never rejects for what a server or a worker does: a target that does
 * not answer is `not_ready`, a lost thread is told in the run, a fault of the tool is `fault`. Instants of the run are
 * microseconds since the Unix epoch.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { catalogue } from "../flows/catalogue.ts";
 * import { loadPlan } from "../plan/load_plan.ts";
 *
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
 * const loaded = loadPlan({
 *   text: `
 * name: example
 * target: { base_url: "http://127.0.0.1:${server.addr.port}" }
 * workers: 1
 * warmup: off
 * scenarios:
 *   home: { flow: http_request, with: { path: / }, rate: 50/s, duration: 200ms }
 * `,
 *   source: "example",
 *   env: {},
 *   catalogue,
 *   readFile: Deno.readTextFileSync,
 * });
 * if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
 * const { signal } = new AbortController();
 * const outcome = await runPlan({
 *   plan: loaded.plan,
 *   version: "0",
 *   stack: { name: "none", description: "" },
 *   interrupt: { soft: signal, hard: signal },
 *   probe: true,
 *   onProgress: () => {},
 *   onNotUndone: () => {},
 *   onNote: () => {},
 * });
 * if (outcome.kind !== "ran") throw new Error(outcome.kind);
 * assertEquals(outcome.run.scenarios[0]?.total.iterations.count, 10);
 * await server.shutdown();
 * ```
 */
export async function runPlan(options: RunOptions): Promise<RunOutcome> {
  const { plan, interrupt, onSetup: onProgress = () => {}, onNotUndone } = options;
  const runId = newRunId();
  const machine = machineOf(options);
  const setups = new Setups({ plan, runId, clock: timerClock, interrupt, machine, onProgress });
  let outcome: RunOutcome | undefined;
  let notUndone: readonly NotUndone[] = [];
  try {
    outcome = await attempt(options, runId, setups);
  } finally {
    notUndone = await setups.undo();
    if (notUndone.length > 0) onNotUndone(notUndone);
  }
  return outcome.kind === "ran" ? { kind: "ran", run: { ...outcome.run, notUndone } } : outcome;
}

async function attempt(options: RunOptions, runId: string, setups: Setups): Promise<RunOutcome> {
  const { plan, interrupt } = options;
  const late = lateness(options);
  if (late !== undefined) return late;
  const notes = hostRemarks(plan);
  notes.forEach(options.onNote);
  const setUp = await setups.make();
  if (setUp.kind === "interrupted") return { kind: "not_started" };
  if (setUp.kind === "failed") return notReady(setUp.scenario, setUp.failure);
  const { made } = setUp;
  const lateByNow = lateness(options);
  if (lateByNow !== undefined) return lateByNow;
  const machine = machineOf(options);
  if (options.probe) {
    const probes = await probePlan({ plan, runId, machine, made, signal: interrupt.soft });
    if (interrupt.soft.aborted) return { kind: "not_started" };
    if (probes.some(({ failure }) => failure !== undefined)) return { kind: "not_ready", probes };
  }
  const clocks = clocksOf(options);
  const host = hostFacts();
  const targets = await targetsOf(plan, options.stack.name === "embedded");
  const workers = workerCount(plan, host.cpuCount, machine);
  const { onProgress, onSlices, threadLimits } = options;
  let before = await serverMetricsOf(plan);
  const meanwhile = async (untilUs: number): Promise<void> => {
    await clocks?.readBefore(untilUs);
    // A server that takes its time over this makes nobody late.
    before = await within((untilUs - nowUs()) / 1000, serverMetricsOf(plan)) ?? before;
  };
  const outcome = await runLoad({
    plan,
    workers,
    machine,
    runId,
    startAt: startOf(options, meanwhile),
    made,
    interrupt,
    onProgress,
    ...(onSlices && { onSlices }),
    ...(threadLimits && { threadLimits }),
  });
  if (outcome.kind === "not_prepared") return notPrepared(plan, outcome);
  if (outcome.kind !== "ran") return outcome;
  const after = await serverMetricsOf(plan);
  if (!outcome.interrupted) await clocks?.readAfter();
  const shard = clocks?.facts(outcome.startedUs);
  const told = [...plan.notes ?? [], ...notes, ...clockNotes(shard)];
  const run = { ...assemble(options, outcome, host, targets, told), shard };
  if (before === undefined || after === undefined) return { kind: "ran", run };
  const serverMetrics = compareReadings(plan.serverMetrics?.url ?? "", before, after);
  return { kind: "ran", run: { ...run, serverMetrics } };
}

/** Undefined where the plan wants none. */
async function serverMetricsOf(plan: Plan): Promise<Reading | undefined> {
  return plan.serverMetrics && await readServerMetrics(plan, plan.serverMetrics);
}

/** What is to be known of a machine's clock. */
function clockNotes(shard: ShardFacts | undefined): string[] {
  const { origin, note } = shard?.target ?? {};
  return note === undefined ? [] : [`The clock of ${origin}, beside this machine's: ${note}`];
}

/** Of machines that share a run: one alone has no other to agree with. */
function clocksOf(
  { plan, shard, startAtUs, wallAheadUs: ahead = wallAheadUs, interrupt }: RunOptions,
): ShardClocks | undefined {
  if (shard === undefined) return undefined;
  const { soft: signal } = interrupt;
  return new ShardClocks({ plan, shard, startAtUs, wallAheadUs: ahead, signal });
}

/** Asked at the beginning too: who is late by then is so later on, and need not make anything before. */
function lateness(
  { startAtUs, wallAheadUs: ahead = wallAheadUs }: RunOptions,
): RunOutcome & { kind: "late" } | undefined {
  const lateUs = startAtUs === undefined ? 0 : nowUs() + ahead() - startAtUs;
  return lateUs > 0 ? { kind: "late", lateUs } : undefined;
}

function startOf(
  { startAtUs, wallAheadUs: ahead = wallAheadUs, onWaiting }: RunOptions,
  meanwhile: StartAt["meanwhile"],
): StartAt | undefined {
  if (startAtUs === undefined) return undefined;
  const dueUs = (): number => startAtUs - ahead();
  return {
    dueUs,
    meanwhile: async (untilUs) => {
      onWaiting?.((dueUs() - nowUs()) / 1000);
      await meanwhile(untilUs);
    },
  };
}

function notPrepared(plan: Plan, outcome: LoadOutcome & { kind: "not_prepared" }): RunOutcome {
  const scenario = plan.scenarios.find(({ name }) => name === outcome.scenario);
  if (scenario === undefined) return { kind: "fault", message: outcome.failure.message };
  return notReady(scenario, outcome.failure);
}

function notReady(scenario: Scenario, failure: Failure): RunOutcome {
  return { kind: "not_ready", probes: [{ scenario, steps: [], failure }] };
}

function assemble(
  options: RunOptions,
  outcome: LoadOutcome & { kind: "ran" },
  host: HostFacts,
  targets: ReadonlyMap<string, TargetFacts>,
  notes: readonly string[],
): Run {
  const { plan, version, stack } = options;
  return {
    version,
    plan,
    startedUs: outcome.startedUs,
    endedUs: outcome.endedUs,
    interrupted: outcome.interrupted,
    host,
    target: targets.get(mainOrigin(plan)) ?? { lab: false },
    stack,
    workers: outcome.workers,
    lost: outcome.lost,
    processCpuUs: outcome.processCpuUs,
    hostCpuShare: outcome.hostCpuShare,
    maxRssBytes: outcome.maxRssBytes,
    scenarios: plan.scenarios.map((scenario, at) => {
      const facts = targets.get(scenario.origin);
      return { ...scenarioRun(options, outcome, at), ...(facts && { target: facts }) };
    }),
    notes: [...notes, ...outcome.causes],
  };
}

/** This machine among those that share the run. */
function machineOf({ shard }: RunOptions): WorkerShare {
  return shard === undefined ? WHOLE : shareOfShard(shard);
}

/** Arrivals of a scenario that are this machine's, of those that were due. */
function offeredOf(options: RunOptions, scenario: Scenario, forUs: number): number | undefined {
  const { name, load } = scenario;
  if (load.model !== "open") return undefined;
  const share = shareOfMachine(scenario, machineOf(options));
  return share === undefined ? 0 : partOf(arrivalsBefore(forUs, { name, load }), share);
}

function scenarioRun(
  options: RunOptions,
  outcome: LoadOutcome & { kind: "ran" },
  at: number,
): ScenarioRun {
  const { plan } = options;
  const scenario = plan.scenarios[at];
  const total = outcome.totals[at];
  if (scenario === undefined || total === undefined) throw new RangeError(`No scenario ${at}`);
  const startUs = outcome.startedUs + scenario.startAfterMs * 1000;
  const plannedEndUs = outcome.startedUs + endMsOf(scenario) * 1000;
  const loadEndUs = Math.max(startUs, Math.min(plannedEndUs, outcome.loadEndUs));
  const mine = outcome.prepared.filter(({ scenario: name }) => name === scenario.name);
  const targetType = (scenario.with as { target_type?: unknown } | undefined)?.target_type;
  return {
    scenario,
    total,
    startUs,
    loadEndUs,
    endUs: Math.max(loadEndUs, outcome.scenarioEndedUs[at] ?? 0),
    offered: offeredOf(options, scenario, loadEndUs - startUs),
    ...(typeof targetType === "string" && { targetType }),
    warmupRequests: mine.reduce((sum, { warmupRequests }) => sum + warmupRequests, 0),
    openedConnections: mine.reduce((sum, { connections }) => sum + connections, 0),
  };
}

/** A dozen characters that begin every name a run makes up on the server. */
export function newRunId(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `lt${Math.floor(Date.now() / 1000).toString(36)}${random.toString(36).slice(0, 4)}`;
}
