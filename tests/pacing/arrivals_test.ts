import type { LoadProfile } from "../../src/plan/plan.ts";
import { type Arrivals, createArrivals as arrivalsOf, pauseUs } from "../../src/pacing/arrivals.ts";
import type { WorkerShare } from "../../src/worker_share.ts";
import fc from "fast-check";
import { assertAlmostEquals, assertEquals, assertThrows } from "../assert.ts";

const OPEN: LoadProfile = {
  model: "open",
  stages: [{ durationMs: 1_000, from: 100, to: 100 }],
  maxInFlight: 10,
  arrivals: "even",
  seed: 1,
  phase: 0,
};

function createArrivals(load: LoadProfile, share: WorkerShare): Arrivals {
  return arrivalsOf({ name: "example", load }, share);
}

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

Deno.test("what is told ahead is what comes, for any share of either model, and nothing after the last", () => {
  const workers = fc.integer({ min: 1, max: 5 });
  const think = fc.constantFrom(0, 700);
  fc.assert(
    fc.property(workers, workers, think, fc.boolean(), (count, nth, thinkTimeMs, isOpen) => {
      const share = { index: nth % count, count };
      const arrivals = createArrivals(isOpen ? OPEN : closed(7, thinkTimeMs), share);
      const told: (number | undefined)[] = [];
      for (let ahead = 0; arrivals.peekUs(ahead) !== undefined; ahead++) {
        told.push(arrivals.peekUs(ahead));
      }
      const size = isOpen ? 100 : 7;
      assertEquals(told.length, Math.ceil((size - share.index) / count));
      assertEquals(told[0], arrivals.peekUs());
      for (const each of told) assertEquals(arrivals.take().offsetUs, each);
      assertEquals(arrivals.peekUs(), undefined);
    }),
  );
});

Deno.test("users who are due together come in the order of their numbers, which count on", () => {
  const arrivals = createArrivals(closed(7, 0), { index: 1, count: 3 });
  const taken = [arrivals.take(), arrivals.take()];
  assertEquals(taken.map(({ user, index }) => [user, index]), [[1, 1], [4, 4]]);
  arrivals.completed(taken[1]!, 1_000_000);
  arrivals.completed(taken[0]!, 1_000_000);
  const again = [arrivals.take(), arrivals.take()];
  assertEquals(again.map(({ user, index }) => [user, index]), [[4, 7], [1, 10]]);
  assertEquals(again.map(({ offsetUs }) => offsetUs), [1_000_000, 1_000_000]);
});

Deno.test("a user who is due before others comes before them, whoever was answered first", () => {
  const arrivals = createArrivals(closed(3, 1_000), { index: 0, count: 1 });
  const [a, b, c] = [arrivals.take(), arrivals.take(), arrivals.take()];
  arrivals.completed(b, 3_000_000);
  arrivals.completed(c, 1_000_000);
  arrivals.completed(a, 2_000_000);
  assertEquals([0, 1, 2].map((ahead) => arrivals.peekUs(ahead)), [2e6, 3e6, 4e6]);
  assertEquals([arrivals.take(), arrivals.take(), arrivals.take()].map(({ user }) => user), [
    2,
    0,
    1,
  ]);
});

Deno.test("first arrivals are spread over the load where that is shorter than the think time", () => {
  const stages = [{ durationMs: 2_000, from: 4, to: 4 }];
  const load: LoadProfile = { model: "closed", stages, thinkTimeMs: 60_000 };
  const arrivals = createArrivals(load, { index: 0, count: 1 });
  assertEquals([0, 1, 2, 3, 4].map((ahead) => arrivals.peekUs(ahead)), [
    0,
    500_000,
    1_000_000,
    1_500_000,
    undefined,
  ]);
});

Deno.test("users come as the load rises above their numbers, and stay away as it falls below", () => {
  const stages = [{ durationMs: 4_000, from: 0, to: 4 }, { durationMs: 4_000, from: 4, to: 0 }];
  const load: LoadProfile = { model: "closed", stages, thinkTimeMs: 0 };
  const arrivals = createArrivals(load, { index: 0, count: 1 });
  for (const user of [0, 1, 2, 3]) {
    assertAlmostEquals(arrivals.peekUs(user) ?? NaN, user * 1_000_000, 1);
  }
  const taken = [0, 1, 2, 3].map(() => arrivals.take());
  // At 5.5 s the level is 2.5.
  for (const arrival of taken) arrivals.completed(arrival, 5_500_000);
  assertEquals(taken.map(() => arrivals.peekUs() && arrivals.take().user), [0, 1, 2, undefined]);
});

Deno.test("a user of no answer that is known does not come, and none can be taken where none is due", () => {
  const arrivals = createArrivals(closed(1, 0), { index: 0, count: 1 });
  arrivals.take();
  assertThrows(() => arrivals.take(), RangeError, "no user is due");
  arrivals.completed({ index: 0, offsetUs: 0 }, 0);
  assertEquals(arrivals.peekUs(), undefined);
});

Deno.test("a level of two and a half is above the third user, who comes when it is reached", () => {
  const stages = [{ durationMs: 5_000, from: 0, to: 2.5 }];
  const load: LoadProfile = { model: "closed", stages, thinkTimeMs: 0 };
  const arrivals = createArrivals(load, { index: 0, count: 1 });
  assertAlmostEquals(arrivals.peekUs(2) ?? NaN, 4_000_000, 1);
  assertEquals(arrivals.peekUs(3), undefined);
});
