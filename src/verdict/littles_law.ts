/**
 * Little's law: what is in a system is what goes through it times the time that each stays (L = λW), whatever the order
 * and the distribution, over any stretch that begins and ends empty. Measured from three sides, it says whether the three
 * belong together. https://doi.org/10.1287/opre.9.3.383
 */

/** What is measured of a system. */
export interface Throughflow {
  /** L: in it, over time. */
  readonly inFlight: number;
  /** λ: through it. */
  readonly throughputPerS: number;
  /** W: that each stays. */
  readonly timeS: number;
}

export interface LittlesLaw {
  /** λW: what should be in the system. */
  readonly expected: number;
  /** Of the expected: 0.1 is a tenth more or less. */
  readonly off: number;
  readonly holds: boolean;
}

/** What sampling may cost; beyond that something is counted that is not what it is called. */
const TOLERANCE = 0.1;

/**
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(littlesLaw({ inFlight: 25, throughputPerS: 100, timeS: 0.25 }).holds, true);
 * assertEquals(littlesLaw({ inFlight: 250, throughputPerS: 100, timeS: 0.25 }).holds, false);
 * ```
 */
export function littlesLaw({ inFlight, throughputPerS, timeS }: Throughflow): LittlesLaw {
  const expected = throughputPerS * timeS;
  const off = expected === 0 ? (inFlight === 0 ? 0 : Infinity) : Math.abs(inFlight / expected - 1);
  return { expected, off, holds: off <= TOLERANCE };
}
