import fc from "fast-check";
import { Histogram, type HistogramData } from "../../src/metrics/histogram.ts";
import { HistogramSum } from "../../src/metrics/histogram_sum.ts";
import { assertAlmostEquals, assertEquals } from "../assert.ts";

/** Microseconds with their fractions, from nothing to years. */
const values = fc.array(
  fc.double({ min: 0, max: 47, noNaN: true }).map((exponent) => 2 ** exponent - 1),
  { maxLength: 60 },
);
const parts = fc.array(values, { maxLength: 8 });

function dataOf(some: readonly number[]): HistogramData {
  const histogram = new Histogram();
  for (const value of some) histogram.record(value);
  return histogram.toData();
}

function sumOf(some: readonly (readonly number[])[]): HistogramData {
  return some.reduce((sum, part) => sum.add(dataOf(part)), new HistogramSum()).data();
}

Deno.test("HistogramSum of parts is the histogram of all values, to the last bucket", () => {
  fc.assert(fc.property(parts, (some) => {
    const [sum, whole] = [sumOf(some), dataOf(some.flat())];
    assertEquals(
      [sum.count, sum.indices, sum.counts, sum.minUs, sum.maxUs],
      [whole.count, whole.indices, whole.counts, whole.minUs, whole.maxUs],
    );
    assertAlmostEquals(sum.sumUs, whole.sumUs, 1e-9 * whole.sumUs + 1e-6);
  }));
});

Deno.test("HistogramSum is the same in any order, to the last bit of the sum of all values", () => {
  const shuffled = parts.chain((some) =>
    fc.tuple(
      fc.constant(some),
      fc.shuffledSubarray([...some.keys()], { minLength: some.length }),
    )
  );
  fc.assert(fc.property(shuffled, ([some, order]) => {
    assertEquals(sumOf(order.map((at) => some[at]!)), sumOf(some));
  }));
});

Deno.test("HistogramSum of nothing is empty", () => {
  assertEquals(new HistogramSum().data(), new Histogram().toData());
});

Deno.test("HistogramSum is exact beyond 32 bits", () => {
  const one = { sumUs: 3, minUs: 3, maxUs: 3, indices: Uint32Array.of(3) };
  const of = (count: number): HistogramData => ({ ...one, count, counts: Float64Array.of(count) });
  const sum = new HistogramSum();
  for (const count of [7, 2 ** 32 - 8, 1, 2 ** 40]) sum.add(of(count));
  assertEquals(sum.data().counts, Float64Array.of(2 ** 40 + 2 ** 32));
});
