/**
 * Two runs side by side, without false alarms. For each scenario and step, p50, p95, p99 and error rate are compared
 * with an interval of their change:
 *
 * - Standard errors come from a block bootstrap over each run's slices (`bootstrap.ts`); times are taken as logarithms,
 *   so that the interval is one of ratios, and combined by Welch's formula with Student's t (B. L. Welch, 1947).
 * - All intervals hold together at the confidence: each is made for (1 - confidence) / figures (Bonferroni), since of
 *   forty figures at 95 % each two would be wrong in every comparison.
 * - A time's interval is widened by the generator's own lag at that percentile: what the generator adds it cannot tell
 *   from what the server does.
 * - `regressed` and `improved` need an interval that lies wholly beyond the allowed change, `same` one that lies wholly
 *   within (equivalence by two one-sided tests, D. J. Schuirmann, 1987). All else is `cannot_tell`.
 */
import type {
  ComparedFigure,
  Comparison,
  Measured,
  SummaryScenario,
  SummarySeries,
} from "../metrics/summary_schema.ts";
import { rounded } from "../metrics/stats.ts";
import { formatMs, formatPercent } from "../metrics/format.ts";
import { SAMPLES_BEYOND } from "../plan/threshold.ts";
import { PERCENTILES, type Uncertainty, uncertaintyOf } from "./bootstrap.ts";
import { type ComparableRun, differencesOf } from "./comparability.ts";
import { randomOf } from "../random.ts";
import { studentQuantile } from "./student.ts";
import { scenariosOf } from "../metrics/scenarios.ts";

const DEFAULT_ALLOW = 0.1;

/** Of all intervals of a comparison together. */
const CONFIDENCE = 0.99;

/** Increase of the error rate that is taken for the same, as a share of all: half a percent. */
export const ALLOWED_ERRORS = 0.005;

/** What an event loop's turn and the clock cost, in milliseconds: no difference below is the server's for certain. */
const FINEST_MS = 0.05;

const SEED = 20250502;

const METHOD =
  "circular block bootstrap over the slices, Welch's t on log ratios, Bonferroni over all figures, equivalence by two one-sided tests; widened by the generator's lag";

export interface CompareOptions {
  /** Relative change of a time that is taken for the same; 0.1 by default. */
  readonly allow?: number | undefined;
  /** Compare in spite of refusals, which then are remarks. */
  readonly force?: boolean | undefined;
}

/**
 * What got slower from `base` to `next`, by how much, and how sure that is. Never throws: runs that cannot be compared give
 * the verdict `refused`, with the reasons in `differences`. Times are milliseconds, changes are ratios less one (0.1 is
 * 10 % slower), of the error rate differences.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const run = readSummary(await Deno.readTextFile(file), file);
 * assertEquals(compare(run, run, { allow: 0.1 }).regressions, []);
 * ```
 */
export function compare(
  base: ComparableRun,
  next: ComparableRun,
  { allow = DEFAULT_ALLOW, force = false }: CompareOptions = {},
): Comparison {
  const differences = differencesOf(base, next);
  const refused = !force && differences.some(({ refusal }) => refusal);
  const figures = refused ? [] : compareAll(pairsOf(base, next), allow);
  const worst = figures.filter(({ verdict }) => verdict === "regressed")
    .toSorted((a, b) => (b.low ?? 0) - (a.low ?? 0));
  return {
    base: identityOf(base),
    next: identityOf(next),
    confidence: CONFIDENCE,
    allow,
    method: METHOD,
    differences,
    verdict: refused ? "refused" : wholeVerdict(figures),
    figures,
    regressions: worst.map(sentenceOf),
  };
}

interface Pair {
  readonly scenario: string;
  readonly step: string | null;
  readonly base: SummarySeries;
  readonly next: SummarySeries;
  /** Lag of the scenario in both runs, milliseconds at p50, p95, p99: the larger. */
  readonly lagMs: readonly number[];
}

/** Scenarios and steps that both runs have and one has made; a single step is its scenario over again. */
function pairsOf(base: Measured, next: Measured): Pair[] {
  const others = new Map(scenariosOf(next));
  return scenariosOf(base)
    .flatMap(([scenario, a]) => {
      const b = others.get(scenario);
      if (!b) return [];
      const lagMs = lagOf(a, b);
      const steps = Object.entries(a.steps).filter(([step]) => Object.hasOwn(b.steps, step));
      return [
        { scenario, step: null, base: a, next: b, lagMs },
        ...(steps.length > 1 ? steps : []).map(([step, series]) => (
          { scenario, step, base: series, next: b.steps[step]!, lagMs }
        )),
      ];
    })
    .filter(({ base, next }) => base.count + next.count > 0);
}

function lagOf(a: SummaryScenario, b: SummaryScenario): number[] {
  const keys = ["p50", "p95", "p99"] as const;
  return keys.map((key) => Math.max(FINEST_MS, a.lag_ms?.[key] ?? 0, b.lag_ms?.[key] ?? 0));
}

/** One figure of a pair, with what is known of its error; without, it cannot be told. */
interface Candidate {
  readonly figure: Bare;
  readonly change: number | null;
  /** Standard errors of both runs with their degrees of freedom, of the logarithm where the figure is a time. */
  readonly errors?: readonly [ErrorOf, ErrorOf];
  readonly noise: number;
}

interface ErrorOf {
  readonly error: number;
  readonly freedom: number;
}

function compareAll(pairs: readonly Pair[], allow: number): ComparedFigure[] {
  const random = randomOf(SEED);
  const candidates = pairs.flatMap((pair) => {
    const a = uncertaintyOf(pair.base.course, random);
    const b = uncertaintyOf(pair.next.course, random);
    return [...PERCENTILES.map((_, i) => timeOf(pair, i, a, b)), errorRateOf(pair, a, b)];
  });
  // Only what can be told can be told wrongly.
  const told = candidates.filter(({ errors }) => errors !== undefined).length;
  const probability = 1 - (1 - CONFIDENCE) / Math.max(1, told) / 2;
  return candidates.map((candidate) => figureOf(candidate, probability, allow));
}

function timeOf(pair: Pair, i: number, a?: Uncertainty, b?: Uncertainty): Candidate {
  const key = (["p50", "p95", "p99"] as const)[i]!;
  const base = pair.base.response_time_ms?.[key] ?? null;
  const next = pair.next.response_time_ms?.[key] ?? null;
  const figure = { scenario: pair.scenario, step: pair.step, measure: key, base, next };
  const change = !base || next === null ? null : next / base - 1;
  const enough = [pair.base, pair.next].every(({ response_time_ms: stats }) =>
    (stats?.count ?? 0) * (1 - PERCENTILES[i]! / 100) >= SAMPLES_BEYOND
  );
  if (change === null || !a || !b || !enough) return { figure, change, noise: 0 };
  const errorOf = ({ logPercentiles, freedom }: Uncertainty): ErrorOf => ({
    error: logPercentiles[i]!,
    freedom,
  });
  return { figure, change, errors: [errorOf(a), errorOf(b)], noise: pair.lagMs[i]! / base! };
}

function errorRateOf(pair: Pair, a?: Uncertainty, b?: Uncertainty): Candidate {
  const { error_rate: base } = pair.base;
  const { error_rate: next } = pair.next;
  const measure = "error_rate" as const;
  const figure = { scenario: pair.scenario, step: pair.step, measure, base, next };
  const change = base === null || next === null ? null : next - base;
  if (change === null || !a || !b) return { figure, change, noise: 0 };
  const errorOf = ({ errorRate, freedom }: Uncertainty, series: SummarySeries): ErrorOf => ({
    error: Math.max(errorRate, shareError(series)),
    freedom,
  });
  return { figure, change, errors: [errorOf(a, pair.base), errorOf(b, pair.next)], noise: 0 };
}

function figureOf(
  { figure, change, errors, noise }: Candidate,
  probability: number,
  allow: number,
): ComparedFigure {
  if (change === null || !errors) {
    const known = change === null ? null : rounded(change, 6);
    return { ...figure, change: known, low: null, high: null, verdict: "cannot_tell" };
  }
  const width = halfWidth(errors, probability);
  const isShare = figure.measure === "error_rate";
  // No time falls by more than all of it, nor a share by more than itself.
  const low = Math.max(
    isShare ? -(figure.base ?? 0) : -1,
    isShare ? change - width : (1 + change) / Math.exp(width) - noise - 1,
  );
  const high = isShare ? change + width : (1 + change) * Math.exp(width) + noise - 1;
  return {
    ...figure,
    change: rounded(change, 6),
    low: rounded(low, 6),
    high: rounded(high, 6),
    verdict: placeOf(low, high, isShare ? ALLOWED_ERRORS : allow),
  };
}

/**
 * Standard error of a share as if its failures came one by one, with two successes and two failures added (A. Agresti
 * and B. Caffo, 2000): the bootstrap knows none where nothing has failed yet.
 */
function shareError({ count, failed }: SummarySeries): number {
  const share = (failed + 1) / (count + 2);
  return Math.sqrt((share * (1 - share)) / (count + 2));
}

/** Half of the interval of a difference: Welch's t for two standard errors. */
function halfWidth([a, b]: readonly [ErrorOf, ErrorOf], probability: number): number {
  const [varA, varB] = [a.error ** 2, b.error ** 2];
  if (varA + varB === 0) return 0;
  const freedom = (varA + varB) ** 2 / (varA ** 2 / a.freedom + varB ** 2 / b.freedom);
  return studentQuantile(probability, freedom) * Math.sqrt(varA + varB);
}

type Bare = Pick<ComparedFigure, "scenario" | "step" | "measure" | "base" | "next">;

function placeOf(low: number, high: number, allow: number): ComparedFigure["verdict"] {
  if (low > allow) return "regressed";
  if (high < -allow) return "improved";
  return low >= -allow && high <= allow ? "same" : "cannot_tell";
}

/** One regression makes a comparison; all figures must be the same for it to be. */
function wholeVerdict(figures: readonly ComparedFigure[]): Comparison["verdict"] {
  const has = (verdict: ComparedFigure["verdict"]): boolean =>
    figures.some((figure) => figure.verdict === verdict);
  if (has("regressed")) return "regressed";
  if (has("improved")) return "improved";
  return has("cannot_tell") || figures.length === 0 ? "cannot_tell" : "same";
}

function sentenceOf(figure: ComparedFigure): string {
  const { measure, base, next, change, low, high } = figure;
  const where = [figure.scenario, figure.step].filter(Boolean).join(" ");
  const signed = (share: number | null): string =>
    (share! >= 0 ? "+" : "-") + formatPercent(Math.abs(share!));
  const values = measure === "error_rate"
    ? `${formatPercent(base)} to ${formatPercent(next)}`
    : `${formatMs(base)} to ${formatMs(next)}`;
  return `${where} ${measure} went from ${values}: ${signed(change)}, between ${signed(low)} and ${
    signed(high)
  }`;
}

function identityOf(run: Measured): Comparison["base"] {
  return {
    plan: run.plan.name,
    plan_sha256: run.plan.sha256,
    started_at: run.started_at,
    target: run.methodology.target.base_url,
    target_version: run.methodology.target.version,
    tool_version: run.tool.version,
  };
}
