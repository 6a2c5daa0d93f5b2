/**
 * A search for capacity, driven: each level is a run of the plan at that level, watched second by second and ended as soon
 * as it is decided. `capacity` and `fleet` ask in their own way, and look for the answer here.
 */
import type { Answer } from "../capacity/answer.ts";
import type { SearchOptions } from "../capacity/book.ts";
import { type Block, LevelDecision, rulesFor } from "../capacity/decision.ts";
import type { LevelResult, LevelSpec } from "../capacity/level.ts";
import { limitsOf, type PlacedLimit } from "../capacity/limits.ts";
import type { Tally } from "../capacity/design_effect.ts";
import { type MeasuredLevel, resultOf } from "../capacity/measured.ts";
import { isScaled, planAt, type Scale } from "../capacity/scale.ts";
import { Search } from "../capacity/search.ts";
import { LevelWatch } from "../capacity/watch.ts";
import type { Interrupt } from "../engine/coordinator.ts";
import type { ProbeResult } from "../engine/probe.ts";
import { runPlan } from "../engine/run.ts";
import { workerCount } from "../engine/sizing.ts";
import type { NotUndone } from "../metrics/run.ts";
import type { RunState } from "../metrics/run_state.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { summarize } from "../metrics/summary.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import type { OpenProfile, Plan } from "../plan/plan.ts";
import { sleep } from "../timer.ts";
import { conclude } from "../verdict/conclude.ts";
import { VERSION } from "../version.ts";

export interface CapacityOptions {
  readonly plan: Plan;
  readonly scale: Scale;
  readonly arrivals: OpenProfile["arrivals"];
  readonly search: Omit<SearchOptions, "perLevelPerS">;
  readonly stack: { readonly name: string; readonly description: string };
  readonly interrupt: Interrupt;
  readonly onProgress?: (state: RunState) => void;
  readonly onResult?: (result: LevelResult) => void;
  readonly onNotUndone: (left: readonly NotUndone[]) => void;
  readonly onNote: (note: string) => void;
  /** Until a server that did not work once is asked again. */
  readonly retryMs?: number;
}

export type CapacityOutcome =
  | {
    readonly kind: "answered";
    readonly answer: Answer;
    /** Of the last level's run: where and against what it was measured. */
    readonly methodology: Summary["methodology"];
    readonly startedAt: string;
  }
  /** Nothing was sent: a scenario did not work once. */
  | { readonly kind: "not_ready"; readonly probes: readonly ProbeResult[] }
  /** Before the first level was over. */
  | { readonly kind: "not_started" };

/** What is under way at a level's end has so long to be answered: a server that is overloaded answers late. */
const DRAIN_MS = 10_000;
/** With nothing in flight any more. */
const REST_MS = 1_000;
/** Of the requests, from which on it is asked first whether a server still works: one that died fails at any level. */
const MOST_FAILED = 0.5;
/** A server that gave out and does not work once is asked again so often, after as long each time. */
const TRIES = 6;
const RETRY_MS = 5_000;

type LevelOutcome =
  | { readonly kind: "ran"; readonly result: LevelResult; readonly summary: Summary }
  | Exclude<CapacityOutcome, { kind: "answered" }>;

/** Rejects for faults of the tool alone. What was found until an interrupt is an answer too. */
export async function searchCapacity(options: CapacityOptions): Promise<CapacityOutcome> {
  const perLevelPerS = options.scale.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const search = new Search({ ...options.search, perLevelPerS });
  const levels = new Levels(options);
  const { soft } = options.interrupt;
  let last: Summary | undefined;
  let startedAt = "";
  const run = async (spec: LevelSpec): Promise<LevelOutcome> => {
    const outcome = await levels.run(spec);
    if (outcome.kind !== "ran" || soft.aborted) return outcome;
    search.add(spec, outcome.result);
    options.onResult?.(outcome.result);
    last = outcome.summary;
    startedAt ||= last.started_at;
    return outcome;
  };
  const answered = (ended: Answer["ended"] | undefined, since: Summary): CapacityOutcome => {
    const answer = search.answer(ended !== undefined);
    return {
      kind: "answered",
      answer: { ...answer, ...(ended && { ended }) },
      methodology: since.methodology,
      startedAt,
    };
  };
  for (let spec = search.next(); spec !== undefined; spec = search.next()) {
    const outcome = await run(spec);
    if (soft.aborted || outcome.kind !== "ran") {
      if (last !== undefined) return answered(soft.aborted ? "interrupted" : "down", last);
      return outcome.kind === "ran" ? { kind: "not_started" } : outcome;
    }
  }
  const recovery = search.recoverySpec();
  if (recovery !== undefined && !soft.aborted) await run(recovery);
  if (last === undefined) return { kind: "not_started" };
  return answered(soft.aborted ? "interrupted" : undefined, last);
}

/** Runs of the plan, one after the other. */
class Levels {
  readonly #options: CapacityOptions;
  readonly #limits: readonly PlacedLimit[];
  #ordinal = 0;
  /** Requests were cut off at the last level's end, and the server may still be at work on them; or most failed. */
  #mayBeDown = false;

  constructor(options: CapacityOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.plan).limits;
  }

  async run(spec: LevelSpec): Promise<LevelOutcome> {
    const beganMs = performance.now();
    const { interrupt } = this.#options;
    if (spec.rest && this.#ordinal > 0) await sleep(REST_MS, interrupt.soft);
    for (let tries = 1;; tries++) {
      const outcome = await this.#attempt(spec, beganMs);
      const mayRecover = outcome.kind === "not_ready" && this.#ordinal > 0 && tries < TRIES;
      if (!mayRecover || interrupt.soft.aborted) return outcome;
      await sleep(this.#options.retryMs ?? RETRY_MS, interrupt.soft);
    }
  }

  async #attempt(spec: LevelSpec, beganMs: number): Promise<LevelOutcome> {
    const { scale, interrupt, stack } = this.#options;
    const plan = this.#planAt(spec);
    const decision = new LevelDecision(this.#limits, rulesFor(spec));
    const watch = new LevelWatch(plan, scale, this.#limits);
    const blocks: Block[] = [];
    const decided = new AbortController();
    let inFlight = 0;
    const look = (elapsedS: number): void => {
      if (decided.signal.aborted) return;
      for (const block of watch.blocks(elapsedS, inFlight)) {
        blocks.push(block);
        if (decision.add(block) !== undefined) return decided.abort();
      }
    };
    const outcome = await runPlan({
      plan,
      version: VERSION,
      stack,
      interrupt: {
        soft: AbortSignal.any([interrupt.soft, decided.signal]),
        hard: interrupt.hard,
      },
      probe: this.#ordinal === 0 || (this.#mayBeDown && spec.rest),
      onSlices: (at, slices) => watch.add(at, slices),
      onProgress: (state) => {
        if (state.elapsedS <= state.plannedS) {
          inFlight = inFlightOf(state, plan, scale);
          look(state.elapsedS);
        }
        this.#options.onProgress?.(state);
      },
      onNotUndone: this.#options.onNotUndone,
      onNote: this.#ordinal === 0 ? this.#options.onNote : () => {},
    });
    if (outcome.kind === "fault") throw new Error(outcome.message);
    // A level has no instant that it could be late for.
    if (outcome.kind === "late") return { kind: "not_started" };
    if (outcome.kind !== "ran") return outcome;
    look(Infinity);
    this.#ordinal++;
    const summary = conclude(summarize(outcome.run), { plan });
    const measured = { spec, plan, scale, limits: this.#limits, blocks, summary };
    const elapsedMs = performance.now() - beganMs;
    const late = withCutOff(watch.late(), this.#limits, measured);
    const result = resultOf({ ...measured, decided: decision.conclude(late), elapsedMs });
    const { interrupted, error_rate } = summary.totals;
    this.#mayBeDown = interrupted > 0 || (!result.limiter && (error_rate ?? 0) >= MOST_FAILED);
    return { kind: "ran", result, summary };
  }

  #planAt(spec: LevelSpec): Plan {
    const { plan, scale, arrivals } = this.#options;
    const at = { plan, scale, spec, ordinal: this.#ordinal, arrivals, gracefulStopMs: DRAIN_MS };
    const usual = planAt({ ...at, workers: plan.workers });
    if (spec.workers === "usual") return usual;
    return { ...usual, workers: otherWorkers(workerCount(usual, CORES), CORES) };
  }
}

/** What was still under way when all was cut off has taken longer than that; where nothing was answered nothing is told. */
function withCutOff(
  late: readonly Tally[],
  limits: readonly PlacedLimit[],
  { blocks, plan, summary }: Pick<MeasuredLevel, "blocks" | "plan" | "summary">,
): Tally[] {
  const byName = new Map(scenariosOf(summary));
  return limits.map(({ step, scenario, limitMs = Infinity }, at) => {
    const { beyond, of } = late[at]!;
    const told = of + blocks.reduce((sum, { tallies }) => sum + tallies[at]!.of, 0);
    if (told === 0 || step !== null || limitMs > DRAIN_MS) return { beyond, of };
    const meant = plan.scenarios.filter((_, place) => (scenario ?? place) === place);
    const cutOff = meant.reduce((sum, { name }) => sum + (byName.get(name)?.interrupted ?? 0), 0);
    return { beyond: beyond + cutOff, of: of + cutOff };
  });
}

const CORES = navigator.hardwareConcurrency;

/** More, where the host has more; else fewer, and of one another one. */
function otherWorkers(usual: number, cores: number): number {
  if (usual < cores) return cores;
  return usual > 1 ? usual - 1 : 2;
}

/** Of what the level scales. */
function inFlightOf({ scenarios }: RunState, plan: Plan, scale: Scale): number {
  const scaled = new Set(
    plan.scenarios.flatMap(({ name }, at) => isScaled(scale, at) ? [name] : []),
  );
  return scenarios.reduce((sum, each) => scaled.has(each.name) ? sum + each.inFlight : sum, 0);
}
