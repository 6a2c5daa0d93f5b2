/**
 * Limits relative to a baseline, `p95 < baseline * 1.10`: they state an allowed change, and like every allowed change
 * they are broken only by an interval that lies wholly beyond it. A value that is beyond with an interval that is not
 * is `cannot_tell`: two runs of the same server are never equal. Of measures that a comparison has no interval for
 * (`ttfb p95`, `rate`, the whole run's) the values alone are compared.
 */
import type { ComparedFigure, Comparison, ThresholdResult } from "../metrics/summary_schema.ts";

export function isRelative({ baseline_factor }: ThresholdResult): boolean {
  return baseline_factor !== null;
}

/** The results with the comparison's intervals in the place of bare values, where it has any. */
export function againstIntervals(
  results: readonly ThresholdResult[],
  comparison: Comparison,
): ThresholdResult[] {
  return results.map((result) =>
    isRelative(result) ? { ...result, verdict: relativeVerdict(result, comparison) } : result
  );
}

function relativeVerdict(
  result: ThresholdResult,
  comparison: Comparison,
): ThresholdResult["verdict"] {
  const { verdict, limit, comparison: sign } = result;
  if (verdict !== "pass" && verdict !== "fail") return verdict;
  if (comparison.verdict === "refused") return "cannot_tell";
  if (verdict === "pass" || limit === null || (sign !== "<" && sign !== "<=")) return verdict;
  const figure = figureOf(result, comparison);
  if (!figure) return verdict;
  if (figure.low === null || figure.base === null) return "cannot_tell";
  const allowed = figure.measure === "error_rate" ? limit - figure.base : limit / figure.base - 1;
  return figure.low > allowed ? "regressed" : "cannot_tell";
}

/** A scenario's only step has no figures of its own: they are the scenario's. */
function figureOf(
  { scenario, step, quantity }: ThresholdResult,
  { figures }: Comparison,
): ComparedFigure | undefined {
  const measure = comparedAs(quantity);
  const mine = figures.filter((one) => one.scenario === scenario && one.measure === measure);
  return mine.find((figure) => figure.step === step) ?? (mine.length === 1 ? mine[0] : undefined);
}

/** What a comparison calls it, where it compares such a thing. */
function comparedAs(quantity: ThresholdResult["quantity"]): string | undefined {
  if (quantity?.kind !== "duration") return quantity?.kind;
  const { metric, percentile } = quantity;
  return metric === "response_time" ? `p${percentile}` : undefined;
}
