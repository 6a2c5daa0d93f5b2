import fc from "fast-check";
import type { Iteration } from "../../src/flows/flow.ts";
import { compileTemplate, fill, PLACEHOLDERS, type Values } from "../../src/flows/template.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";

const iteration = { id: "lt1-0-7", index: 7, user: 3 } as Iteration;
const given: Values = new Map([["run", "lt1"]]);
const compile = (text: string) => (filling: Iteration): string =>
  fill(compileTemplate(text, { given, names: [] }), filling, new Map());

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
  assertEquals(compileTemplate("a/{run}", { given, names: [] }), "a/lt1");
});

Deno.test("{now} is an RFC 3339 instant", () => {
  assertMatch(compile("{now}")(iteration), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

Deno.test("text without placeholders comes out as it went in", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    fc.pre(!PLACEHOLDERS.some((name) => text.includes(`{${name}}`)));
    assert(compileTemplate(text, { given, names: [] }) === text);
  }));
});

Deno.test("captured values are filled in as they are encoded, and are not read for placeholders again", () => {
  const known = {
    given: new Map([["run", "lt1"], ["token", "a{id}b"]]),
    names: ["job"],
    encode: encodeURIComponent,
  };
  const template = compileTemplate("/{token}/{job}/{id}/{other}", known);
  assertEquals(
    fill(template, iteration, new Map([["job", "x/{index}"]])),
    "/a%7Bid%7Db/x%2F%7Bindex%7D/lt1-0-7/{other}",
  );
});

Deno.test("what every arrival has is no reason to make a request anew for each", () => {
  const known = { given: new Map([["token", "t"]]), names: ["job"] };
  assertEquals(compileTemplate("Bearer {token}", known), "Bearer t");
});
