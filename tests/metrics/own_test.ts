import { own } from "../../src/metrics/own.ts";
import { assertEquals } from "../assert.ts";

Deno.test("own() finds what was put into a record, and nothing that every object has", () => {
  const record = { constructor: 7, list: 1 } as Record<string, number>;
  assertEquals([own(record, "list"), own(record, "constructor")], [1, 7]);
  for (const name of ["constructor", "toString", "__proto__", "list"]) {
    assertEquals([own({}, name), own(undefined, name)], [undefined, undefined], name);
  }
});
