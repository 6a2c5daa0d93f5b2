import fc from "fast-check";
import { isNestedBeyond, isSameJson, jsonObject, requireField } from "../../src/http/json_body.ts";
import { assertEquals, assertLess, assertStringIncludes } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";
import { exchangeOf } from "../exchange.ts";

const encoder = new TextEncoder();

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The same with every map's keys the other way round. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, reordered(v)]));
}

Deno.test("JSON's depth is what its brackets come to, those in texts left out", () => {
  const json = fc.jsonValue({ maxDepth: 6 });
  fc.assert(fc.property(json, fc.nat(8), (value, most) => {
    const bytes = encoder.encode(JSON.stringify(value));
    assertEquals(isNestedBeyond(bytes, most), depthOf(value) > most);
  }));
  assertEquals(isNestedBeyond(encoder.encode('{"a\\\\":"[[[\\"[["}'), 1), false);
});

Deno.test("JSON values are the same whatever the order of keys, and different when one value is", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    assertEquals(isSameJson(JSON.parse(JSON.stringify(a)), reordered(a)), true);
    const canonical = (value: unknown): string =>
      JSON.stringify(
        value,
        (_, each) =>
          typeof each === "object" && each !== null && !Array.isArray(each)
            ? Object.entries(each).sort(([x], [y]) => x < y ? -1 : 1)
            : each,
      );
    // An empty map and an empty list are one to this oracle alone.
    fc.pre(!/\{\}/.test(JSON.stringify([a, b])));
    assertEquals(isSameJson(a, b), canonical(a) === canonical(b));
  }));
  assertEquals([isSameJson({}, []), isSameJson({ a: undefined }, { b: 1 })], [false, false]);
});

Deno.test("JSON nested beyond all sense is told to be, and not made anything of", () => {
  const text = "[".repeat(2_000_000);
  const tookMs = cpuMsOf(() => {
    assertStringIncludes(String(jsonObject(exchangeOf({ text }))), "nested more than 500 deep");
  });
  assertLess(tookMs, 2_000);
});

Deno.test("a body that is no JSON object is told to be what it is", () => {
  for (const text of ["[1]", "5", "null", '"x"']) {
    assertStringIncludes(String(jsonObject(exchangeOf({ text }))), "not a JSON object");
  }
  assertStringIncludes(String(jsonObject(exchangeOf({ text: "{" }))), "not JSON: {");
  assertEquals(jsonObject(exchangeOf({ text: '{"a":1}' })), { a: 1 });
});

Deno.test("a required field is one of the answer's own", () => {
  const isThere = requireField("toString", "anything", (value) => value !== undefined);
  assertStringIncludes(isThere(exchangeOf({ text: "{}" })) ?? "", 'anything in "toString"');
  assertEquals(isThere(exchangeOf({ text: '{"toString":1}' })), undefined);
  assertStringIncludes(isThere(exchangeOf({ text: "[]" })) ?? "", "not a JSON object");
});
