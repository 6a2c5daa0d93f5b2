import { renderHtml } from "../../src/report/html.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderText } from "../../src/report/text.ts";
import { widthOf } from "../../src/report/width.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { mergeSummaries } from "../../src/verdict/merge.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../assert.ts";
import { runOf } from "../metrics/runs.ts";
import { madeShard, madeShards } from "../verdict/made_shards.ts";
import { concluded } from "./summaries.ts";

/** The fourth of four is missing, the third was starved, the second's clock is fast. */
const merged = mergeSummaries([
  madeShard({ index: 1, count: 4 }),
  madeShard({ index: 2, count: 4, offsetMs: 250, boundMs: 2.5 }),
  madeShard({ index: 3, count: 4, validity: ["generator_cpu"], lagMs: 310, hostShare: 0.99 }),
]);

function sectionOf(text: string, name: string): string[] {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith(name));
  return lines.slice(from, lines.indexOf("", from));
}

Deno.test("the text has a row for each machine that shared the run, and for the missing one", () => {
  assertEquals(sectionOf(renderText(merged), "Shards"), [
    "Shards  began after the first, by the target's clock; clock: ahead of the target's, to so much; CPU",
    "        of the busiest worker's core",
    "                      began            clock  requests  lag p99  worker cpu  host cpu          unfit",
    "1 host-1            +250 ms      +0 ms ±3 ms       100   200 µs        12 %      30 %",
    "2 host-2 on node-b    +0 ms  +250 ms ±2.5 ms       100   200 µs        12 %      30 %",
    "3 host-3            +250 ms      +0 ms ±3 ms       100   310 ms        12 %      99 %  generator_cpu",
    "4                   missing",
  ]);
});

Deno.test("no line is wider than the page, however narrow", () => {
  for (const width of [60, 80, 100]) {
    for (const line of sectionOf(renderText(merged, { width }), "Shards")) {
      assert(widthOf(line) <= width, line);
    }
  }
});

Deno.test("Markdown and HTML have the same rows", () => {
  const markdown = renderMarkdown(merged);
  assertStringIncludes(
    markdown,
    "| 2 host-2 on node-b | +0 ms | +250 ms ±2.5 ms | 100 | 200 µs | 12 % | 30 % |  |",
  );
  assertStringIncludes(markdown, "| 4 | missing |");
  const html = renderHtml(merged);
  assertStringIncludes(html, "4 machines, 2 missing or unfit");
  for (const cell of ["+250 ms ±2.5 ms", "host-3", "generator_cpu", "missing"]) {
    assertStringIncludes(html, cell);
  }
});

Deno.test("of a thousand machines a text shows those that are not as they should be, and counts the others", () => {
  const [one] = madeShards(1);
  const [part] = one!.shards!.parts;
  const parts = Array.from({ length: 1_000 }, (_, i) => (
    { ...part!, index: i + 1, validity: i === 899 ? ["generator_lag"] : [] }
  ));
  const many: Summary = { ...one!, shards: { ...one!.shards!, count: 1_001, parts } };
  const lines = sectionOf(renderText(many), "Shards");
  assertLess(lines.length, 30);
  assert(lines.some((line) => line.startsWith("900 ") && line.endsWith("generator_lag")));
  assert(lines.some((line) => line.startsWith("1001") && line.endsWith("missing")));
  assertEquals(lines.at(-1), "  and 977 more");
  assertStringIncludes(renderHtml(many), "1,001 machines, 2 missing or unfit");
});

Deno.test("a run that one machine made has no such table, and a clock that is not known is said to be so", () => {
  const alone = concluded(runOf([{ name: "x" }]));
  for (const render of [renderText, renderMarkdown, renderHtml]) {
    assert(!render(alone).includes("Shards"));
  }
  const unknown = mergeSummaries([
    madeShard({ index: 1, count: 2 }),
    madeShard({ index: 2, count: 2, offsetMs: null }),
  ]);
  const [, , , first, second] = sectionOf(renderText(unknown), "Shards");
  assertStringIncludes(first!, "+0 ms ±3 ms");
  assertStringIncludes(second!, "?");
});
