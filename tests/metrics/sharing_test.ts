import fc from "fast-check";
import { sharing } from "../../src/metrics/sharing.ts";
import { assert, assertEquals } from "../assert.ts";

const json = fc.jsonValue({ maxDepth: 4 });

Deno.test("sharing() changes no value, nor the order of any keys", () => {
  fc.assert(fc.property(json, json, (value, other) => {
    const before = JSON.stringify([value, other]);
    assertEquals(JSON.stringify(sharing(value, other)), JSON.stringify(value));
    assertEquals(JSON.stringify([value, other]), before);
  }));
});

Deno.test("sharing() gives the very same for what is the same, and its parts for what is not", () => {
  fc.assert(fc.property(json, json, (part, figure) => {
    const first = { plan: part, deep: { part, figure: "first" } };
    const copy = structuredClone(first);
    assert(sharing(copy, first) === first);
    const shared = sharing({ ...copy, deep: { ...copy.deep, figure } }, first);
    assert(shared.plan === first.plan && shared.deep.part === first.deep.part);
    assertEquals(JSON.stringify(shared), JSON.stringify({ ...first, deep: { part, figure } }));
  }));
});

Deno.test("sharing() takes keys in another order for another object", () => {
  const shared = sharing({ b: 1, a: [1, 2] }, { a: [1, 2], b: 1 });
  assertEquals(JSON.stringify(shared), '{"b":1,"a":[1,2]}');
});

Deno.test("sharing() takes names that every object knows for names like others", () => {
  const text = '{"constructor":{"__proto__":1},"toString":2}';
  const first: unknown = JSON.parse(text);
  assert(sharing(JSON.parse(text), first) === first);
  assertEquals(JSON.stringify(sharing(JSON.parse(text), {})), text);
  assertEquals(JSON.stringify(sharing(JSON.parse(text), JSON.parse('{"toString":3}'))), text);
});
