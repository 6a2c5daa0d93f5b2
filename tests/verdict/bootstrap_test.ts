import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { packed } from "../../src/metrics/stats.ts";
import type { SummarySeries } from "../../src/metrics/summary_schema.ts";
import { blockLengthOf, type Uncertainty, uncertaintyOf } from "../../src/verdict/bootstrap.ts";
import { randomOf } from "../../src/random.ts";

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

/** One request: a response time in microseconds, or nothing where it failed otherwise than by waiting. */
type Request = number | "failed";

function courseWith(slices: readonly (readonly Request[])[]): Course {
  return {
    width_s: 1,
    slices: slices.map((requests, at_s) => {
      const times = new Histogram();
      for (const us of requests) if (us !== "failed") times.record(us);
      const failed = requests.filter((one) => one === "failed").length;
      const response_time = packed(times.toData());
      return { at_s, count: requests.length, failed, dropped: 0, max_lag_ms: 0, response_time };
    }),
  };
}

/** The same by lists and sorting, slowly: `groups` are what is drawn from, in blocks of `length`. */
function drawnByHand(
  groups: readonly (readonly Request[])[],
  length: number,
  seed: number,
): Omit<Uncertainty, "freedom"> {
  const random = randomOf(seed);
  const columns: number[][] = [[], [], [], []];
  for (let i = 0; i < 1000; i++) {
    const drawn: (readonly Request[])[] = [];
    while (drawn.length < groups.length) {
      const start = Math.floor(random() * groups.length);
      for (let k = 0; k < length; k++) drawn.push(groups[(start + k) % groups.length]!);
    }
    const requests = drawn.slice(0, groups.length).flat();
    const times = requests.filter((one) => one !== "failed").sort((a, b) => a - b);
    [50, 95, 99].forEach((percent, p) => {
      const us = times[Math.max(1, Math.ceil((percent * times.length) / 100)) - 1] ?? 0;
      columns[p]!.push(Math.log(Math.max(1, us)));
    });
    const failed = requests.length - times.length;
    columns[3]!.push(requests.length === 0 ? 0 : failed / requests.length);
  }
  const [p50, p95, p99, errorRate] = columns.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
  });
  return { logPercentiles: [p50!, p95!, p99!], errorRate: errorRate! };
}

/** Neighbours of `size` as one. */
function grouped(slices: readonly (readonly Request[])[], size: number): Request[][] {
  const groups = Math.ceil(slices.length / size);
  return Array.from({ length: groups }, (_, i) => slices.slice(i * size, (i + 1) * size).flat());
}

/** Times below 2 ms, which have a bucket of their own each. */
function requestsOf(slices: number, seed: number): Request[][] {
  const random = randomOf(seed);
  return Array.from(
    { length: slices },
    () =>
      Array.from(
        { length: 1 + Math.floor(random() * 40) },
        () => random() < 0.1 ? "failed" : Math.floor(1 + random() * 1500),
      ),
  );
}

Deno.test("uncertaintyOf() is what lists of drawn blocks give, to the last digit", () => {
  const cases: [slices: number, group: number, length: number, freedom: number][] = [
    [15, 1, 3, 4],
    [27, 1, 3, 8],
    [28, 1, 4, 6],
    [60, 1, 4, 14],
    [61, 2, 4, 6],
    [121, 3, 4, 9],
  ];
  for (const [slices, size, length, freedom] of cases) {
    const requests = requestsOf(slices, slices);
    const found = uncertaintyOf(courseWith(requests), randomOf(3))!;
    const expected = drawnByHand(grouped(requests, size), length, 3);
    assertEquals(found.freedom, freedom, `${slices} slices`);
    assertAlmostEquals(found.errorRate, expected.errorRate, 1e-12);
    expected.logPercentiles.forEach((error, p) =>
      assertAlmostEquals(found.logPercentiles[p]!, error, 1e-12, `${slices} slices, ${p}`)
    );
  }
});

Deno.test("uncertaintyOf() leaves out slices in which nothing finished", () => {
  const requests = requestsOf(20, 5);
  const gaps = requests.flatMap((one, i) => i % 3 === 0 ? [[], one] : [one]);
  const [without, with_] = [requests, gaps].map((all) =>
    uncertaintyOf(courseWith(all), randomOf(1))
  );
  assertEquals(with_, without);
});

Deno.test("uncertaintyOf() where nothing was answered as expected has an error of the failed share alone", () => {
  const failing = Array.from({ length: 20 }, (): Request[] => ["failed", "failed"]);
  assertEquals(uncertaintyOf(courseWith(failing), randomOf(1)), {
    logPercentiles: [0, 0, 0],
    errorRate: 0,
    freedom: 5,
  });
});

Deno.test("uncertaintyOf() tells from five blocks on", () => {
  const freedomOf = (slices: number): number | undefined =>
    uncertaintyOf(courseOf(slices, 2, () => 1500), randomOf(1))?.freedom;
  assertEquals([4, 5, 8, 14, 15, 16, 20].map(freedomOf), [
    undefined,
    undefined,
    undefined,
    undefined,
    4,
    4,
    5,
  ]);
});

Deno.test("blockLengthOf() is the cubic root of the slices, rounded up, and at least one", () => {
  assertEquals([0, 1, 2, 8, 9, 27, 28, 60, 61, 75, 76].map(blockLengthOf), [
    1,
    1,
    2,
    2,
    3,
    3,
    4,
    4,
    5,
    5,
    6,
  ]);
});
