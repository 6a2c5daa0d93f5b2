import { FAILURE_CLASSES, isFailure } from "../../src/http/failure.ts";
import { assertEquals } from "../assert.ts";

Deno.test("isFailure() takes what has a class and a message, and nothing that has but one of them", () => {
  assertEquals(isFailure({ class: "timeout", message: "no answer" }), true);
  const others = [
    { class: "timeout" },
    { message: "no answer" },
    {},
    null,
    undefined,
    "timeout",
    7,
  ];
  for (const other of others) assertEquals(isFailure(other), false, JSON.stringify(other));
  assertEquals(isFailure(new Error("no class")), false);
});

Deno.test("every class of failure has a name of its own, of small letters", () => {
  assertEquals(new Set(FAILURE_CLASSES).size, FAILURE_CLASSES.length);
  for (const name of FAILURE_CLASSES) assertEquals(/^[a-z][a-z0-9_]+$/.test(name), true, name);
});
