import { exponentialGaps, ln, threefry2x32 } from "../../src/plan/poisson.ts";
import { randomOf } from "../../src/random.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("threefry2x32() gives the known answers of its authors' Random123", () => {
  const of = (key: [number, number], c0: number, c1: number): number[] => {
    const word: [number, number] = [0, 0];
    threefry2x32(key, c0, c1, word);
    return word;
  };
  assertEquals(of([0, 0], 0, 0), [0x6b200159, 0x99ba4efe]);
  assertEquals(of([-1, -1], -1, -1), [0x1cb996fc, 0xbb002be7]);
  assertEquals(of([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0]);
});

Deno.test("ln() is the natural logarithm to the last digits of a double", () => {
  const random = randomOf(5);
  for (let i = 0; i < 100_000; i++) {
    const x = i % 2 === 0 ? random() + 2 ** -40 : 2 ** -(52 * random());
    const [mine, engines] = [ln(x), Math.log(x)];
    assert(Math.abs(mine - engines) <= 4 * Number.EPSILON * Math.abs(engines), `${x}: ${mine}`);
  }
  assertEquals(ln(1), 0);
});

/** T. W. Anderson and D. A. Darling's A^2 against the unit exponential, of which nothing is estimated. */
function andersonDarling(gaps: Float64Array): number {
  const sorted = gaps.toSorted();
  const n = sorted.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const below = Math.log(-Math.expm1(-sorted[i]!));
    sum += (2 * i + 1) * (below - sorted[n - 1 - i]!);
  }
  return -n - sum / n;
}

/** Variance over mean of the counts in windows of ten, as standard deviations from the 1 of a Poisson process. */
function dispersion(gaps: Float64Array): number {
  const windows = Math.floor(gaps.length / 10 * 0.99);
  const counts = new Float64Array(windows);
  let at = 0;
  for (const gap of gaps) {
    at += gap;
    const window = Math.floor(at / 10);
    if (window < windows) counts[window]!++;
  }
  const mean = counts.reduce((sum, one) => sum + one, 0) / windows;
  const squares = counts.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return (squares / mean - (windows - 1)) / Math.sqrt(2 * (windows - 1));
}

function gapsOf(seed: number, name: string, count: number): Float64Array {
  const gap = exponentialGaps(seed, name);
  return Float64Array.from({ length: count }, (_, n) => gap(n));
}

/** Of the 1 % of samples that are farthest from an exponential. */
const CRITICAL = 3.857;

Deno.test("a million gaps are exponential by Anderson and Darling, and counts as dispersed as a Poisson process's", () => {
  for (const [seed, name] of [[1, "list"], [2, "list"], [1, "create"]] as const) {
    const gaps = gapsOf(seed, name, 1_000_000);
    const [squared, deviations] = [andersonDarling(gaps), dispersion(gaps)];
    assert(squared < CRITICAL, `${seed} ${name}: A^2 ${squared}`);
    assert(Math.abs(deviations) < 2.576, `${seed} ${name}: ${deviations} deviations`);
  }
});

Deno.test("the tests of gaps reject what is not a Poisson process", () => {
  const random = randomOf(3);
  const even = Float64Array.from({ length: 10_000 }, () => 0.9 + 0.2 * random());
  assert(andersonDarling(even) > CRITICAL);
  assert(Math.abs(dispersion(even)) > 2.576);
  const slow = gapsOf(1, "list", 50_000).map((gap) => 1.05 * gap);
  assert(andersonDarling(slow) > CRITICAL);
});
