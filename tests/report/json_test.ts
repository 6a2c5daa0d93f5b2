import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { jsonText, renderJson } from "../../src/report/json.ts";
import { assertGolden } from "./golden.ts";
import { concluded, interruptedRun, passedRun } from "./summaries.ts";

Deno.test("jsonText() is JSON of the very value", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assertEquals(JSON.parse(jsonText(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("jsonText() keeps on one line what fits into 100 characters with its indent, and elements of arrays", () => {
  const text = "x".repeat(89);
  assertEquals(jsonText({ a: text }), `{ "a": "${text}" }`);
  assertEquals(jsonText({ a: `${text}x` }), `{\n  "a": "${text}x"\n}`);
  const inner = { a: "x".repeat(80), b: undefined, c: [] };
  assertEquals(jsonText({ deep: inner }, "  ").split("\n").length, 6);
  assertEquals(jsonText([{ a: `${text}x`, d: {} }]), `[\n  { "a": "${text}x", "d": {} }\n]`);
});

Deno.test("renderJson() is read back as the summary that it was", () => {
  const summary = concluded(passedRun());
  assertEquals(readSummary(renderJson(summary), "x"), summary);
});

Deno.test("renderJson() has a line for each slice", () => {
  const summary = concluded(passedRun());
  const slices = renderJson(summary).split("\n").filter((line) => line.includes('"at_s"'));
  const { course } = summary.phases.api!.list_certificates!;
  assert(course.slices.length >= 20);
  assert(slices.every((line) => /^ +\{ "at_s": \d+, .*\},?$/.test(line)));
});

Deno.test("renderJson() keeps its keys and figures from version to version", () => {
  // Deflate's output is the same histogram in other bytes from one zlib to the next.
  const text = renderJson(concluded(interruptedRun()));
  assertGolden("interrupted.json.golden", text.replaceAll(/"hdr": "[^"]+"/g, '"hdr": "..."'));
});
