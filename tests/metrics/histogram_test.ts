import fc from "fast-check";
import { build } from "hdr-histogram-js";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { bucketHigh, bucketIndex, Histogram, percentileRank } from "../../src/metrics/histogram.ts";

/** Durations from below a microsecond to days, evenly over the orders of magnitude. */
const duration = fc.double({ min: -1, max: 38, noNaN: true }).map((exponent) => 2 ** exponent);
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });
const percentile = fc.double({ min: 0, max: 100, noNaN: true });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The definition itself, on all values: the smallest that at least `p` percent do not exceed. */
function exactPercentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[percentileRank(p, sorted.length) - 1]!;
}

Deno.test("Histogram keeps count, sum, minimum, maximum and mean exactly", () => {
  fc.assert(fc.property(durations, (values) => {
    const h = histogramOf(values);
    assertEquals(h.count, values.length);
    assertEquals(h.minUs, Math.min(...values));
    assertEquals(h.maxUs, Math.max(...values));
    assertEquals(h.sumUs, values.reduce((a, b) => a + b, 0));
    assertEquals(h.meanUs, h.sumUs / values.length);
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

Deno.test("Histogram agrees with hdr-histogram-js on every bucket and percentile", () => {
  const wholes = fc.array(duration.map(Math.ceil), { minLength: 1, maxLength: 300 });
  fc.assert(fc.property(wholes, percentile, (values, p) => {
    const oracle = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 2 ** 40,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 64,
    });
    for (const value of values) oracle.recordValue(value);
    const h = histogramOf(values);
    const expected = Math.min(oracle.getValueAtPercentile(p), Math.max(...values));
    assertEquals(h.percentile(p), Math.max(expected, h.minUs));
  }));
});

Deno.test("bucketHigh() is the last whole microsecond of its bucket", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 45_000 }), (index) => {
    assertEquals(bucketIndex(bucketHigh(index)), index);
    assertEquals(bucketIndex(bucketHigh(index) + 1), index + 1);
  }));
});

Deno.test("bucketIndex() is the same on both sides of 32 bits as by halving", () => {
  for (const value of [0, 0.5, 2047.9, 2048, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52]) {
    let [sub, exponent] = [value, 0];
    while (sub >= 2048) [sub, exponent] = [sub / 2, exponent + 1];
    assertEquals(bucketIndex(value), exponent * 1024 + Math.floor(sub), String(value));
  }
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
  for (const edge of [2048, 3072, 4096, 10 * 1024]) {
    for (const index of [edge - 1, edge, edge + 1]) {
      const part = histogramOf([bucketHigh(index)]);
      assertEquals(Array.from(part.toData().indices), [index]);
      for (const start of [[], [5], [bucketHigh(2048)]]) {
        for (const added of [part, part.toData()]) {
          const sum = histogramOf(start).add(added);
          const held = Array.from(sum.buckets()).reduce((n, { count }) => n + count, 0);
          assertEquals([held, sum.count], [start.length + 1, start.length + 1], `bucket ${index}`);
          assertEquals(sum.percentile(100), Math.max(bucketHigh(index), ...start));
        }
      }
    }
  }
});

Deno.test("Histogram.buckets() counts as many as were recorded, in ascending order", () => {
  fc.assert(fc.property(durations, (values) => {
    const buckets = [...histogramOf(values).buckets()];
    assertEquals(buckets.reduce((n, { count }) => n + count, 0), values.length);
    assertEquals(
      buckets.map(({ index }) => index),
      buckets.map(({ index }) => index).toSorted((a, b) => a - b),
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
    assertEquals([...empty.buckets()], []);
  }
});

Deno.test("Histogram records a negative duration as zero", () => {
  assertEquals(histogramOf([-5]).minUs, 0);
});

Deno.test("percentileRank() does not round 99.9 % of a thousand up to the last", () => {
  assertEquals(percentileRank(99.9, 1000), 999);
  assertEquals(percentileRank(99, 500), 495);
  assertEquals(percentileRank(0, 10), 1);
  assertEquals(percentileRank(100, 10), 10);
});
