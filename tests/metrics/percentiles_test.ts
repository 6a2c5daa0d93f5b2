import fc from "fast-check";
import { Histogram } from "../../src/metrics/histogram.ts";
import { percentilePoints } from "../../src/metrics/percentiles.ts";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";

const values = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 300 });

function histogramOf(us: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of us) histogram.record(value);
  return histogram;
}

Deno.test("each point of the curve is the percentile that the histogram has there", () => {
  fc.assert(fc.property(values, fc.integer({ min: 1, max: 10 }), (us, ticks) => {
    const histogram = histogramOf(us);
    const points = percentilePoints(histogram, ticks);
    for (const { percentile, us: at, count } of points) {
      // Levels are sums, so that one may be a hair beyond the rank that it is meant for.
      const [low, high] = [-1e-9, 1e-9].map((hair) => histogram.percentile(percentile + hair));
      assert(low! <= at + 1 && at <= high! * 1.001 + 1, `${at} at ${percentile}`);
      const upTo = us.filter((value) => value <= at).length;
      assertEquals(count, upTo, `up to ${at}`);
    }
    assertEquals(points.at(-1), { percentile: 100, us: Math.max(...us), count: us.length });
    const ascending = points.map(({ percentile }) => percentile);
    assertEquals(ascending, ascending.toSorted((a, b) => a - b));
  }));
});

Deno.test("the steps halve each time that half of the way to 100 % is done", () => {
  const histogram = histogramOf(Array.from({ length: 1000 }, (_, i) => i));
  const points = percentilePoints(histogram, 5).map(({ percentile }) => percentile);
  const expected = [0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75, 77.5, 80, 82.5, 85, 87.5, 88.75];
  points.slice(0, expected.length).forEach((percentile, i) =>
    assertAlmostEquals(percentile, expected[i]!, 1e-9)
  );
  assertEquals(percentilePoints(histogram, 5).slice(0, 3), [
    { percentile: 0, us: 0, count: 1 },
    { percentile: 10, us: 99, count: 100 },
    { percentile: 20, us: 199, count: 200 },
  ]);
});

Deno.test("nothing recorded has no curve", () => {
  assertEquals(percentilePoints(new Histogram()), []);
});
