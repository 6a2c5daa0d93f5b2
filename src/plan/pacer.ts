/**
 * When the area under an open profile reaches a value, in closed form. Over a stage of d seconds whose rate goes from a to
 * b per second, the arrivals due by second t are the area under the line,
 *
 *     N(t) = a t + (b - a) t^2 / (2 d)
 *
 * and an arrival at m of the stage's area is planned where N(t) = m. Of the two usual forms of the root, this one loses no
 * digits when b is close to a, and is a plain division when they are equal:
 *
 *     t = 2 m / (a + sqrt(a^2 + 2 m (b - a) / d))
 *
 * At which areas arrivals come is in `arrival_sequence.ts`.
 */
import type { Stage } from "./plan.ts";
import { areaOf } from "./profile.ts";

export interface Pacer {
  /** When the area has reached `area` (up to that of the whole), in microseconds from the start of the profile. */
  offsetUs(area: number): number;
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

/** @param phase Areas are counted from here on: with 0.3, number 2 is where the area under the profile has reached 2.3. */
export function createPacer(stages: readonly Stage[], phase = 0): Pacer {
  const legs = layOut(stages, phase);
  return { offsetUs: (area) => offsetUs(legs, area) };
}

function layOut(stages: readonly Stage[], phase: number): Leg[] {
  const legs: Leg[] = [];
  let startS = 0;
  let before = -phase;
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

function offsetUs(legs: readonly Leg[], area: number): number {
  const leg = legs.find((candidate) => area < candidate.after) ?? legs.at(-1);
  if (leg === undefined) throw new RangeError(`Cannot place arrival ${area}: the profile is empty`);
  const m = area - leg.before;
  if (m <= 0) return leg.startS * 1e6;
  const acceleration = (leg.to - leg.from) / leg.durationS;
  const root = Math.sqrt(Math.max(0, leg.from * leg.from + 2 * m * acceleration));
  return (leg.startS + (2 * m) / (leg.from + root)) * 1e6;
}
