import type { LoadProfile } from "../../src/plan/plan.ts";
import { type Arrivals, createArrivals, pauseUs } from "../../src/pacing/arrivals.ts";
import { assertAlmostEquals, assertEquals } from "../assert.ts";

const OPEN: LoadProfile = {
  model: "open",
  stages: [{ durationMs: 1_000, from: 100, to: 100 }],
  maxInFlight: 10,
};

function drain(arrivals: Arrivals): number[] {
  const indexes: number[] = [];
  while (arrivals.peekUs() !== undefined) indexes.push(arrivals.take().index);
  return indexes;
}

Deno.test("workers take every arrival exactly once", () => {
  const shares = [0, 1, 2].map((index) => drain(createArrivals(OPEN, { index, count: 3 })));
  assertEquals(shares.flat().sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => n));
  assertEquals(shares[1]?.slice(0, 3), [1, 4, 7]);
});

function closed(users: number, thinkTimeMs: number): LoadProfile {
  return { model: "closed", stages: [{ durationMs: 10_000, from: users, to: users }], thinkTimeMs };
}

Deno.test("users come spread over one think time, and again a think time after their answer", () => {
  const arrivals = createArrivals(closed(4, 1_000), { index: 0, count: 1 });
  const first = [0, 1, 2, 3].map(() => arrivals.take());
  assertEquals(first.map(({ offsetUs }) => offsetUs), [0, 250_000, 500_000, 750_000]);
  assertEquals(arrivals.peekUs(), undefined);
  arrivals.completed(first[2] ?? first[0]!, 600_000);
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 1_600_000, 1);
  assertEquals(arrivals.take().user, 2);
});

Deno.test("a user whose next iteration would come after the end does not come", () => {
  const arrivals = createArrivals(closed(1, 1_000), { index: 0, count: 1 });
  arrivals.completed(arrivals.take(), 9_500_000);
  assertEquals(arrivals.peekUs(), undefined);
});

Deno.test("users and their arrivals' numbers are shared out without overlap", () => {
  const shares = [0, 1].map((index) => createArrivals(closed(5, 0), { index, count: 2 }));
  const taken = shares.flatMap((arrivals) => {
    const arrived = [];
    while (arrivals.peekUs() !== undefined) arrived.push(arrivals.take());
    return arrived;
  });
  assertEquals(taken.map(({ user }) => user).sort(), [0, 1, 2, 3, 4]);
  assertEquals(new Set(taken.map(({ index }) => index)).size, 5);
});

Deno.test("a user who finds nobody waits 100 ms, then twice as long each time, up to a second", () => {
  assertEquals([0, 1, 2, 3, 4, 5, 50].map(pauseUs), [
    0,
    100_000,
    200_000,
    400_000,
    800_000,
    1_000_000,
    1_000_000,
  ]);
});

Deno.test("the pause is each user's own, ends with the first answer, and is no less than the think time", () => {
  const arrivals = createArrivals(closed(2, 0), { index: 0, count: 1 });
  const [first, second] = [arrivals.take(), arrivals.take()];
  arrivals.completed(first, 0, true);
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 100_000, 1);
  arrivals.completed(arrivals.take(), 100_000, true);
  arrivals.completed(second, 100_000, true);
  // The second user's first refusal, the first user's second.
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 200_000, 1);
  const again = arrivals.take();
  assertEquals(again.user, 1);
  arrivals.completed(again, 200_000, false);
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 200_000, 1);
  arrivals.completed(arrivals.take(), 200_000, true);
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 300_000, 1);

  const thinking = createArrivals(closed(1, 500), { index: 0, count: 1 });
  thinking.completed(thinking.take(), 0, true);
  assertAlmostEquals(thinking.peekUs() ?? NaN, 500_000, 1);
});

Deno.test("the open model's arrivals do not wait for a server that is away", () => {
  const arrivals = createArrivals(OPEN, { index: 0, count: 1 });
  arrivals.completed(arrivals.take(), 5_000, true);
  assertAlmostEquals(arrivals.peekUs() ?? NaN, 10_000, 1);
});
