import {
  coresOf,
  msOf,
  packed,
  rounded,
  shareOf,
  statsOf,
  unpacked,
} from "../../src/metrics/stats.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { assertEquals } from "../assert.ts";

Deno.test("msOf() is milliseconds to a tenth of a microsecond", () => {
  assertEquals([msOf(1234.56), msOf(0), msOf(0.04)], [1.2346, 0, 0]);
});

Deno.test("rounded() has three decimals, or as many as are asked for", () => {
  assertEquals([rounded(1.23456), rounded(0.1 + 0.2), rounded(1.23456, 1)], [1.235, 0.3, 1.2]);
});

Deno.test("shareOf() of nothing is null, and has six decimals else", () => {
  assertEquals([shareOf(1, 3), shareOf(0, 3), shareOf(3, 3), shareOf(0, 0)], [
    0.333333,
    0,
    1,
    null,
  ]);
});

Deno.test("coresOf() is CPU time by the length of the run", () => {
  assertEquals([coresOf(15, 10), coresOf(1, 3), coresOf(0, 3), coresOf(5, 0)], [1.5, 0.333, 0, 0]);
});

Deno.test("statsOf() are those of sorted values by hand, in milliseconds", () => {
  const histogram = new Histogram();
  for (let us = 1; us <= 1000; us++) histogram.record(us);
  assertEquals(statsOf(histogram.toData()), {
    count: 1000,
    min: 0.001,
    avg: 0.5005,
    p50: 0.5,
    p90: 0.9,
    p95: 0.95,
    p99: 0.99,
    p999: 0.999,
    max: 1,
  });
  assertEquals([statsOf(undefined), statsOf(new Histogram().toData())], [null, null]);
});

Deno.test("packed() and unpacked() are one histogram, and nothing is null", () => {
  const histogram = new Histogram();
  for (const us of [0.5, 7, 7, 90_000.25]) histogram.record(us);
  const kept = packed(histogram.toData())!;
  assertEquals(unpacked(kept).toData(), histogram.toData());
  assertEquals([kept.count, kept.sum_us, kept.min_us, kept.max_us], [4, 90_014.75, 0.5, 90_000.25]);
  assertEquals([packed(undefined), packed(new Histogram().toData())], [null, null]);
  assertEquals([unpacked(null).count, unpacked(undefined).count], [0, 0]);
});
