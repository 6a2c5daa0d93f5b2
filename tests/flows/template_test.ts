import fc from "fast-check";
import type { Iteration } from "../../src/flows/flow.ts";
import { compileTemplate, hasPlaceholders } from "../../src/flows/template.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";

const iteration = { id: "lt1-0-7", index: 7, user: 3 } as Iteration;
const compile = (text: string) => compileTemplate(text, "lt1");

Deno.test("placeholders are filled with the arrival's id, number and user", () => {
  assertEquals(compile("{id}/{index}/{user}/{id}")(iteration), "lt1-0-7/7/3/lt1-0-7");
});

Deno.test("braces of JSON stay as they are", () => {
  const text = '{"name":"{id}","deep":{"index":{index}}}';
  assertEquals(compile(text)(iteration), '{"name":"lt1-0-7","deep":{"index":7}}');
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
    assertEquals(compile(pieces.join(""))(iteration), meant);
  }));
});

Deno.test("without a user, {user} is 0", () => {
  assertEquals(compile("{user}")({ id: "x", index: 1 } as Iteration), "0");
});

Deno.test("{run} is the run's id, and no reason to make a request anew for each arrival", () => {
  assertEquals(compile("{run}/{index}")(iteration), "lt1/7");
  assertEquals([hasPlaceholders("a/{run}"), hasPlaceholders("a/{run}/{id}")], [false, true]);
  assertEquals(compile("a/{run}")(iteration), "a/lt1");
});

Deno.test("{now} is an RFC 3339 instant", () => {
  assertMatch(compile("{now}")(iteration), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

Deno.test("text without placeholders comes out as it went in", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    fc.pre(!hasPlaceholders(text) && !text.includes("{run}"));
    assert(compile(text)(iteration) === text);
  }));
});
