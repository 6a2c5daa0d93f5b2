import fc from "fast-check";
import { editDistance, nearest } from "../../src/plan/near_miss.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("nearest() finds the word that a slip of the finger stands for", () => {
  const keys = ["duration", "rate", "users", "thresholds", "think_time"];
  assertEquals(nearest("duraton", keys), "duration");
  assertEquals(nearest("treshold", keys), "thresholds");
  assertEquals(nearest("thinkTime", keys), "think_time");
  assertEquals(nearest("raet", keys), "rate");
});

Deno.test("a third of the longer word's letters may differ, and of equally near words the first is meant", () => {
  assertEquals(nearest("treshol", ["thresholds"]), "thresholds");
  assertEquals(nearest("tresho", ["thresholds"]), undefined);
  assertEquals(nearest("rat", ["rate", "rats"]), "rate");
  assertEquals(nearest("rats", ["rate", "rats"]), "rats");
  assertEquals([nearest("i", ["id"]), nearest("x", ["y"])], ["id", undefined]);
});

Deno.test("nearest() offers nothing when no word is near", () => {
  assertEquals(nearest("colour", ["duration", "rate"]), undefined);
  assertEquals(nearest("x", []), undefined);
});

Deno.test("editDistance() counts a swap of neighbours as one", () => {
  assertEquals(editDistance("flow", "folw"), 1);
  assertEquals(editDistance("", "abc"), 3);
});

/** By the definition: the last letters are equal, or one operation brings them together. */
function slowDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [x, y] = [a.at(-1), b.at(-1)];
  const shorter = (text: string, by = 1): string => text.slice(0, -by);
  const distances = [
    slowDistance(shorter(a), shorter(b)) + (x === y ? 0 : 1),
    slowDistance(shorter(a), b) + 1,
    slowDistance(a, shorter(b)) + 1,
  ];
  const isSwap = a.length > 1 && b.length > 1 && x === b.at(-2) && y === a.at(-2);
  if (isSwap) distances.push(slowDistance(shorter(a, 2), shorter(b, 2)) + 1);
  return Math.min(...distances);
}

Deno.test("editDistance() is what its definition says", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
  fc.assert(fc.property(word, word, (a, b) => {
    assertEquals(editDistance(a, b), slowDistance(a, b));
  }));
});

Deno.test("editDistance() is symmetric, and zero for equal words alone", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
    assertEquals(editDistance(a, b), editDistance(b, a));
    assertEquals(editDistance(a, b) === 0, a === b);
    assert(editDistance(a, b) <= Math.max(a.length, b.length));
  }));
});
