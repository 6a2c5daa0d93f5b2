/**
 * Thresholds of a plan against what was measured. No sample is a verdict of its own, `no_data`, and not a pass. A limit
 * relative to a baseline is `skipped` in a run without one: else the first baseline could never be taken.
 */
import { Histogram } from "../metrics/histogram.ts";
import { packed, rounded, unpacked } from "../metrics/stats.ts";
import type { Measured, SummaryScenario, ThresholdResult } from "../metrics/summary_schema.ts";
import type { Plan } from "../plan/plan.ts";
import { type Comparison, DURATION_METRICS, type Threshold } from "../plan/threshold.ts";
import { isRelative } from "./relative.ts";
import { type Measurable, measureName, measureNamed, measureOf, measureUnit } from "./measure.ts";

/** What a run's figures are compared with: the run itself, and a baseline if there is one. */
type Find = (run: Measured) => Measurable | undefined;

/** All thresholds of the plan, in its order, the whole run's last. */
export function evaluateThresholds(
  plan: Pick<Plan, "scenarios" | "thresholds">,
  measured: Measured,
  baseline?: Measured,
): ThresholdResult[] {
  const evaluate = (threshold: Threshold, scenario: string | null, find: Find): ThresholdResult => {
    const result = resultOf(threshold, scenario, find(measured), baseline && find(baseline));
    const skipped = threshold.limit.kind === "baseline" && !baseline;
    return skipped ? { ...result, verdict: "skipped" } : result;
  };
  const ofScenarios = plan.scenarios.flatMap(({ name, thresholds }) =>
    thresholds.map((one) => evaluate(one, name, (run) => seriesOf(run, name, one.step)))
  );
  return [...ofScenarios, ...plan.thresholds.map((one) => evaluate(one, null, wholeRun))];
}

/** Thresholds of a summary once more, over other figures: what a merge of shards needs, which has no plan at hand. */
export function judgeAnew(
  results: readonly ThresholdResult[],
  measured: Measured,
): ThresholdResult[] {
  return results.map((result) => {
    const { scenario, step, measure, comparison, limit } = result;
    const series = scenario === null
      ? wholeRun(measured)
      : seriesOf(measured, scenario, step ?? undefined);
    const { value, samples } = series
      ? measureOf(series, measureNamed(measure))
      : { value: undefined, samples: 0 };
    // What is merged has no baseline at hand.
    const verdict = isRelative(result)
      ? "skipped"
      : verdictOf(value, comparison, limit ?? undefined);
    return { ...result, value: value === undefined ? null : rounded(value, 6), samples, verdict };
  });
}

function resultOf(
  threshold: Threshold,
  scenario: string | null,
  series: Measurable | undefined,
  baseline: Measurable | undefined,
): ThresholdResult {
  const { value, samples } = series
    ? measureOf(series, threshold.measure)
    : { value: undefined, samples: 0 };
  const limit = limitOf(threshold, baseline);
  return {
    text: threshold.text,
    scenario,
    step: threshold.step ?? null,
    measure: measureName(threshold.measure),
    unit: measureUnit(threshold.measure),
    comparison: threshold.comparison,
    limit: limit === undefined ? null : rounded(limit, 6),
    value: value === undefined ? null : rounded(value, 6),
    samples,
    verdict: verdictOf(value, threshold.comparison, limit),
  };
}

export function holds(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
  }
}

function verdictOf(
  value: number | undefined,
  comparison: Comparison,
  limit: number | undefined,
): ThresholdResult["verdict"] {
  if (value === undefined || limit === undefined) return "no_data";
  return holds(value, comparison, limit) ? "pass" : "fail";
}

/** Undefined where it is a multiple of a figure that the baseline does not have. */
function limitOf({ limit, measure }: Threshold, baseline?: Measurable): number | undefined {
  if (limit.kind === "absolute") return limit.value;
  const { value } = baseline ? measureOf(baseline, measure) : { value: undefined };
  return value === undefined ? undefined : value * limit.factor;
}

export function findScenario(run: Measured, name: string): SummaryScenario | undefined {
  return Object.values(run.phases).map((tier) => tier[name]).find((found) => found);
}

function seriesOf(run: Measured, name: string, step: string | undefined): Measurable | undefined {
  const scenario = findScenario(run, name);
  return step === undefined ? scenario : scenario?.steps[step];
}

/** All iterations of all scenarios as one series: of use for shares, and for a limit that everything must keep. */
function wholeRun({ totals, phases }: Measured): Measurable {
  const scenarios = Object.values(phases).flatMap((tier) => Object.values(tier));
  const histograms = Object.fromEntries(DURATION_METRICS.map((metric) => {
    const parts = scenarios.map((scenario) => unpacked(scenario.histograms[metric]));
    return [metric, packed(Histogram.from(...parts).toData())];
  })) as Measurable["histograms"];
  const { iterations: count, failed, rate_per_s } = totals;
  return { count, failed, rate_per_s, histograms };
}
