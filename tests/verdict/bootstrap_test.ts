import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { packed } from "../../src/metrics/stats.ts";
import type { SummarySeries } from "../../src/metrics/summary_schema.ts";
import { blockLengthOf, uncertaintyOf } from "../../src/verdict/bootstrap.ts";
import { randomOf } from "../../src/verdict/random.ts";

type Course = SummarySeries["course"];

/** A slice a second; `us` and `fails` are asked for each of its requests. */
function courseOf(
  seconds: number,
  perSecond: number,
  us: (second: number) => number,
  fails: (second: number) => boolean = () => false,
): Course {
  const slices = Array.from({ length: seconds }, (_, second) => {
    const times = new Histogram();
    let failed = 0;
    for (let i = 0; i < perSecond; i++) {
      times.record(us(second));
      if (fails(second)) failed++;
    }
    return {
      at_s: second,
      count: perSecond,
      failed,
      dropped: 0,
      max_lag_ms: 0,
      response_time: packed(times.toData()),
    };
  });
  return { width_s: 1, slices };
}

Deno.test("uncertaintyOf() of independent requests is what theory says", () => {
  const random = randomOf(7);
  // Of an even distribution over 1000..2000 µs the median's standard error is 1000 / (2 sqrt(n)).
  const course = courseOf(120, 50, () => 1000 + 1000 * random(), () => random() < 0.1);
  const found = uncertaintyOf(course, randomOf(1))!;
  const n = 120 * 50;
  assertAlmostEquals(found.logPercentiles[0]!, 500 / Math.sqrt(n) / 1500, 0.0015);
  assertAlmostEquals(found.errorRate, Math.sqrt((0.1 * 0.9) / n), 0.0015);
});

Deno.test("uncertaintyOf() is larger by far when slow and failed requests come in spells", () => {
  const random = randomOf(7);
  const spell = (second: number): boolean => second % 40 < 8;
  const even = courseOf(
    120,
    50,
    () => (random() < 0.2 ? 9000 : 1000) + random(),
    () => random() < 0.2,
  );
  const spells = courseOf(120, 50, (s) => (spell(s) ? 9000 : 1000) + random(), spell);
  const [one, other] = [even, spells].map((course) => uncertaintyOf(course, randomOf(1))!);
  assert(other!.errorRate > 5 * one!.errorRate, `${other!.errorRate} and ${one!.errorRate}`);
});

Deno.test("uncertaintyOf() of a constant is nothing", () => {
  const found = uncertaintyOf(courseOf(60, 10, () => 1500), randomOf(1))!;
  for (const error of found.logPercentiles) assertAlmostEquals(error, 0, 1e-12);
  assertEquals(found.errorRate, 0);
});

Deno.test("uncertaintyOf() does not tell from a few seconds", () => {
  assertEquals(uncertaintyOf(courseOf(5, 100, () => 1500), randomOf(1)), undefined);
  assertEquals(uncertaintyOf({ width_s: 1, slices: [] }, randomOf(1)), undefined);
});

Deno.test("blockLengthOf() gives a run at most fifteen blocks once it is long", () => {
  assertEquals([1, 8, 60, 300, 600].map(blockLengthOf), [1, 2, 4, 20, 40]);
});
