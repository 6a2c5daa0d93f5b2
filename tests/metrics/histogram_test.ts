import fc from "fast-check";
import { build } from "hdr-histogram-js";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { bucketHigh, Histogram } from "../../src/metrics/histogram.ts";

/** Durations from below a microsecond to days, evenly over the orders of magnitude. */
const duration = fc.double({ min: -1, max: 38, noNaN: true }).map((exponent) => 2 ** exponent);
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });
const percentile = fc.double({ min: 0, max: 100, noNaN: true });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Highest values (whole microseconds) of the buckets that hold something, and how much. */
function bucketsOf(histogram: Histogram): { highUs: number; count: number }[] {
  const { indices, counts } = histogram.toData();
  return Array.from(indices, (index, i) => ({ highUs: bucketHigh(index), count: counts[i]! }));
}

/** The definition itself, on all values: the smallest that at least `p` percent do not exceed. */
function exactPercentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  // Whole percents of whole numbers must not be rounded up by the last bit of a double.
  const rank = Math.ceil((p / 100) * sorted.length * (1 - 4 * Number.EPSILON));
  return sorted[Math.max(1, rank) - 1]!;
}

Deno.test("Histogram keeps count, sum, minimum, maximum and mean exactly", () => {
  fc.assert(fc.property(durations, (values) => {
    const h = histogramOf(values);
    assertEquals(h.count, values.length);
    assertEquals(h.minUs, Math.min(...values));
    assertEquals(h.maxUs, Math.max(...values));
    const { sumUs } = h.toData();
    assertEquals(sumUs, values.reduce((a, b) => a + b, 0));
    assertEquals(h.meanUs, sumUs / values.length);
  }));
});

Deno.test("Histogram.percentile() is within a thousandth, or a microsecond, of the exact one", () => {
  fc.assert(fc.property(durations, percentile, (values, p) => {
    const exact = exactPercentile(values, p);
    const got = histogramOf(values).percentile(p);
    assert(Math.abs(got - exact) <= Math.max(1, exact / 1000), `${got} for ${exact} at ${p}`);
  }));
});

Deno.test("Histogram.percentile() never leaves what was recorded, and does not fall as percent rise", () => {
  fc.assert(fc.property(durations, percentile, percentile, (values, p, q) => {
    const h = histogramOf(values);
    const [low, high] = [h.percentile(Math.min(p, q)), h.percentile(Math.max(p, q))];
    assert(h.minUs <= low && low <= high && high <= h.maxUs);
  }));
});

Deno.test("Histogram.add() of the parts is the histogram of the whole, dense or sparse", () => {
  fc.assert(fc.property(durations, durations, (a, b) => {
    const whole = histogramOf([...a, ...b]).toData();
    const dense = histogramOf(a).add(histogramOf(b)).toData();
    const sparse = Histogram.from(histogramOf(a).toData(), undefined, histogramOf(b).toData());
    for (const sum of [dense, sparse.toData()]) {
      assertEquals(sum.indices, whole.indices);
      assertEquals(sum.counts, whole.counts);
      assertEquals([sum.count, sum.minUs, sum.maxUs], [whole.count, whole.minUs, whole.maxUs]);
      assertAlmostEquals(sum.sumUs, whole.sumUs, whole.sumUs * 1e-12);
    }
  }));
});

Deno.test("Histogram.add() loses nothing of a part that ends right where the whole has room, or one bucket on", () => {
  // The buckets' array grows by half of the first one's, at each power of two.
  for (const edge of [2048, 4096, 8192, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 50]) {
    for (const value of [edge - 1, edge, edge * 1.001]) {
      const part = histogramOf([value]);
      for (const start of [[], [5], [2048]]) {
        for (const added of [part, part.toData()]) {
          const sum = histogramOf(start).add(added);
          const held = bucketsOf(sum).reduce((n, { count }) => n + count, 0);
          assertEquals([held, sum.count], [start.length + 1, start.length + 1], `${value}`);
          assertEquals(sum.percentile(100), Math.max(value, ...start));
        }
      }
    }
  }
});

Deno.test("Histogram has the buckets of HdrHistogram with three digits: whole, then half as fine at each power of two", () => {
  const highs = (values: readonly number[]): number[] =>
    bucketsOf(histogramOf(values)).map(({ highUs }) => highUs);
  assertEquals(highs([0, 0.9, 1, 2047.9]), [0, 1, 2047]);
  assertEquals(highs([2048, 2049, 2050, 4095]), [2049, 2051, 4095]);
  assertEquals(highs([2 ** 31 - 1, 2 ** 31, 2 ** 32]), [
    2 ** 31 - 1,
    2 ** 31 + 2 ** 21 - 1,
    2 ** 32 + 2 ** 22 - 1,
  ]);
  assertEquals(highs([2 ** 53 - 1]), [2 ** 53 - 1]);
});

Deno.test("Histogram records into the bucket that hdr-histogram-js would take by itself", () => {
  const edges = Array.from({ length: 53 }, (_, i) => 2 ** i).flatMap((n) => [n - 1, n, n + 1]);
  fc.assert(
    fc.property(fc.oneof(duration.map(Math.floor), fc.constantFrom(...edges)), (value) => {
      const library = build({ highestTrackableValue: 2 ** 53 - 1, bitBucketSize: 64 });
      library.recordValue(value);
      const [bucket] = bucketsOf(histogramOf([value]));
      assertEquals(bucket, { highUs: library.getValueAtPercentile(100), count: 1 });
    }),
    { numRuns: 2000 },
  );
});

Deno.test("Histogram.toData() counts as many as were recorded, in ascending order", () => {
  fc.assert(fc.property(durations, (values) => {
    const buckets = bucketsOf(histogramOf(values));
    assertEquals(buckets.reduce((n, { count }) => n + count, 0), values.length);
    assertEquals(
      buckets.map(({ highUs }) => highUs),
      buckets.map(({ highUs }) => highUs).toSorted((a, b) => a - b),
    );
  }));
});

Deno.test("Histogram without values is all zeros, also after clear()", () => {
  const h = histogramOf([5, 7000]);
  h.clear();
  for (const empty of [h, new Histogram()]) {
    assertEquals([empty.count, empty.minUs, empty.maxUs, empty.meanUs, empty.percentile(99)], [
      0,
      0,
      0,
      0,
      0,
    ]);
    assertEquals(bucketsOf(empty), []);
  }
});

Deno.test("Histogram records a negative duration as zero", () => {
  assertEquals(histogramOf([-5]).minUs, 0);
});

Deno.test("Histogram.percentile() does not round 99.9 % of a thousand up to the last", () => {
  const thousand = histogramOf(Array.from({ length: 1000 }, (_, i) => i + 1));
  assertEquals([0, 50, 99, 99.9, 100].map((p) => thousand.percentile(p)), [1, 500, 990, 999, 1000]);
});

Deno.test("Histogram.percentileLevels() halve their steps each time that half of the way to 100 is done", () => {
  const levels = histogramOf(Array.from({ length: 1000 }, (_, i) => i)).percentileLevels(5);
  const expected = [0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75, 77.5, 80, 82.5, 85, 87.5, 88.75];
  assertEquals(levels.slice(0, expected.length), expected);
  assertEquals(levels.at(-1), 100);
  assertEquals(levels, levels.toSorted((a, b) => a - b));
  assertEquals(new Histogram().percentileLevels(5), []);
});

Deno.test("Histogram.clear() forgets everything: what is recorded then is all that there is", () => {
  const again = histogramOf([5, 7000]);
  again.clear();
  again.record(40);
  assertEquals(again.toData(), histogramOf([40]).toData());
});

Deno.test("of a histogram in which nothing was recorded every figure is 0", () => {
  const none = new Histogram();
  assertEquals([none.count, none.minUs, none.maxUs, none.meanUs, none.percentile(99)], [
    0,
    0,
    0,
    0,
    0,
  ]);
});
