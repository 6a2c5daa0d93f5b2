import fc from "fast-check";
import { nearest } from "../../src/plan/near_miss.ts";
import { assertEquals } from "../assert.ts";

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

Deno.test("nearest() finds the one name that a word begins", () => {
  assertEquals(nearest("ca", ["insecure_skip_verify", "ca_file"]), "ca_file");
  assertEquals(nearest("max", ["max_in_flight", "max_connections"]), undefined);
  assertEquals(nearest("think", ["thinking"]), undefined);
});

Deno.test("nearest() offers nothing when no word is near", () => {
  assertEquals(nearest("colour", ["duration", "rate"]), undefined);
  assertEquals(nearest("x", []), undefined);
});

Deno.test("a swap of neighbours is one slip, in short words too", () => {
  assertEquals(nearest("folw", ["flow"]), "flow");
  assertEquals(nearest("wolf", ["flow"]), undefined);
  assertEquals(nearest("tpye", ["type"]), "type");
});

Deno.test("nearest() finds every word of its own, whatever is in it", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 200 }), fc.string(), (word, other) => {
    assertEquals(nearest(word, [word]), word);
    assertEquals([word, undefined].includes(nearest(other, [word])), true);
  }));
});

Deno.test("nearest() forgives every swap of neighbours", () => {
  const words = fc.string({
    unit: fc.constantFrom("a", "b", "c", "d"),
    minLength: 3,
    maxLength: 12,
  });
  fc.assert(fc.property(words, fc.nat(10), (word, at) => {
    const slip = word.slice(0, at) + word.slice(at, at + 2).split("").reverse().join("") +
      word.slice(at + 2);
    assertEquals(nearest(slip, [word]), word);
  }));
});
