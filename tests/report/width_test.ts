import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { renderText } from "../../src/report/text.ts";
import { fitted, fittedLines } from "../../src/report/table.ts";
import { cutOff, padStart, shortened, widthOf, wrap } from "../../src/report/width.ts";
import { runOf } from "../metrics/runs.ts";
import { anySummary, HOSTILE, LETTERS } from "./arbitrary.ts";
import { concluded } from "./summaries.ts";

Deno.test("widthOf() counts no colours, wide characters twice, combining ones not", () => {
  assertEquals(widthOf("\u001b[31mabc\u001b[0m"), 3);
  assertEquals(widthOf("漢字"), 4);
  assertEquals(widthOf("e\u0301"), 1);
  assertEquals(padStart("漢", 4), "  漢");
});

Deno.test("shortened() keeps both ends, and fits", () => {
  assertEquals(shortened("issuance_acceptance", 9), "issu…ance");
  assertEquals(shortened("issuance", 8), "issuance");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (
    text,
    width,
  ) => {
    assert(widthOf(shortened(text, width)) <= width);
    assert(widthOf(cutOff(text, width)) <= width);
  }));
});

Deno.test("wrap() keeps a number with its unit, and breaks what is longer than a line", () => {
  assertEquals(wrap("it stood still for 298 ms of 1 min 30 s", 22), [
    "it stood still for",
    "298 ms of 1 min 30 s",
  ]);
  assertEquals(wrap("cut off: < 0.01 % of all", 12), ["cut off:", "< 0.01 % of", "all"]);
  assertEquals(wrap("a bcdefghij", 4), ["a", "bcde", "fghi", "j"]);
  assertEquals(wrap("", 10), []);
});

Deno.test("fitted() shortens names, then drops columns in their order, and never cuts a figure", () => {
  const table = {
    head: ["", "count", "min", "p95"],
    rows: [["a_name_that_is_a_good_deal_longer", "1,000", "3 ms", "12.5 ms"]],
  };
  const at = (width: number): string[] => fittedLines(table, { width, drop: ["min", "p95"] }).lines;
  assertEquals(fitted(table, { width: 60, drop: ["min"] }).left, []);
  assertEquals(at(42)[1], "a_name_tha…al_longer  1,000  3 ms  12.5 ms");
  assertEquals(fitted(table, { width: 41, drop: ["min", "p95"] }).left, ["min"]);
  assertEquals(fitted(table, { width: 34, drop: ["min", "p95"] }).left, ["min", "p95"]);
  assertStringIncludes(at(20)[1]!, "1,000");
});

Deno.test("columns of words stand to the left, also when others are gone", () => {
  const rows = [["a", "1", "held", "22"], ["b", "1", "broken", "3"]];
  const table = { head: ["", "n", "out", "m"], rows, words: ["out"] };
  const { lines } = fittedLines(table, { width: 15, drop: ["n"] });
  assertEquals(lines, ["   out      m", "a  held    22", "b  broken   3"]);
});

Deno.test("fitted() leaves names whole, on lines of their own, that would be alike without their middles", () => {
  const names = ["issue_with_profile_server_auth_slow", "issue_with_profile_client_auth_slow"];
  const rows = names.map((name) => [name, "1,000,000", "123 ms"]);
  const { lines } = fittedLines({ head: ["", "count", "p95"], rows }, { width: 36 });
  assertEquals(lines.length, 3);
  assertEquals(new Set(lines.map((line) => line.split("\n")[0])).size, 3);
});

Deno.test("renderText() has no line that is wider than the terminal, whatever the names and figures", () => {
  fc.assert(
    fc.property(anySummary(HOSTILE), fc.integer({ min: 60, max: 200 }), fc.boolean(), (
      summary,
      width,
      color,
    ) => {
      for (const line of renderText(summary, { width, color }).split("\n")) {
        assert(widthOf(line) <= width, `${widthOf(line)} at ${width}: ${line}`);
      }
    }),
    { numRuns: 60 },
  );
});

/** A figure with its unit, as it stands in a line. */
const FIGURES =
  /\d(?:[\d,.]*\d)?(?: min \d+ s| h \d+ min)?(?: (?:µs|ms|s|min|h|%|pp|B|[kMGT]B|[MG]iB)|\/s)?/g;

Deno.test("renderText() folds no number at any width", () => {
  const figuresOf = (text: string): string[] => text.match(FIGURES) ?? [];
  fc.assert(
    fc.property(anySummary(LETTERS), fc.integer({ min: 60, max: 199 }), (summary, width) => {
      const whole = new Set(figuresOf(renderText(summary, { width: 200 })));
      for (const figure of figuresOf(renderText(summary, { width }))) {
        assert(whole.has(figure), `${figure} at ${width}`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("renderText() says which columns a narrow terminal has no room for", () => {
  const summary = concluded(runOf([{ name: "issuance_acceptance_of_certificates" }]));
  assert(!renderText(summary).includes("no room for"));
  assertStringIncludes(renderText(summary, { width: 80 }), "no room for avg, min");
});

Deno.test("renderText() fills a file to 100 columns, and a terminal from 60 to 200", () => {
  const summary = concluded(runOf([{ name: "a" }]));
  const widest = (width?: number): number =>
    Math.max(...renderText(summary, { width }).split("\n").map(widthOf));
  assertEquals(renderText(summary, { width: 100 }), renderText(summary));
  assertEquals(renderText(summary, { width: 20 }), renderText(summary, { width: 60 }));
  assertEquals(renderText(summary, { width: 500 }), renderText(summary, { width: 200 }));
  assert(widest(60) <= 60);
});
