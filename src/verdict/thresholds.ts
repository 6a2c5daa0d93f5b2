/**
 * Thresholds of a plan against what was measured. No sample is a verdict of its own, `no_data`, and not a pass. A limit
 * relative to a baseline is `skipped` in a run without one: else the first baseline could never be taken.
 */
import { Histogram } from "../metrics/histogram.ts";
import { rounded } from "../metrics/stats.ts";
import type { Measured, ThresholdResult } from "../metrics/summary_schema.ts";
import type { Plan } from "../plan/plan.ts";
import type { Comparison, Threshold } from "../plan/threshold.ts";
import {
  type Measurable,
  measurable,
  type Measurement,
  measureName,
  measureOf,
  measureUnit,
} from "./measure.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { own } from "../metrics/own.ts";

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
export function reevaluate(
  results: readonly ThresholdResult[],
  measured: Measured,
  baseline?: Measured,
): ThresholdResult[] {
  return results.map((result) => {
    const { scenario, step, quantity, comparison, baseline_factor: factor } = result;
    const find: Find = (run) =>
      scenario === null ? wholeRun(run) : seriesOf(run, scenario, step ?? undefined);
    const measure = (run: Measured | undefined): Measurement => {
      const series = run && find(run);
      return series && quantity ? measureOf(series, quantity) : NOT_MEASURED;
    };
    const { value, samples } = measure(measured);
    const base = factor === null ? undefined : measure(baseline).value;
    const limit = factor === null
      ? result.limit ?? undefined
      : base === undefined
      ? undefined
      : base * factor;
    const verdict = factor !== null && !baseline ? "skipped" : verdictOf(value, comparison, limit);
    return {
      ...result,
      limit: limit === undefined ? null : rounded(limit, 6),
      value: value === undefined ? null : rounded(value, 6),
      samples,
      verdict,
    };
  });
}

const NOT_MEASURED: Measurement = { value: undefined, samples: 0 };

/** By the run's own figures; what is `regressed` is broken for certain by those of another run. */
const BROKEN: Readonly<Record<ThresholdResult["verdict"], boolean>> = {
  pass: false,
  fail: true,
  no_data: true,
  skipped: false,
  regressed: false,
  cannot_tell: false,
};

export function isBroken({ verdict }: ThresholdResult): boolean {
  return BROKEN[verdict];
}

/** `create directory`, `the whole run` */
export function whereOf({ scenario, step }: ThresholdResult): string {
  return scenario === null ? "the whole run" : [scenario, step].filter(Boolean).join(" ");
}

function resultOf(
  threshold: Threshold,
  scenario: string | null,
  series: Measurable | undefined,
  baseline: Measurable | undefined,
): ThresholdResult {
  const { value, samples } = series ? measureOf(series, threshold.measure) : NOT_MEASURED;
  const limit = limitOf(threshold, baseline);
  return {
    text: threshold.text,
    scenario,
    step: threshold.step ?? null,
    measure: measureName(threshold.measure),
    quantity: threshold.measure,
    unit: measureUnit(threshold.measure),
    comparison: threshold.comparison,
    limit: limit === undefined ? null : rounded(limit, 6),
    baseline_factor: threshold.limit.kind === "baseline" ? threshold.limit.factor : null,
    value: value === undefined ? null : rounded(value, 6),
    samples,
    verdict: verdictOf(value, threshold.comparison, limit),
  };
}

export const HOLDS: Readonly<Record<Comparison, (value: number, limit: number) => boolean>> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
  "==": (value, limit) => value === limit,
  "!=": (value, limit) => value !== limit,
};

function verdictOf(
  value: number | undefined,
  comparison: Comparison,
  limit: number | undefined,
): ThresholdResult["verdict"] {
  if (value === undefined || limit === undefined) return "no_data";
  return HOLDS[comparison](value, limit) ? "pass" : "fail";
}

/** Undefined where it is a multiple of a figure that the baseline does not have. */
function limitOf({ limit, measure }: Threshold, baseline?: Measurable): number | undefined {
  if (limit.kind === "absolute") return limit.value;
  const { value } = baseline ? measureOf(baseline, measure) : NOT_MEASURED;
  return value === undefined ? undefined : value * limit.factor;
}

function seriesOf(run: Measured, name: string, step: string | undefined): Measurable | undefined {
  const [, scenario] = scenariosOf(run).find(([each]) => each === name) ?? [];
  const series = step === undefined ? scenario : own(scenario?.steps, step);
  return series && measurable(series);
}

/** All iterations of all scenarios as one series: of use for shares, and for a limit that everything must keep. */
function wholeRun(run: Measured): Measurable {
  const { totals } = run;
  const parts = scenariosOf(run).map(([, scenario]) => measurable(scenario));
  return {
    count: totals.iterations,
    failed: totals.failed,
    rate_per_s: totals.rate_per_s,
    histogramOf: (metric) => Histogram.from(...parts.map((part) => part.histogramOf(metric))),
  };
}
