/**
 * Phases of evenly spaced scenarios. Two of one rate that start together would send at the same instants and wait for each
 * other, so that each measures the others. Each open scenario of a plan is therefore moved by a share of its own
 * interarrival (of a second, where that is shorter), by its place among them: multiples of the square root of 2, modulo 1,
 * which keep apart however many there are (the first of them is not moved). They are the same whichever of the scenarios are
 * run, and on every machine. The golden ratio would spread them as well, but rates are often multiples of each other: it had
 * each handshake of one target of the shipped plan come 40 us after a list.
 */
import type { Scenario } from "./plan.ts";
import { highestLevel, totalArea } from "./profile.ts";

/** Nobody waits longer than that for the first arrival, however seldom they come, nor beyond the end of a short load. */
const LONGEST_S = 1;

/** Phase of the open scenario number `at` of a plan, to a thousandth. */
export function spreadPhase(at: number): number {
  const turns = at * Math.SQRT2;
  return floored(turns - Math.floor(turns), 1e3);
}

function floored(value: number, scale: number): number {
  // 0.141 * 1e6 is 140999.999...
  return Math.floor(value * scale + 1e-6) / scale;
}

/**
 * Gives those of `scenarios` a phase that have none by hand.
 * @param order Names of the plan's open scenarios.
 */
export function withPhases(
  scenarios: readonly Scenario[],
  order: readonly string[],
  isByHand: (name: string) => boolean,
): Scenario[] {
  return scenarios.map((scenario) => {
    const { name, load } = scenario;
    if (load.model === "closed" || load.arrivals === "poisson" || isByHand(name)) return scenario;
    const { stages } = load;
    const share = Math.min(1, highestLevel(stages) * LONGEST_S, totalArea(stages));
    const phase = floored(share * spreadPhase(order.indexOf(name)), 1e6);
    return { ...scenario, load: { ...load, phase } };
  });
}
