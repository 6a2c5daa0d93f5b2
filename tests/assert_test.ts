import { assertEquals, assertThrows } from "./assert.ts";

Deno.test("the typed assertions are the standard library's", () => {
  assertThrows(() => assertEquals<number>(1, 2));
});
