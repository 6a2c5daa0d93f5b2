/**
 * The arrivals of an open scenario, in order. Arrival n is planned where the area N(t) under its profile (`pacer.ts`) has
 * reached
 *
 *     n + phase                              evenly spaced
 *     S_n = gap_0 + gap_1 + ... + gap_n      a Poisson process (`poisson.ts`), summed up in this order
 *
 * so that both follow the profile's stages, and whoever walks them gets the same doubles. The arrivals are those before the
 * end of the profile.
 */
import { createPacer } from "./pacer.ts";
import type { OpenProfile, Scenario } from "./plan.ts";
import { exponentialGaps } from "./poisson.ts";
import { totalArea } from "./profile.ts";

/** An open scenario, as far as its arrivals hang on it: the name makes its Poisson process another than its neighbours'. */
export type OpenScenario = Pick<Scenario, "name"> & { readonly load: OpenProfile };

/** Planned offset of the next arrival from the start of the profile, in microseconds; undefined after the last. */
export type NextOffsetUs = () => number | undefined;

// 1/60 per second times 300 s is 4.999...: a profile that is meant to end on a whole arrival ends on it.
const ROUNDING = 1e-6;

/**
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const load = {
 *   model: "open",
 *   stages: [{ durationMs: 1000, from: 4, to: 4 }],
 *   maxInFlight: 10,
 *   arrivals: "even",
 *   seed: 1,
 *   phase: 0.5,
 * } as const;
 * const next = arrivalSequence({ name: "list", load });
 * assertEquals([next(), next(), next(), next(), next()], [125_000, 375_000, 625_000, 875_000, undefined]);
 * ```
 */
export function arrivalSequence(scenario: OpenScenario): NextOffsetUs {
  const { name, load } = scenario;
  if (load.arrivals === "even") {
    const { offsetUs } = createPacer(load.stages, load.phase);
    const total = arrivalCount(scenario);
    let n = 0;
    return () => n < total ? offsetUs(n++) : undefined;
  }
  const { offsetUs } = createPacer(load.stages);
  const end = endOf(load);
  const nextArea = drawnAreas(name, load);
  return () => {
    const area = nextArea();
    return area < end ? offsetUs(area) : undefined;
  };
}

/** Arrivals of the whole profile. Of a Poisson process of more than `MOST_WALKED` it is the expected number. */
export function arrivalCount({ name, load }: OpenScenario): number {
  const end = endOf(load);
  if (load.arrivals === "even") return Math.max(0, Math.ceil(end - load.phase));
  if (end > MOST_WALKED) return Math.round(end);
  const known = counted.get(load);
  if (known?.name === name) return known.count;
  const nextArea = drawnAreas(name, load);
  let count = 0;
  while (nextArea() < end) count++;
  counted.set(load, { name, count });
  return count;
}

/** Going through these takes half a second. */
const MOST_WALKED = 10_000_000;

/** A plan is counted several times while it is read, and never changes. */
const counted = new WeakMap<OpenProfile, { readonly name: string; readonly count: number }>();

/** How many arrivals are planned before `untilUs`. */
export function arrivalsBefore(untilUs: number, scenario: OpenScenario): number {
  const { load } = scenario;
  if (load.arrivals === "poisson") {
    const next = arrivalSequence(scenario);
    let count = 0;
    while ((next() ?? Infinity) < untilUs) count++;
    return count;
  }
  const { offsetUs } = createPacer(load.stages, load.phase);
  let low = 0;
  let high = arrivalCount(scenario);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (offsetUs(middle) < untilUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Areas at which Poisson arrivals 0, 1, 2, ... come. */
function drawnAreas(name: string, { seed }: OpenProfile): () => number {
  const gap = exponentialGaps(seed, name);
  let [n, sum] = [0, 0];
  return () => sum += gap(n++);
}

function endOf({ stages }: OpenProfile): number {
  return totalArea(stages) - ROUNDING;
}
