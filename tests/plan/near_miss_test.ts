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

Deno.test("nearest() offers nothing when no word is near", () => {
  assertEquals(nearest("colour", ["duration", "rate"]), undefined);
  assertEquals(nearest("x", []), undefined);
});

Deno.test("editDistance() counts a swap of neighbours as one", () => {
  assertEquals(editDistance("flow", "folw"), 1);
  assertEquals(editDistance("", "abc"), 3);
});

Deno.test("editDistance() is symmetric, and zero for equal words alone", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
    assertEquals(editDistance(a, b), editDistance(b, a));
    assertEquals(editDistance(a, b) === 0, a === b);
    assert(editDistance(a, b) <= Math.max(a.length, b.length));
  }));
});
