/**
 * The universal scalability law (N. J. Gunther, "A Simple Capacity Model of Massively Parallel Transaction Systems",
 * 1993): X(N) = λN / (1 + σ(N - 1) + κN(N - 1)). λ is what one at a time gets, σ what waits for each other, κ what has
 * to agree with each other: from it comes a rate that falls when more is asked. N is the number in flight.
 */
import { randomOf } from "../random.ts";
import { significant } from "../metrics/format.ts";
import type { LevelResult } from "./level.ts";

export interface UslPoint {
  /** N, on average. */
  readonly inFlight: number;
  /** X. */
  readonly perS: number;
}

/** Whether the law may be asked about a level: its queue was at rest, so that what was in flight belongs to its rate. */
export function isAtRest({ by, purpose, errorRate, who }: LevelResult): boolean {
  return by !== "backlog" && by !== "dropped" && purpose !== "recover" &&
    errorRate !== null && errorRate <= MAX_ERRORS && who !== "generator";
}

export interface Coefficients {
  readonly lambda: number;
  readonly sigma: number;
  readonly kappa: number;
}

interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Usl extends Coefficients {
  /** 95 %, by resampling the levels. */
  readonly intervals: Readonly<Record<keyof Coefficients, Interval>>;
  readonly rSquared: number;
  /** Where the rate is highest, and what it is there; null where it only flattens. */
  readonly peak: { readonly inFlight: number; readonly perS: number } | null;
}

export interface Refusal {
  /** Why nothing was fitted. */
  readonly refused: string;
}

/** Three coefficients need twice as many levels, or the curve goes through whatever there is. */
const MIN_LEVELS = 6;
/** Greatest by least number in flight: less shows no bend. */
const MIN_REACH = 4;
const MIN_R_SQUARED = 0.9;
/** Failures are answers of another kind. */
const MAX_ERRORS = 0.05;
const RESAMPLES = 500;
/** Resamples that may be without a fit before the intervals say nothing. */
const MAX_UNFIT = 0.2;

/**
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = [1, 2, 4, 8, 16, 32, 64].map((n) => ({ inFlight: n, perS: 100 * n / (1 + 0.05 * (n - 1)) }));
 * const usl = uslOf(points, 1);
 * if ("refused" in usl) throw new Error(usl.refused);
 * assertAlmostEquals(usl.lambda, 100, 1e-6);
 * assertAlmostEquals(usl.sigma, 0.05, 1e-8);
 * ```
 */
export function uslOf(points: readonly UslPoint[], seed: number): Usl | Refusal {
  const reason = unfit(points);
  if (reason !== undefined) return { refused: reason };
  const fit = fitUsl(points);
  if (fit === undefined) return { refused: "no curve of the law goes through the levels" };
  const quality = rSquared(points, fit);
  if (quality < MIN_R_SQUARED) {
    return {
      refused: `the levels do not follow the law: R² is ${
        significant(quality)
      }, ${MIN_R_SQUARED} is needed`,
    };
  }
  if (fit.sigma === 0 && fit.kappa === 0) {
    return { refused: "the rate rises in proportion to what is in flight: no bend was seen" };
  }
  const intervals = intervalsOf(points, seed);
  if (intervals === undefined) return { refused: "single levels decide what the curve looks like" };
  return { ...fit, intervals, rSquared: quality, peak: peakOf(fit) };
}

function unfit(points: readonly UslPoint[]): string | undefined {
  const inFlight = points.map((point) => point.inFlight).filter((n) => n > 0);
  const levels = new Set(inFlight).size;
  if (points.length === 0) return `0 levels are fit for it, and ${MIN_LEVELS} are needed`;
  if (inFlight.length < points.length) return "a level had nothing in flight";
  const most = Math.max(...inFlight);
  if (most < 1) return `at most ${significant(most)} were in flight: none waits for another there`;
  if (levels < MIN_LEVELS) return `${levels} levels are fit for it, and ${MIN_LEVELS} are needed`;
  const reach = most / Math.min(...inFlight);
  if (reach >= MIN_REACH) return undefined;
  return `the most in flight is ${
    significant(reach)
  } times the least: ${MIN_REACH} times are needed`;
}

export function uslRate(n: number, { lambda, sigma, kappa }: Coefficients): number {
  return lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

function peakOf(fit: Coefficients): Usl["peak"] {
  if (fit.kappa === 0 || fit.sigma >= 1) return null;
  const inFlight = Math.sqrt((1 - fit.sigma) / fit.kappa);
  return { inFlight, perS: uslRate(inFlight, fit) };
}

function errorOf(points: readonly UslPoint[], fit: Coefficients): number {
  return points.reduce((sum, { inFlight, perS }) => sum + (perS - uslRate(inFlight, fit)) ** 2, 0);
}

function rSquared(points: readonly UslPoint[], fit: Coefficients): number {
  const mean = points.reduce((sum, { perS }) => sum + perS, 0) / points.length;
  const whole = points.reduce((sum, { perS }) => sum + (perS - mean) ** 2, 0);
  return whole === 0 ? 0 : 1 - errorOf(points, fit) / whole;
}

/** Least squares of the rates by coefficients that the law can have; undefined where there are none. */
export function fitUsl(points: readonly UslPoint[]): Coefficients | undefined {
  const free = [[0, 1, 2], [0, 1], [0, 2], [0]];
  const fits = free.map((terms) => fitTerms(points, terms))
    .filter((fit) => fit !== undefined && isPossible(fit));
  return fits.sort((a, b) => errorOf(points, a!) - errorOf(points, b!))[0];
}

/** With σ + κ above 1 the rate is highest below one in flight, and near none it is infinite or negative. */
function isPossible({ lambda, sigma, kappa }: Coefficients): boolean {
  return lambda > 0 && sigma >= 0 && kappa >= 0 && sigma + kappa <= 1;
}

/** Of N: 1/λ (1 + σ(N - 1) + κN(N - 1)) is N / X, and linear in its three terms. */
const TERMS: readonly ((n: number) => number)[] = [() => 1, (n) => n - 1, (n) => n * (n - 1)];

/** Gauss and Newton from the linear solution, with the terms that are free; the others are 0. */
function fitTerms(points: readonly UslPoint[], terms: readonly number[]): Coefficients | undefined {
  const rows = points.map(({ inFlight }) => terms.map((term) => TERMS[term]!(inFlight)));
  const timeOf = (c: readonly number[], at: number): number =>
    rows[at]!.reduce((sum, value, i) => sum + value * c[i]!, 0);
  const sumOfSquares = (c: readonly number[]): number =>
    points.reduce((sum, { inFlight, perS }, at) => {
      const time = timeOf(c, at);
      return time > 0 ? sum + (perS - inFlight / time) ** 2 : Infinity;
    }, 0);
  // Weights that make an error of N / X one of X.
  const first = leastSquares(
    rows,
    points.map(({ inFlight, perS }) => inFlight / perS),
    points.map(({ inFlight, perS }) => (perS ** 2 / inFlight) ** 2),
  );
  if (first === undefined || !Number.isFinite(sumOfSquares(first))) return undefined;
  let c: number[] = first;
  for (let round = 0; round < 100; round++) {
    const times = points.map((_, at) => timeOf(c, at));
    const step = leastSquares(
      rows,
      points.map(({ inFlight, perS }, at) =>
        (inFlight / times[at]! - perS) * times[at]! ** 2 / inFlight
      ),
      points.map(({ inFlight }, at) => (inFlight / times[at]! ** 2) ** 2),
    );
    if (step === undefined) return undefined;
    const before = sumOfSquares(c);
    let share = 1;
    let next: number[];
    do {
      next = c.map((value, i) => value + share * step[i]!);
      share /= 2;
    } while (!(sumOfSquares(next) <= before) && share > 1e-6);
    if (!(sumOfSquares(next) < before * (1 - 1e-14))) break;
    c = next;
  }
  const of = (term: number): number => terms.includes(term) ? c[terms.indexOf(term)]! : 0;
  return { lambda: 1 / of(0), sigma: of(1) / of(0), kappa: of(2) / of(0) };
}

/** Weighted, by the normal equations of at most three columns, which are scaled to be alike. */
function leastSquares(
  rows: readonly (readonly number[])[],
  wanted: readonly number[],
  weights: readonly number[],
): number[] | undefined {
  const columns = rows[0]!.length;
  const scale = Array.from(
    { length: columns },
    (_, i) => Math.sqrt(rows.reduce((sum, row, at) => sum + weights[at]! * row[i]! ** 2, 0)) || 1,
  );
  const matrix = Array.from({ length: columns }, (_, i) => [
    ...Array.from(
      { length: columns },
      (_, j) =>
        rows.reduce(
          (sum, row, at) => sum + weights[at]! * row[i]! / scale[i]! * row[j]! / scale[j]!,
          0,
        ),
    ),
    rows.reduce((sum, row, at) => sum + weights[at]! * row[i]! / scale[i]! * wanted[at]!, 0),
  ]);
  return solve(matrix)?.map((value, i) => value / scale[i]!);
}

/** Gauss with pivots; undefined where the equations do not tell. */
function solve(matrix: number[][]): number[] | undefined {
  const size = matrix.length;
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++) {
      if (Math.abs(matrix[row]![at]!) > Math.abs(matrix[pivot]![at]!)) pivot = row;
    }
    [matrix[at], matrix[pivot]] = [matrix[pivot]!, matrix[at]!];
    const head = matrix[at]!;
    if (!(Math.abs(head[at]!) > 1e-13)) return undefined;
    for (let row = 0; row < size; row++) {
      if (row === at) continue;
      const factor = matrix[row]![at]! / head[at]!;
      matrix[row] = matrix[row]!.map((value, column) => value - factor * head[column]!);
    }
  }
  return matrix.map((row, at) => row[size]! / row[at]!);
}

function intervalsOf(points: readonly UslPoint[], seed: number): Usl["intervals"] | undefined {
  const random = randomOf(seed);
  const fits: Coefficients[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const drawn = points.map(() => points[Math.floor(random() * points.length)]!);
    const fit = fitUsl(drawn);
    if (fit !== undefined) fits.push(fit);
  }
  if (fits.length < (1 - MAX_UNFIT) * RESAMPLES) return undefined;
  const interval = (name: keyof Coefficients): Interval => {
    const sorted = fits.map((fit) => fit[name]).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
    return { low: at(0.025), high: at(0.975) };
  };
  return { lambda: interval("lambda"), sigma: interval("sigma"), kappa: interval("kappa") };
}
