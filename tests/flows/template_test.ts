import fc from "fast-check";
import type { Iteration } from "../../src/flows/flow.ts";
import { compileTemplate, hasPlaceholders } from "../../src/flows/template.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";

const iteration = { id: "lt1-0-7", index: 7, user: 3 } as Iteration;

Deno.test("placeholders are filled with the arrival's id, number and user", () => {
  assertEquals(compileTemplate("{id}/{index}/{user}/{id}")(iteration), "lt1-0-7/7/3/lt1-0-7");
});

Deno.test("braces of JSON stay as they are", () => {
  const text = '{"name":"{id}","deep":{"index":{index}}}';
  assertEquals(compileTemplate(text)(iteration), '{"name":"lt1-0-7","deep":{"index":7}}');
});

Deno.test("any text around any placeholders stays, each of them filled in", () => {
  const filled = { "{id}": "lt1-0-7", "{index}": "7", "{user}": "3" };
  const other = fc.string({ unit: fc.constantFrom("{", "}", "i", "d", '"', "$", " ") })
    .filter((text) => !text.includes("{id}"));
  const piece = fc.oneof(other, fc.constantFrom(...Object.keys(filled)));
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    // Pieces side by side may make a placeholder of their own: {, i, d, }.
    fc.pre(pieces.join("").split("{id}").length === pieces.filter((p) => p === "{id}").length + 1);
    const meant = pieces.map((each) => (filled as Record<string, string>)[each] ?? each).join("");
    assertEquals(compileTemplate(pieces.join(""))(iteration), meant);
  }));
});

Deno.test("without a user, {user} is 0", () => {
  assertEquals(compileTemplate("{user}")({ id: "x", index: 1 } as Iteration), "0");
});

Deno.test("{now} is an RFC 3339 instant", () => {
  assertMatch(compileTemplate("{now}")(iteration), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

Deno.test("text without placeholders comes out as it went in", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    fc.pre(!hasPlaceholders(text));
    assert(compileTemplate(text)(iteration) === text);
  }));
});
