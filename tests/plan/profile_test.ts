import { durationMsOf, levelAt, mostOfUsers, nextAbove } from "../../src/plan/profile.ts";
import { assertAlmostEquals, assertEquals } from "../assert.ts";

const UP_AND_DOWN = [
  { durationMs: 10_000, from: 0, to: 10 },
  { durationMs: 10_000, from: 10, to: 10 },
  { durationMs: 10_000, from: 10, to: 0 },
];

Deno.test("the level moves in a straight line within a stage and is 0 outside the profile", () => {
  assertEquals(durationMsOf(UP_AND_DOWN), 30_000);
  assertEquals([-1, 0, 5_000, 15_000, 25_000, 30_000].map((at) => levelAt(UP_AND_DOWN, at)), [
    0,
    0,
    5,
    10,
    5,
    0,
  ]);
});

Deno.test("user 4 of a ramp takes part from when the level is above 4", () => {
  assertAlmostEquals(nextAbove(UP_AND_DOWN, 4, 0) ?? NaN, 4_000, 0.01);
  assertEquals(nextAbove(UP_AND_DOWN, 4, 12_000), 12_000);
});

Deno.test("user 4 is not due again once the ramp down has passed 4", () => {
  assertEquals(nextAbove(UP_AND_DOWN, 4, 25_900), 25_900);
  assertEquals(nextAbove(UP_AND_DOWN, 4, 26_000), undefined);
});

Deno.test("a user above the highest level never takes part", () => {
  assertEquals(nextAbove(UP_AND_DOWN, 10, 0), undefined);
});

Deno.test("users start at most one iteration more than the thinking leaves time for, on a ramp at most those of its area and one", () => {
  const most = (durationMs: number, from: number, to: number): number =>
    mostOfUsers({ stages: [{ durationMs, from, to }], thinkTimeMs: 100 });
  assertEquals([most(1000, 10, 10), most(1000, 0, 10), most(1000, 10, 0)], [110, 70, 70]);
  // Never more than if all were there all the time.
  assertEquals([most(1000, 9, 10), most(1000, 0, 1)], [110, 11]);
  assertEquals(most(1050, 3, 3), Math.ceil(3 * 10.5 + 3));
  const stages = [{ durationMs: 1000, from: 0, to: 10 }, { durationMs: 1000, from: 10, to: 10 }];
  assertEquals(mostOfUsers({ stages, thinkTimeMs: 100 }), 180);
});

Deno.test("the level at the very start is the first stage's, and where two stages meet the later one's", () => {
  const jump = [{ durationMs: 1_000, from: 5, to: 5 }, { durationMs: 1_000, from: 8, to: 10 }];
  assertEquals([0, 999, 1_000, 1_500, 1_999.9, 2_000].map((at) => Math.round(levelAt(jump, at))), [
    5,
    5,
    8,
    9,
    10,
    0,
  ]);
});
