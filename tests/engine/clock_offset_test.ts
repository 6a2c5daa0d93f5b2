/** The arithmetic of bounds, by hand; target_clock_test.ts asks servers. */
import { OffsetBounds } from "../../src/engine/clock_offset.ts";
import { assertEquals } from "../assert.ts";

type Answer = readonly [sentUs: number, receivedUs: number, second: number];

function boundsOf(answers: readonly Answer[], fineUs = 1_000): OffsetBounds {
  const bounds = new OffsetBounds(fineUs);
  for (const [sentUs, receivedUs, second] of answers) bounds.add({ sentUs, receivedUs, second });
  return bounds;
}

/** Between -0.8 and 0.4 s, by a question that was under way for 0.2 s. */
const COARSE: Answer = [10_200_000, 10_400_000, 10];

/** That the offset is above, or at most, so much, by a question that took `tripUs`. */
const above = (us: number, tripUs = 0): Answer => [10_000_000 + us, 10_000_000 + us + tripUs, 9];
const atMost = (us: number, tripUs = 0): Answer => [10_000_000 + us - tripUs, 10_000_000 + us, 10];

Deno.test("one answer bounds the offset by a second and its way, and by how late a header may be", () => {
  const bounds = boundsOf([COARSE]);
  assertEquals(bounds.offset, { offsetUs: -201_000, boundUs: 601_000 });
  assertEquals([bounds.answers, bounds.contradictionUs, bounds.isFine], [1, 0, false]);
});

Deno.test("without an answer nothing is known, nor of answers that lie more than a second apart", () => {
  assertEquals(new OffsetBounds().offset, undefined);
  assertEquals(boundsOf([above(1_000_000), atMost(0)]).offset, { offsetUs: 0, boundUs: 0 });
  assertEquals(boundsOf([above(1_000_001), atMost(0)]).offset, undefined);
});

Deno.test("of all answers the closest count, whichever comes first", () => {
  const answers = [COARSE, above(-300_000), atMost(100_000), above(-700_000), atMost(300_000)];
  const told = { offsetUs: -101_000, boundUs: 201_000 };
  assertEquals(boundsOf(answers).offset, told);
  assertEquals(boundsOf(answers.toReversed()).offset, told);
});

Deno.test("answers are fine where they tell it as closely as anybody needs, or as the way lets them", () => {
  const isFine = (low: number, high: number, tripUs: number, fineUs: number): boolean =>
    boundsOf([above(low, tripUs), atMost(high, tripUs)], fineUs).isFine;
  assertEquals([isFine(-1_000, 1_000, 0, 1_000), isFine(-1_000, 1_001, 0, 1_000)], [true, false]);
  assertEquals([isFine(-1_000, 5_000, 4_000, 0), isFine(-1_000, 5_001, 4_000, 0)], [true, false]);
});

Deno.test("answers that contradict each other by more than two milliseconds are of kept headers", () => {
  const late = boundsOf([above(3_000), atMost(1_000)]);
  assertEquals([late.contradictionUs, late.isKept], [2_000, false]);
  // As late again as they say, either way.
  assertEquals(late.offset, { offsetUs: -1_000, boundUs: 2_000 });
  const kept = boundsOf([above(5_000), atMost(1_000)]);
  assertEquals([kept.contradictionUs, kept.isKept], [4_000, true]);
  assertEquals(kept.offset, { offsetUs: -497_000, boundUs: 498_000 });
});

Deno.test("questions part what is not known, and are sent half a way before", () => {
  const bounds = boundsOf([COARSE]);
  assertEquals(bounds.questions(20_000_000, 3), {
    second: 21,
    sendUs: [20_400_000, 20_700_000, 21_000_000],
  });
  assertEquals(bounds.questions(20_400_000, 3).second, 21);
  assertEquals(bounds.questions(20_400_001, 3).second, 22);
  assertEquals(bounds.questions(20_000_000, 1), { second: 21, sendUs: [20_700_000] });
});

Deno.test("where no more than four ways are unknown, one question is asked at a time", () => {
  const count = (tripUs: number): number =>
    boundsOf([above(-1_000, tripUs), atMost(1_000, tripUs)]).questions(0, 3).sendUs.length;
  assertEquals([count(500), count(499)], [1, 3]);
});

Deno.test("counter-questions lie five milliseconds beside what is known", () => {
  const bounds = boundsOf([COARSE, [10_100_000, 10_400_000, 10]]);
  const at = (side: Parameters<OffsetBounds["counterQuestionUs"]>[0]): number =>
    bounds.counterQuestionUs(side, 20_000_000);
  // Half of the shortest way before, all of the longest, and right behind.
  assertEquals([at("before"), at("well before"), at("after")], [
    21_000_000 - 800_000 - 5_000 - 100_000,
    22_000_000 - 800_000 - 5_000 - 300_000,
    20_000_000 + 400_000 + 5_000,
  ]);
  assertEquals(bounds.counterQuestionUs("after", 20_405_000), 20_405_000);
  assertEquals(bounds.counterQuestionUs("after", 20_405_001), 21_405_000);
});

Deno.test("a lower bound is sure once a header that was made for its answer tells nearly as much", () => {
  const isSure = (freshUs: number, tripUs: number): boolean => {
    const bounds = boundsOf([above(freshUs, tripUs)]);
    const [sentUs, receivedUs, second] = above(-1_000);
    bounds.add({ sentUs, receivedUs, second }, false);
    return bounds.isSure;
  };
  assertEquals([isSure(-11_000, 0), isSure(-11_001, 0), isSure(-11_500, 500)], [true, false, true]);
});
