/**
 * The open model's arrivals: number n -> planned offset, in closed form.
 *
 * Over a stage of d seconds whose rate goes from a to b per second, the arrivals due by second t are the area under the
 * line,
 *
 *     N(t) = a t + (b - a) t^2 / (2 d)
 *
 * and arrival m of the stage is planned where N(t) = m. Of the two usual forms of the root, this one loses no digits
 * when b is close to a, and is a plain division when they are equal:
 *
 *     t = 2 m / (a + sqrt(a^2 + 2 m (b - a) / d))
 *
 * Arrival 0 is planned at the start; the arrivals are those n with n < N(end).
 */
import type { Stage } from "./plan.ts";
import { areaOf, arrivalCount } from "./profile.ts";

interface Pacer {
  /** How many arrivals the whole profile has. */
  readonly total: number;
  /** Planned offset of arrival `n` (0 <= n < total) from the start of the profile, in microseconds. */
  offsetUs(n: number): number;
}

interface Leg {
  readonly startS: number;
  readonly durationS: number;
  readonly from: number;
  readonly to: number;
  /** Area under all legs before this one, and with it. */
  readonly before: number;
  readonly after: number;
}

export function createPacer(stages: readonly Stage[]): Pacer {
  const legs = layOut(stages);
  return { total: arrivalCount(stages), offsetUs: (n) => offsetUs(legs, n) };
}

/** How many arrivals are planned before `untilUs`. */
export function arrivalsBefore(untilUs: number, { total, offsetUs }: Pacer): number {
  let low = 0;
  let high = total;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (offsetUs(middle) < untilUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function layOut(stages: readonly Stage[]): Leg[] {
  const legs: Leg[] = [];
  let startS = 0;
  let before = 0;
  for (const stage of stages) {
    const { from, to } = stage;
    const durationS = stage.durationMs / 1000;
    const after = before + areaOf(stage);
    legs.push({ startS, durationS, from, to, before, after });
    startS += durationS;
    before = after;
  }
  return legs;
}

function offsetUs(legs: readonly Leg[], n: number): number {
  const leg = legs.find((candidate) => n < candidate.after) ?? legs.at(-1);
  if (leg === undefined) throw new RangeError(`Cannot place arrival ${n}: the profile is empty`);
  const m = n - leg.before;
  if (m <= 0) return leg.startS * 1e6;
  const acceleration = (leg.to - leg.from) / leg.durationS;
  const root = Math.sqrt(Math.max(0, leg.from * leg.from + 2 * m * acceleration));
  return (leg.startS + (2 * m) / (leg.from + root)) * 1e6;
}
