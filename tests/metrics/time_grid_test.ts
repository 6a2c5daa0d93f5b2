import fc from "fast-check";
import { MAX_SLICES, SliceSeries } from "../../src/metrics/slices.ts";
import { TimeGrid } from "../../src/metrics/time_grid.ts";
import { assert, assertEquals, assertLess } from "../assert.ts";

interface Course {
  readonly originS: number;
  readonly widthS: number;
  /** Slices in which something is, counted from the first. */
  readonly places: readonly number[];
}

const add = (a: number, b: number): number => a + b;
const COUNTS = { empty: () => 0, add, join: add };

const courses = fc.array(
  fc.record({
    originS: fc.oneof(
      fc.constant(0),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.double({ min: 1.7e9, max: 1.7e9 + 900, noNaN: true }),
    ),
    widthS: fc.constantFrom(1, 2, 8),
    places: fc.uniqueArray(fc.nat(MAX_SLICES - 1), { minLength: 1, maxLength: 20 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function gridOf(some: readonly Course[]): { widthS: number; slices: [number, number][] } {
  const grid = new TimeGrid(COUNTS);
  for (const { originS, widthS, places } of some) {
    grid.add(originS, widthS, places.map((place) => [place * widthS, 1] as const));
  }
  return grid.slices(Math.min(...some.map(({ originS }) => originS)));
}

Deno.test("TimeGrid loses nothing, holds no more than a run's slices, and begins with the first machine", () => {
  fc.assert(fc.property(courses, (some) => {
    const { widthS, slices } = gridOf(some);
    const all = some.reduce((sum, { places }) => sum + places.length, 0);
    assertEquals(slices.reduce((sum, [, count]) => sum + count, 0), all);
    assert(slices.length <= MAX_SLICES);
    for (const [second] of slices) {
      assert(second >= 0 && second % widthS === 0, `${second} of ${widthS}`);
      assertLess(second, widthS * MAX_SLICES);
    }
  }));
});

Deno.test("TimeGrid is the same in any order", () => {
  const shuffled = courses.chain((some) =>
    fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))
  );
  fc.assert(fc.property(shuffled, ([some, other]) => assertEquals(gridOf(other), gridOf(some))));
});

Deno.test("TimeGrid puts each slice within half of one of where it was, and one width more where widths differ", () => {
  fc.assert(fc.property(courses, fc.nat(5), (some, at) => {
    const one = some[at % some.length]!;
    const zero = Math.min(...some.map(({ originS }) => originS));
    const place = one.places[0]!;
    const marked = some.map((course) => (
      { ...course, places: course === one ? [place] : [] }
    ));
    const grid = new TimeGrid(COUNTS);
    for (const { originS, widthS, places } of marked) {
      grid.add(originS, widthS, places.map((each) => [each * widthS, 1] as const));
    }
    const { widthS, slices: [found] } = grid.slices(zero);
    const trueS = one.originS - zero + place * one.widthS;
    // The whole's start is itself put on the grid.
    assertLess(Math.abs(found![0] - trueS), widthS + one.widthS / 2 + 1e-6);
  }));
});

Deno.test("TimeGrid of machines that began at once has the slices of one run, however long that was", () => {
  const places = fc.uniqueArray(fc.nat(5_000), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(places, (seconds) => {
    const nothing = { count: 0, indices: new Uint32Array(), counts: new Float64Array() };
    const empty = { ...nothing, sumUs: 0, minUs: 0, maxUs: 0 };
    const series = new SliceSeries();
    const grid = new TimeGrid(COUNTS);
    for (const second of seconds) {
      series.add({ second, count: 1, failed: 0, dropped: 0, maxLagUs: 0, responseTime: empty });
      grid.add(0, 1, [[second, 1]]);
    }
    const whole = series.timeSeries();
    assertEquals(grid.slices(0), {
      widthS: whole.widthS,
      slices: whole.slices.map(({ second, count }): [number, number] => [second, count]),
    });
  }));
});
