import fc from "fast-check";
import { addGauges, GaugeSeries, gaugeWidthS } from "../../src/metrics/gauges.ts";
import { MAX_SLICES } from "../../src/metrics/slices.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("a gauge keeps of each second its greatest and its last value", () => {
  const series = new GaugeSeries();
  for (const [value, atS] of [[3, 0.1], [25, 0.2], [7, 0.9], [0, 4.5]] as const) {
    series.record(value, atS * 1e6);
  }
  assertEquals(series.slices(), [
    { second: 0, max: 25, last: 7, lastUs: 0.9e6 },
    { second: 4, max: 0, last: 0, lastUs: 4.5e6 },
  ]);
});

Deno.test("a value of before the run's start is in its first second", () => {
  const series = new GaugeSeries();
  series.record(3, -1e6);
  assertEquals(series.slices().map(({ second }) => second), [0]);
});

Deno.test("a gauge of a long run has no more slices than one of 600 s, each as wide as its last second tells", () => {
  const series = new GaugeSeries();
  for (let second = 0; second < 5 * MAX_SLICES; second++) series.record(second, second * 1e6);
  const slices = series.slices();
  assertEquals([slices.length, slices.at(-1)?.last, slices.at(-1)?.max], [375, 2999, 2999]);
  const widthS = slices[1]!.second;
  assertEquals(widthS, gaugeWidthS(slices.at(-1)!.second));
  assertEquals(gaugeWidthS(599), 1);
  assertEquals(gaugeWidthS(600), 2);
});

Deno.test("the gauges of several workers are those of one that saw every value, in whatever order", () => {
  const value = fc.record({
    value: fc.integer({ min: -5, max: 50 }),
    atUs: fc.integer({ min: 0, max: 3000e6 }),
    worker: fc.nat(2),
  });
  fc.assert(fc.property(fc.array(value, { maxLength: 60 }), (values) => {
    const slicesOf = (those: typeof values) => {
      const series = new GaugeSeries();
      for (const { value, atUs } of those) series.record(value, atUs);
      return { jobs: series.slices() };
    };
    const parts = [2, 0, 1].map((worker) =>
      slicesOf(values.filter((one) => one.worker === worker))
    );
    const sum = parts.reduce(addGauges, {});
    assertEquals(sum.jobs ?? [], slicesOf(values).jobs);
    assert((sum.jobs ?? []).length <= MAX_SLICES);
  }));
});

Deno.test("a gauge that only one of two parts has is taken as it is", () => {
  const a = [{ second: 1, max: 2, last: 2, lastUs: 1e6 }];
  const b = [{ second: 9, max: 1, last: 1, lastUs: 9e6 }];
  assertEquals(addGauges({ x: a }, { y: b }), { x: a, y: b });
});
