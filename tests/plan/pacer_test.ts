import fc from "fast-check";
import type { Stage } from "../../src/plan/plan.ts";
import {
  arrivalCount,
  arrivalsBefore,
  type OpenScenario,
} from "../../src/plan/arrival_sequence.ts";
import { createPacer as pacerOf, type Pacer } from "../../src/plan/pacer.ts";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";

/** The evenly spaced arrivals of a profile: their number, and when number n comes. */
function createPacer(stages: readonly Stage[]): Pick<Pacer, "offsetUs"> & { total: number } {
  return { total: arrivalCount(openOf(stages)), offsetUs: pacerOf(stages).offsetUs };
}

function openOf(stages: readonly Stage[]): OpenScenario {
  const spacing = { arrivals: "even", seed: 1, phase: 0 } as const;
  return { name: "example", load: { model: "open", stages, maxInFlight: 1, ...spacing } };
}

function constant(rate: number, durationMs: number): Stage[] {
  return [{ durationMs, from: rate, to: rate }];
}

Deno.test("a constant rate sends arrival n at n / rate", () => {
  const pacer = createPacer(constant(50, 300_000));
  assertEquals(pacer.total, 15_000);
  assertEquals(pacer.offsetUs(0), 0);
  assertAlmostEquals(pacer.offsetUs(1), 20_000, 1e-6);
  assertAlmostEquals(pacer.offsetUs(14_999), 299_980_000, 1e-3);
});

Deno.test("100 per minute over 5 minutes are 500 arrivals, although 1/60 has no exact double", () => {
  assertEquals(createPacer(constant(100 / 60, 300_000)).total, 500);
});

Deno.test("a rate under one per second still sends its first arrival at the start", () => {
  const pacer = createPacer(constant(0.2, 10_000));
  assertEquals(pacer.total, 2);
  assertEquals([pacer.offsetUs(0), pacer.offsetUs(1)], [0, 5_000_000]);
});

Deno.test("a ramp from 0 to 100/s in 10 s sends arrival n at sqrt(n / 5) s", () => {
  const pacer = createPacer([{ durationMs: 10_000, from: 0, to: 100 }]);
  assertEquals(pacer.total, 500);
  for (const n of [0, 1, 5, 125, 499]) {
    assertAlmostEquals(pacer.offsetUs(n), Math.sqrt(n / 5) * 1e6, 1e-3);
  }
});

Deno.test("a ramp down slows towards its end", () => {
  const pacer = createPacer([{ durationMs: 10_000, from: 100, to: 0 }]);
  assertEquals(pacer.total, 500);
  const last = pacer.offsetUs(499) - pacer.offsetUs(498);
  assert(last > pacer.offsetUs(1) - pacer.offsetUs(0));
  assert(pacer.offsetUs(499) < 10_000_000);
});

Deno.test("stages follow each other without a gap or a jump", () => {
  const pacer = createPacer([
    { durationMs: 2_000, from: 10, to: 10 },
    { durationMs: 0, from: 10, to: 100 },
    { durationMs: 1_000, from: 100, to: 100 },
  ].filter(({ durationMs }) => durationMs > 0));
  assertEquals(pacer.total, 120);
  assertAlmostEquals(pacer.offsetUs(20), 2_000_000, 1e-3);
  assertAlmostEquals(pacer.offsetUs(21), 2_010_000, 1e-3);
});

const anyStages = fc.array(
  fc.record({
    durationMs: fc.integer({ min: 100, max: 20_000 }),
    from: fc.integer({ min: 0, max: 300 }),
    to: fc.integer({ min: 0, max: 300 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** The slow oracle: adds up the area in steps of 50 us and notes when it reaches each whole number. */
function walk(stages: readonly Stage[], upTo: number): number[] {
  const stepS = 50e-6;
  const offsets: number[] = [];
  let area = 0;
  let atS = 0;
  for (const { durationMs, from, to } of stages) {
    const steps = Math.round(durationMs / 1000 / stepS);
    for (let step = 0; step < steps && offsets.length < upTo; step++) {
      const rate = from + (to - from) * ((step + 0.5) / steps);
      while (area >= offsets.length && rate > 0 && offsets.length < upTo) offsets.push(atS * 1e6);
      area += rate * stepS;
      atS += stepS;
    }
  }
  return offsets;
}

Deno.test("the closed form agrees with adding up the rate in small steps", () => {
  fc.assert(
    fc.property(anyStages, (stages) => {
      const pacer = createPacer(stages);
      const upTo = Math.min(pacer.total, 200);
      const walked = walk(stages, upTo);
      for (let n = 0; n < Math.min(walked.length, upTo); n++) {
        const rate = 1e6 * n / Math.max(1, walked[n] ?? 0);
        // Near a rate of 0 a small error of area is a large one of time: there the area is what must agree.
        const toleranceUs = 200 + 2e6 / Math.max(1, rate) * 0.1;
        if (rate > 5) assertAlmostEquals(pacer.offsetUs(n), walked[n] ?? NaN, toleranceUs * 20);
      }
    }),
    { numRuns: 20 },
  );
});

Deno.test("arrivals are in order and inside the profile, whatever the stages", () => {
  fc.assert(fc.property(anyStages, (stages) => {
    const pacer = createPacer(stages);
    const endUs = stages.reduce((sum, { durationMs }) => sum + durationMs, 0) * 1000;
    let before = -1;
    for (let n = 0; n < Math.min(pacer.total, 2_000); n++) {
      const offset = pacer.offsetUs(n);
      assert(offset >= before && offset <= endUs, `arrival ${n} at ${offset} after ${before}`);
      before = offset;
    }
  }));
});

Deno.test("arrivalsBefore() counts those whose planned instant is earlier, however far it is looked", () => {
  fc.assert(fc.property(anyStages, fc.integer({ min: 0, max: 100_000_000 }), (stages, untilUs) => {
    const pacer = createPacer(stages);
    const earlier = Array.from({ length: pacer.total }, (_, n) => pacer.offsetUs(n))
      .filter((offsetUs) => offsetUs < untilUs).length;
    assertEquals(arrivalsBefore(untilUs, openOf(stages)), earlier);
  }));
});
