import fc from "fast-check";
import { type Capture, captureFrom } from "../../src/http/capture.ts";
import { loadPatterns } from "../../src/http/pattern.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

await loadPatterns();

function captured(capture: Capture, text: string, headers: Record<string, string> = {}): unknown {
  return captureFrom(exchangeOf({ text, headers }), capture);
}

function missing(capture: Capture, text: string): string {
  const value = captured(capture, text);
  if (typeof value !== "object") throw new Error(`captured ${value}`);
  return (value as { missing: string }).missing;
}

Deno.test("a JSON text is captured as it is, other values as JSON writes them", () => {
  const text = '{"a":{"text":"x \\"y\\"","n":1.50,"no":false,"list":[1,{"b":2}],"zero":0}}';
  assertEquals(captured({ json: "/a/text" }, text), 'x "y"');
  assertEquals(captured({ json: "/a/n" }, text), "1.5");
  assertEquals(captured({ json: "/a/no" }, text), "false");
  assertEquals(captured({ json: "/a/zero" }, text), "0");
  assertEquals(captured({ json: "/a/list" }, text), '[1,{"b":2}]');
  assertEquals(captured({ json: "" }, '"whole"'), "whole");
});

Deno.test("a number of more digits than a number holds is captured digit by digit", () => {
  const text = '{"small": 17, "id": 9007199254740993, "list": [12345678901234567890]}';
  assertEquals(captured({ json: "/id" }, text), "9007199254740993");
  assertEquals(captured({ json: "/list/0" }, text), "12345678901234567890");
  assertEquals(captured({ json: "/n" }, '{"n":1e400}'), "1e400");
});

Deno.test("a header is captured by its name, in any case", () => {
  assertEquals(captured({ header: "location" }, "", { location: "/jobs/1" }), "/jobs/1");
});

Deno.test("the group of a pattern is captured from the body", () => {
  assertEquals(captured({ regex: 'csrf" value="([^"]+)"' }, '<i name="csrf" value="t1">'), "t1");
});

Deno.test("a pattern that a header is named for looks at that", () => {
  const cookie = { "set-cookie": "theme=dark; Path=/, sid=s-1; HttpOnly" };
  const capture = { header: "Set-Cookie", regex: "sid=([^;]+)" };
  assertEquals(captured(capture, "sid=no", cookie), "s-1");
  assertEquals(missing(capture, "sid=no"), 'no header "Set-Cookie" in the answer with 200: sid=no');
});

Deno.test("what is missing is told with what was looked for and what is there", () => {
  assertEquals(
    missing({ json: "/job/id" }, '{"job":{"state":"new"}}'),
    'no "id" in /job of the answer with 200: {"job":{"state":"new"}}',
  );
  assertEquals(
    missing({ json: "/list/2" }, '{"list":[1]}'),
    'no "2" in /list (a list of 1) of the answer with 200: {"list":[1]}',
  );
  assertEquals(missing({ json: "/a" }, "[]"), 'no "a" in the answer with 200: []');
  assertEquals(
    missing({ json: "/a" }, '{"a":null}'),
    '/a is null in the answer with 200: {"a":null}',
  );
  assertEquals(
    missing({ json: "/a" }, '{"a":""}'),
    '/a is an empty text in the answer with 200: {"a":""}',
  );
  assertEquals(missing({ json: "/a" }, "<html>"), "no /a in the answer with 200: not JSON: <html>");
  assertEquals(
    missing({ header: "Location" }, ""),
    'no header "Location" in the answer with 200: empty body',
  );
  assertEquals(
    missing({ regex: String.raw`id=(\d+)` }, "id=x"),
    String.raw`nothing that matches ${"`id=(\\d+)`"} in the answer with 200: id=x`,
  );
});

Deno.test("a pattern looks at the first 65536 characters, and says so", () => {
  const regex = "(needle)";
  assertEquals(captured({ regex }, "x".repeat(65_530) + "needle"), "needle");
  assertStringIncludes(
    missing({ regex }, "x".repeat(65_531) + "needle"),
    "in the first 65536 characters of the answer",
  );
  assertEquals(captured({ regex }, "€".repeat(65_530) + "needle"), "needle");
});

Deno.test("what a message quotes of an answer is cut, and in one line", () => {
  const message = missing({ json: "/a" }, JSON.stringify({ b: "x\n".repeat(10_000) }));
  assert(message.length < 300 && !message.includes("\n"), message);
});

Deno.test("a capture that no schema has checked is a fault", () => {
  assertThrows(() => captured({ json: "a.b" }, "{}"), RangeError, "JSON pointer");
  assertThrows(() => captured({ regex: "(" }, "{}"), RangeError, "RE2");
});

Deno.test("a text in JSON is captured whatever it is, unless it is empty", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
    assertEquals(captured({ json: "/a/0" }, JSON.stringify({ a: [text] })), text);
  }));
});
