import axe from "axe-core";
import { assert, assertEquals, assertGreater, assertStringIncludes } from "../../assert.ts";
import { capacityCharts } from "../../../src/report/capacity/charts.ts";
import { capacityHtml } from "../../../src/report/capacity/html.ts";
import { testWith } from "../../programs.ts";
import { withBrowser } from "../chromium.ts";
import { AXE, BROWSER, DRAWN } from "../pages.ts";
import {
  capacityReport,
  emptyReport,
  EVIL,
  hostileReport,
  limitedReport,
  REPORTS,
} from "./reports.ts";

Deno.test("capacityHtml() asks for nothing outside itself", () => {
  for (const [name, report] of REPORTS) {
    const page = capacityHtml(report());
    assertEquals(page.match(/<(?:script|img|iframe|object|embed)[^>]+src=/g), null, name);
    assertEquals(page.match(/@import|url\(/g), null, name);
    assertStringIncludes(page, "default-src 'none'");
  }
});

Deno.test("capacityHtml() has the answer first, and every level with its reason", () => {
  const page = capacityHtml(capacityReport());
  const answer = page.indexOf("The server holds 137/s (95 %: 133/s to 140/s).");
  assert(answer > 0 && answer < page.indexOf("<table"));
  const { levels } = capacityReport().answer;
  const [, table = ""] = page.split('<table class="levels">');
  assertEquals(table.split("</table>")[0]!.match(/<tr class=/g)?.length, levels.length);
  assertStringIncludes(page, "the queue grows: 420 in flight after 9 s");
});

Deno.test("capacityHtml() leads to every section that there is, and to no other", () => {
  for (const [name, report] of REPORTS) {
    const page = capacityHtml(report());
    const targets = Array.from(page.matchAll(/<a href="#([^"]+)">/g), ([, id]) => id!);
    const sections = Array.from(page.matchAll(/<section id="([^"]+)">/g), ([, id]) => id!);
    assertEquals(targets, sections, name);
  }
});

Deno.test("capacityHtml() runs nothing that a server or a plan has said", () => {
  const page = capacityHtml(hostileReport());
  assert(!page.includes(EVIL) && !page.includes("<script>alert"));
  assertStringIncludes(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
  const scripts = (text: string): number => text.match(/<script/g)?.length ?? 0;
  assertEquals(scripts(page), scripts(capacityHtml(capacityReport())));
});

Deno.test("capacityCharts() have a value of every line at every level, from the lowest up", () => {
  for (const [name, report] of REPORTS) {
    for (const { title, xs, lines } of capacityCharts(report())) {
      assertEquals(xs.toSorted((a, b) => a - b), xs);
      for (const { values } of lines) assertEquals(values.length, xs.length, `${name} ${title}`);
    }
  }
});

Deno.test("capacityCharts() mark the answer with its interval, and limits that are in reach", () => {
  const [times] = capacityCharts(capacityReport());
  assertEquals(times?.mark, { at: 137, from: 133.4, to: 140.2 });
  assertEquals(times?.lines.map(({ label }) => label), ["p99", "p95", "p50", "limit 500 ms"]);
  const far = { ...limitedReport(), limits: capacityReport().limits };
  const [limit] = far.limits.limits;
  const limits = { ...far.limits, limits: [{ ...limit!, limitMs: 60_000 }] };
  const [flat] = capacityCharts({ ...far, limits });
  assertEquals(flat?.lines.map(({ label }) => label), ["p99", "p95", "p50"]);
  assertStringIncludes(flat?.note ?? "", "Far above: the limit of 1 min.");
});

Deno.test("capacityCharts() draw limits of what was searched alone", () => {
  const report = capacityReport();
  const [limit] = report.limits.limits;
  const others = [{ ...limit!, text: "list: p95 < 300ms", limitMs: 300, scenario: 1 }, {
    ...limit!,
    text: "create.post: p95 < 200ms",
    limitMs: 200,
    step: 0,
  }];
  const limits = { ...report.limits, limits: [limit!, ...others] };
  const labels = (scenario: string | null): string[] =>
    capacityCharts({ ...report, scenario, limits })[0]!.lines.map(({ label }) => label).slice(3);
  assertEquals(labels("create"), ["limit 500 ms"]);
  assertEquals(labels(null), ["limit 500 ms", "limit 300 ms"]);
});

Deno.test("capacityCharts() of failures and of the law are there where there is something to see", () => {
  const titles = (report: ReturnType<typeof capacityReport>): string[] =>
    capacityCharts(report).map(({ title }) => title);
  assertEquals(titles(capacityReport()), [
    "Response time",
    "Achieved",
    "In flight",
    "Scalability law",
  ]);
  assertEquals(titles(limitedReport()), ["Response time", "Achieved", "In flight", "Failed"]);
  assertEquals(titles(emptyReport()), []);
});

Deno.test("capacityCharts() show the law levels alone whose queue was at rest", () => {
  const law = capacityCharts(capacityReport()).find(({ title }) => title === "Scalability law")!;
  assertEquals(law.lines.map(({ label }) => label), ["held", "undecided", "fitted"]);
  const drawn = law.lines[0]!.values.filter((value) => value !== null).length;
  const held = capacityReport().answer.levels
    .filter(({ decision, purpose }) => decision === "holds" && purpose !== "recover");
  assertEquals(drawn, held.length);
});

testWith(BROWSER)(
  "a search in a browser draws all its charts, complains of nothing, and fits a phone",
  async () => {
    const directory = await Deno.makeTempDir();
    await withBrowser(async (open) => {
      for (const [name, report] of REPORTS) {
        const file = new URL(`file://${directory}/${name}.html`);
        await Deno.writeTextFile(file, capacityHtml(report()));
        for (const [width, dark] of [[1280, true], [390, false]] as const) {
          const page = await open(file, { width, height: 900, dark });
          await page.evaluate(`${axe.source};0`);
          assertEquals(await page.evaluate<string[]>(AXE), [], `${name}, ${width} wide`);
          assertEquals([page.complaints, page.requests], [[], []], name);
          const [places, canvases, drawn] = await page.evaluate<number[]>(DRAWN);
          assertEquals([canvases, drawn], [places, places], name);
          if (name !== "nothing") assertGreater(places!, 0);
          const overflow = await page.evaluate<number>(
            "document.documentElement.scrollWidth - innerWidth",
          );
          assertEquals(overflow, 0, `${name} is wider than the screen`);
        }
      }
    }).finally(() => Deno.remove(directory, { recursive: true }));
  },
);
