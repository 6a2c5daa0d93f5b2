import { assertEquals, assertStringIncludes } from "../assert.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderHtml } from "../../src/report/html.ts";
import { differenceMark, exitMark, THRESHOLD_MARKS } from "../../src/report/marks.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderText } from "../../src/report/text.ts";
import { concluded, failedRun, interruptedRun, passedRun } from "./summaries.ts";

Deno.test("a run's end has one colour in text, Markdown and HTML", () => {
  const told = (summary: Summary): string[] => {
    const [, colour = ""] = renderText(summary, { color: true }).split(/\W+(?=\d+m)|m/);
    const [, icon = ""] = /^## (\S+)/m.exec(renderMarkdown(summary)) ?? [];
    const [, tone = ""] = /<header class="(\w+)"/.exec(renderHtml(summary)) ?? [];
    return [colour, icon, tone];
  };
  assertEquals(told(concluded(passedRun())), ["32", "✅", "good"]);
  assertEquals(told(concluded(failedRun())), ["31", "❌", "bad"]);
  assertEquals(told(concluded(interruptedRun())), ["33", "⚠️", "warn"]);
});

Deno.test("a threshold has its mark in text, Markdown and HTML, whatever came of it", () => {
  const summary = concluded(failedRun());
  for (const verdict of Object.keys(THRESHOLD_MARKS) as (keyof typeof THRESHOLD_MARKS)[]) {
    const { sign, icon, word } = THRESHOLD_MARKS[verdict];
    const thresholds = summary.thresholds.slice(0, 1).map((one) => ({ ...one, verdict }));
    const shown = { ...summary, thresholds };
    assertStringIncludes(renderText(shown), `  ${sign} ${thresholds[0]!.scenario}`);
    assertStringIncludes(renderMarkdown(shown), `\n| ${icon} | \`${thresholds[0]!.scenario}`);
    assertStringIncludes(renderHtml(shown), `aria-label="${word}">${sign}</span>`);
  }
});

Deno.test("what forbids a comparison is told like what forbids a run, other differences like remarks", () => {
  const mark = (refusal: boolean): string =>
    differenceMark({ code: "c", message: "m", refusal }).icon;
  assertEquals([mark(true), mark(false)], ["❌", "⚠️"]);
});

Deno.test("an exit that this version does not know is told by its name, a name of Object's too", () => {
  assertEquals(exitMark({ exit: { name: "toString" } }).word, "TOSTRING");
});
