import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { randomOf } from "../../src/random.ts";
import { fitUsl, uslOf, uslRate } from "../../src/capacity/usl.ts";

function points(
  inFlight: readonly number[],
  perS: readonly number[],
): { inFlight: number; perS: number }[] {
  return inFlight.map((n, at) => ({ inFlight: n, perS: perS[at]! }));
}

/** SPEC SDM91 on a Sun SPARCcenter 2000: the sample data `specsdm91` of the R package `usl`. */
const SPEC_SDM91 = points(
  [1, 18, 36, 72, 108, 144, 216],
  [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2],
);
/** A ray tracer by processors: `raytracer` of the same package. */
const RAYTRACER = points(
  [1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64],
  [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310],
);

Deno.test("uslOf() agrees with scipy.optimize.curve_fit (1.17.1) on published measurements", () => {
  const usl = uslOf(SPEC_SDM91, 1);
  assert(!("refused" in usl));
  assertAlmostEquals(usl.lambda, 89.99513934, 1e-4);
  assertAlmostEquals(usl.sigma, 0.0277283925, 1e-7);
  assertAlmostEquals(usl.kappa, 0.0001043657322, 1e-9);
  assertAlmostEquals(usl.rSquared, 0.98956148, 1e-7);
  // sqrt((1 - sigma) / kappa).
  assertAlmostEquals(usl.peak!.inFlight, 96.519, 0.01);
  for (const name of ["lambda", "sigma", "kappa"] as const) {
    assert(usl.intervals[name].low <= usl[name] && usl[name] <= usl.intervals[name].high);
  }
});

Deno.test("uslOf() agrees with scipy where no coherency is left, which is the bound of that coefficient", () => {
  const usl = uslOf(RAYTRACER, 1);
  assert(!("refused" in usl));
  assertAlmostEquals(usl.lambda, 21.84884298, 1e-4);
  assertAlmostEquals(usl.sigma, 0.05777078121, 1e-7);
  assertEquals(usl.kappa, 0);
  assertEquals(usl.peak, null);
  assertAlmostEquals(usl.rSquared, 0.99069492, 1e-7);
});

Deno.test("fitUsl() finds the coefficients that a curve was made with", () => {
  const coefficients = fc.record({
    lambda: fc.double({ min: 1, max: 1e4, noNaN: true }),
    sigma: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
    kappa: fc.double({ min: 1e-6, max: 0.01, noNaN: true }),
  });
  fc.assert(fc.property(coefficients, (made) => {
    const curve = [0.5, 1, 2, 5, 10, 20, 50, 100].map((inFlight) => ({
      inFlight,
      perS: uslRate(inFlight, made),
    }));
    const fit = fitUsl(curve)!;
    assertAlmostEquals(fit.lambda / made.lambda, 1, 1e-5);
    assertAlmostEquals(fit.sigma, made.sigma, 1e-5);
    assertAlmostEquals(fit.kappa, made.kappa, 1e-6);
  }));
});

Deno.test("the intervals hold the truth in most of noisy curves, and are the same for the same seed", () => {
  const made = { lambda: 100, sigma: 0.08, kappa: 0.0005 };
  let held = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomOf(seed);
    const noisy = [1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 80, 100].map((inFlight) => ({
      inFlight,
      perS: uslRate(inFlight, made) * (1 + 0.04 * (random() + random() + random() - 1.5)),
    }));
    const usl = uslOf(noisy, 1);
    assert(!("refused" in usl));
    if (seed === 1) assertEquals(uslOf(noisy, 1), usl);
    const { low, high } = usl.intervals.sigma;
    if (low <= made.sigma && made.sigma <= high) held++;
  }
  assert(held >= 9, `${held} of 12`);
});

Deno.test("whatever the levels are, a fitted curve is a rate for any number in flight, and highest at one or more", () => {
  const level = fc.record({
    inFlight: fc.double({ min: 1e-3, max: 500, noNaN: true }),
    serviceMs: fc.double({ min: 0.1, max: 1e3, noNaN: true }),
  });
  // What few requests a second make of a fast server: little in flight, and a share of it chance.
  const light = fc.record({
    inFlight: fc.double({ min: 1e-3, max: 3, noNaN: true }),
    serviceMs: fc.double({ min: 0.9, max: 1.4, noNaN: true }),
  });
  let fitted = 0;
  const held = (given: readonly { inFlight: number; serviceMs: number }[]): void => {
    const levels = given.map(({ inFlight, serviceMs }) => ({
      inFlight,
      perS: inFlight / serviceMs * 1000,
    }));
    const usl = uslOf(levels, 1);
    if ("refused" in usl) return;
    fitted++;
    assert(usl.peak === null || usl.peak.inFlight >= 1 && usl.peak.perS > 0, JSON.stringify(usl));
    for (const n of [1e-3, 0.1, 0.5, 1, 3, 500]) {
      assert(uslRate(n, usl) > 0, `${n}: ${JSON.stringify(usl)}`);
    }
  };
  for (const each of [level, light]) {
    fc.assert(fc.property(fc.array(each, { minLength: 6, maxLength: 10 }), held), { numRuns: 30 });
  }
  assert(fitted > 0);
});

Deno.test("uslOf() refuses, with its reason, what tells nothing of the law", () => {
  const refusals = [
    [
      points([0.02, 0.04, 0.08, 0.1, 0.2, 0.4], [20, 30, 60, 75, 150, 260]),
      "at most 0.4 were in flight",
    ],
    [[], "0 levels are fit for it, and 6 are needed"],
    [SPEC_SDM91.slice(0, 5), "5 levels are fit for it, and 6 are needed"],
    [points([10, 11, 12, 13, 14, 15], [1, 2, 3, 4, 5, 6]), "times the least"],
    [points([1, 2, 4, 8, 16, 32], [10, 20, 40, 80, 160, 320]), "no bend was seen"],
    [points([1, 2, 4, 8, 16, 32], [50, 10, 80, 5, 60, 20]), "do not follow the law"],
    [points([0, 2, 4, 8, 16, 32], [0, 20, 40, 80, 160, 320]), "nothing in flight"],
  ] as const;
  for (const [given, reason] of refusals) {
    const usl = uslOf(given, 1);
    assert("refused" in usl, reason);
    assert(usl.refused.includes(reason), usl.refused);
  }
});
