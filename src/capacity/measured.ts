/** What a level came to, from the blocks by which it was decided and the summary of its run. Pure. */
import { countAbove, Histogram } from "../metrics/histogram.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { unpacked } from "../metrics/stats.ts";
import type { Summary, SummaryScenario, SummarySeries } from "../metrics/summary_schema.ts";
import type { DurationMetric } from "../plan/threshold.ts";
import type { FailureClass } from "../http/failure.ts";
import type { Plan } from "../plan/plan.ts";
import type { Block, Decided } from "./decision.ts";
import type { LevelFigures, LevelResult, LevelSpec } from "./level.ts";
import type { PlacedLimit } from "./limits.ts";
import { isScaled, type Scale } from "./scale.ts";
import { type LevelFacts, whoGaveOut } from "./who.ts";

export interface MeasuredLevel {
  readonly spec: LevelSpec;
  /** At the level. */
  readonly plan: Plan;
  readonly scale: Scale;
  readonly limits: readonly PlacedLimit[];
  readonly blocks: readonly Block[];
  readonly decided: Decided;
  readonly summary: Summary;
  readonly elapsedMs: number;
}

export function resultOf(measured: MeasuredLevel): LevelResult {
  const { spec, decided } = measured;
  const scaled = scaledOf(measured);
  const figures = figuresOf(measured, scaled);
  return {
    level: spec.level,
    purpose: spec.purpose,
    ...figures,
    ...decided,
    ...whoGaveOut(factsOf(measured, scaled, figures)),
  };
}

/** Those that the level scales, as the summary has them. */
function scaledOf({ plan, scale, summary }: MeasuredLevel): SummaryScenario[] {
  const byName = new Map(scenariosOf(summary));
  return plan.scenarios.flatMap(({ name }, at) => {
    const scenario = byName.get(name);
    return isScaled(scale, at) && scenario !== undefined ? [scenario] : [];
  });
}

function figuresOf(
  { blocks, elapsedMs }: MeasuredLevel,
  scaled: readonly SummaryScenario[],
): LevelFigures {
  const sum = (of: (block: Block) => number): number =>
    blocks.reduce((total, block) => total + of(block), 0);
  const durationMs = sum((block) => block.durationMs);
  const perS = (count: number): number => durationMs === 0 ? 0 : count / durationMs * 1000;
  const [finished, failed] = [sum((block) => block.finished), sum((block) => block.failed)];
  const times = together(scaled, "response_time");
  const ms = (percentile: number): number | null =>
    times.count === 0 ? null : times.percentile(percentile) / 1000;
  return {
    offeredPerS: perS(sum((block) => block.arrivals)),
    achievedPerS: perS(finished - failed),
    p50Ms: ms(50),
    p95Ms: ms(95),
    p99Ms: ms(99),
    inFlight: inFlightOf(blocks, perS(finished - failed) * times.meanUs / 1e6),
    errorRate: finished === 0 ? null : failed / finished,
    durationMs,
    elapsedMs,
  };
}

/** Looks once a second miss a few that are soon answered: these are told by Little's law, rate times time, where any was. */
const FEW = 5;

function inFlightOf(blocks: readonly Block[], byLittle: number): number {
  if (blocks.length === 0) return 0;
  const seen = blocks.reduce((sum, { inFlight }) => sum + inFlight, 0) / blocks.length;
  return seen > FEW || byLittle === 0 ? seen : byLittle;
}

function factsOf(
  { plan, scale, limits, blocks, decided, summary }: MeasuredLevel,
  scaled: readonly SummaryScenario[],
  { offeredPerS, durationMs }: LevelFigures,
): LevelFacts {
  const arrivals = blocks.reduce((sum, block) => sum + block.arrivals, 0);
  const dropped = blocks.reduce((sum, block) => sum + block.dropped, 0);
  const lag = together(scaled, "lag");
  const times = together(scaled, "response_time");
  const offered = scaled.reduce((sum, each) => sum + (each.offered?.arrivals ?? 0), 0);
  const unsent = scaled.reduce(
    (sum, each) =>
      sum +
      Math.max(0, (each.offered?.arrivals ?? 0) - each.dropped - each.count - each.interrupted),
    0,
  );
  return {
    decided,
    reasons: summary.validity.reasons,
    warnings: summary.validity.warnings,
    offeredPerS,
    sentPerS: durationMs === 0 || offered === 0 ? 0 : offeredPerS * (1 - unsent / offered),
    dropped,
    arrivals,
    peakInFlight: Math.max(0, ...blocks.map(({ inFlight }) => inFlight)),
    maxInFlight: plan.scenarios.reduce(
      (sum, { load }, at) =>
        isScaled(scale, at) && load.model === "open" ? sum + load.maxInFlight : sum,
      0,
    ),
    workerCpu: Math.max(0, ...summary.generator.workers.map(({ cpu_share }) => cpu_share)),
    lagP95Ms: lag.count === 0 ? null : lag.percentile(95) / 1000,
    responseP95Ms: times.count === 0 ? null : times.percentile(95) / 1000,
    serviceBeyond: limits.map((limit) => serviceBeyond(limit, plan, summary)),
    failures: failuresOf(scaled),
    finished: scaled.reduce((sum, { count }) => sum + count, 0),
  };
}

function together(scenarios: readonly SummarySeries[], metric: DurationMetric): Histogram {
  const sum = new Histogram();
  for (const { histograms } of scenarios) sum.add(unpacked(histograms[metric]));
  return sum;
}

/** Of what the limit is about; null where it is no latency, or nothing was timed. */
function serviceBeyond(limit: PlacedLimit, plan: Plan, summary: Summary): number | null {
  if (limit.limitMs === undefined) return null;
  const named = limit.scenario === null ? undefined : plan.scenarios[limit.scenario];
  const meant = scenariosOf(summary)
    .filter(([name]) => named === undefined || name === named.name)
    .flatMap(([, scenario]): SummarySeries[] => {
      if (limit.step === null) return [scenario];
      const step = scenario.steps[named?.steps[limit.step] ?? ""];
      return step === undefined ? [] : [step];
    });
  const service = together(meant, "service_time");
  return service.count === 0
    ? null
    : countAbove(service.toData(), limit.limitMs * 1000) / service.count;
}

function failuresOf(scaled: readonly SummaryScenario[]): LevelFacts["failures"] {
  const sum: Partial<Record<FailureClass, number>> = {};
  for (const { failures } of scaled) {
    for (const { class: kind, count } of failures) sum[kind] = (sum[kind] ?? 0) + count;
  }
  return sum;
}
