/**
 * Where the share beyond a limit reaches what is allowed, from all levels near it: a logistic regression of the share
 * on the logarithm of the level, as of doses and responses (D. J. Finney, "Probit Analysis", 1947). A bracket alone
 * wastes what its levels have measured: where the share rises slowly, each of them is decided by chance.
 */
import { studentQuantile } from "../verdict/student.ts";
import { standingsOf } from "./bracket.ts";
import type { LevelResult } from "./level.ts";
import { type LimitResult, SURE } from "./decision.ts";

export interface Bracket {
  /** The highest level that holds. */
  readonly holds: number;
  /** The lowest that is broken. */
  readonly broken: number;
}

export interface Knee {
  readonly level: number;
  /** Where nothing could be fitted the bracket, and half the precision beyond its ends. */
  readonly low: number;
  readonly high: number;
  /** Of what is between these; null where nothing was fitted, or what was leaves the bracket: they are bounds then. */
  readonly confidence: number | null;
  readonly by: "fit" | "bracket" | "limiter";
}

/** Levels by the bracket's that a straight line in the logit is fit for. */
const REACH = { below: 1.35, above: 1.08 } as const;
/** Of the interval. */
const CONFIDENCE = 0.95;
/** A level that ended sooner did so when it looked worst. */
const LEAST_MS = 10_000;
/** Evidence for the allowed share itself, in independent requests: keeps shares of 0 finite. */
const PRIOR_WEIGHT = 0.5;
/** What is believed of the slope before anything is seen: shares beyond a limit rise with such a power of the level. */
const SLOPE = { mean: 15, deviation: 10, least: 2 } as const;

/** Sums of evidence that are sure but for rounding. */
const NEARLY_SURE = 0.999 * SURE;

/** @param precision The level is kept within the bracket, and this much around it. */
export function kneeOf(results: readonly LevelResult[], bracket: Bracket, precision: number): Knee {
  const fits = results[0]?.limits.map((_, at) => fitLimit(results, bracket, at)) ?? [];
  const found = fits.filter((fit) => fit !== undefined);
  const whole = {
    level: Math.sqrt(bracket.holds * bracket.broken),
    confidence: null,
    by: "bracket",
  } as const;
  const aside = Math.sqrt(1 + precision);
  const sure = sureEnds(results, bracket);
  const bare = { ...whole, low: sure.holds / aside, high: sure.broken * aside };
  // The limit that is reached first is the one that counts.
  const first = found.sort((a, b) => a.x - b.x)[0];
  if (first === undefined) return bare;
  const [from, to] = [bracket.holds / (1 + precision), bracket.broken * (1 + precision)];
  const kept = (x: number): number => Math.min(to, Math.max(from, Math.exp(x)));
  const level = kept(first.x);
  const isKept = level !== Math.exp(first.x);
  return {
    level,
    low: Math.min(level, Math.exp(first.x - first.halfWidth)),
    high: Math.max(level, Math.exp(first.x + first.halfWidth)),
    confidence: isKept ? null : CONFIDENCE,
    by: "fit",
  };
}

/** Between levels of which a test was sure; ends that the share itself decided may lie anywhere near. */
export function sureEnds(results: readonly LevelResult[], { holds, broken }: Bracket): Bracket {
  const sure = standingsOf(results.filter(({ purpose }) => purpose !== "recover"));
  const below = sure.findLast(({ level, evidence }) => level <= holds && evidence <= -NEARLY_SURE);
  const above = sure.find(({ level, evidence }) => level >= broken && evidence >= NEARLY_SURE);
  return { holds: below?.level ?? holds / 2, broken: above?.level ?? broken * 2 };
}

interface Point {
  readonly x: number;
  /** Independent requests, and those of them beyond. */
  readonly n: number;
  readonly k: number;
}

/** The logarithm of the level, and half its interval. */
interface Root {
  readonly x: number;
  readonly halfWidth: number;
}

function fitLimit(results: readonly LevelResult[], bracket: Bracket, at: number): Root | undefined {
  const near = results.filter((result) => isNear(result, result.limits[at]!, bracket));
  if (new Set(near.map(({ level }) => level)).size < 2) return undefined;
  const limits = near.map((result) => result.limits[at]!);
  const { allowed } = limits[0]!;
  const usual = median(limits.map(({ designEffect }) => designEffect));
  const points = near.map(({ level }, i): Point => {
    const { beyond, of, designEffect } = limits[i]!;
    // A level that was lucky has a small one as well, and would count for more than one that was not.
    const effect = Math.max(usual, designEffect);
    return {
      x: Math.log(level),
      n: of / effect + PRIOR_WEIGHT,
      k: beyond / effect + PRIOR_WEIGHT * allowed,
    };
  });
  return rootOf(points, logit(allowed));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function isNear(
  { purpose, level, durationMs }: LevelResult,
  limit: LimitResult,
  bracket: Bracket,
): boolean {
  if (purpose === "recover" || durationMs < LEAST_MS || limit.of === 0) return false;
  if (limit.allowed <= 0 || limit.allowed >= 1) return false;
  return level >= bracket.holds / REACH.below && level <= bracket.broken * REACH.above;
}

function logit(share: number): number {
  return Math.log(share / (1 - share));
}

/** Newton's method on the likelihood of a + b (x - centre); undefined where the share does not clearly rise. */
function rootOf(points: readonly Point[], target: number): Root | undefined {
  const weight = points.reduce((sum, { n }) => sum + n, 0);
  const centre = points.reduce((sum, { n, x }) => sum + n * x, 0) / weight;
  let [a, b] = [target, SLOPE.mean] as [number, number];
  let information = [0, 0, 0] as readonly [number, number, number];
  for (let round = 0; round < 50; round++) {
    const trust = 1 / SLOPE.deviation ** 2;
    let [ga, gb, haa, hab, hbb] = [0, (SLOPE.mean - b) * trust, 0, 0, trust];
    for (const { x, n, k } of points) {
      const z = x - centre;
      const p = 1 / (1 + Math.exp(-(a + b * z)));
      const v = n * p * (1 - p);
      ga += k - n * p;
      gb += (k - n * p) * z;
      haa += v;
      hab += v * z;
      hbb += v * z * z;
    }
    const determinant = haa * hbb - hab ** 2;
    if (!(determinant > 1e-12)) return undefined;
    information = [hbb / determinant, -hab / determinant, haa / determinant];
    const [da, db] = [
      information[0] * ga + information[1] * gb,
      information[1] * ga + information[2] * gb,
    ];
    // A step at most so far that no share leaps from one end to the other.
    const shrink = Math.min(1, 2 / Math.abs(da), 30 / Math.abs(db));
    a += da * shrink;
    b += db * shrink;
    if (Math.abs(da) < 1e-9 && Math.abs(db) < 1e-9) break;
  }
  const dispersion = Math.max(1, chiSquare(points, centre, a, b) / Math.max(1, points.length - 2));
  const [vaa, vab, vbb] = information.map((v) => v * dispersion) as [number, number, number];
  if (!(b > SLOPE.least)) return undefined;
  const beside = (target - a) / b;
  const variance = (vaa + 2 * beside * vab + beside ** 2 * vbb) / b ** 2;
  // How much levels vary is known from these few alone.
  const factor = studentQuantile((1 + CONFIDENCE) / 2, Math.max(3, points.length - 2));
  return { x: centre + beside, halfWidth: factor * Math.sqrt(Math.max(0, variance)) };
}

function chiSquare(points: readonly Point[], centre: number, a: number, b: number): number {
  return points.reduce((sum, { x, n, k }) => {
    const p = 1 / (1 + Math.exp(-(a + b * (x - centre))));
    return sum + (k - n * p) ** 2 / (n * p * (1 - p));
  }, 0);
}
