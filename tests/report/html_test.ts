import axe from "axe-core";
import fc from "fast-check";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../assert.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { formatMs, formatRate } from "../../src/metrics/format.ts";
import { renderHtml } from "../../src/report/html.ts";
import { chartsOf } from "../../src/report/html/charts.ts";
import { html, jsonForScript } from "../../src/report/html/markup.ts";
import { partsOf } from "../../src/report/html/phases.ts";
import { clockTime } from "../../src/report/progress.ts";
import { scenariosOf } from "../../src/metrics/scenarios.ts";
import { runOf, workerFacts } from "../metrics/runs.ts";
import { testWith } from "../programs.ts";
import { withBrowser } from "./chromium.ts";
import { AXE, BROWSER, DRAWN } from "./pages.ts";
import {
  concluded,
  failedRun,
  interruptedRun,
  invalidRun,
  lifecycleRun,
  passedRun,
} from "./summaries.ts";

const SUMMARIES: [string, () => Summary][] = [
  ["passed", () => concluded(passedRun())],
  ["failed", () => concluded(failedRun())],
  ["interrupted", () => concluded(interruptedRun())],
  ["invalid", () => concluded(invalidRun())],
  ["compared", () => concluded(passedRun(), concluded(passedRun()))],
  ["lifecycle", () => concluded(lifecycleRun())],
  ["empty", () => concluded(runOf([{ name: "nothing", dropped: 100 }]))],
];

Deno.test("html`` escapes all that is put in, and leaves markup alone", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const escaped = html`<a title="${text}">${[text, html`<b>${text}</b>`]}</a>`.text;
    const inside = escaped.slice('<a title="'.length, -"</a>".length);
    assertEquals(inside.replace(/"|<b>|<\/b>|>/g, "").match(/[<>"']/), null);
  }));
});

Deno.test("jsonForScript() is the same JSON, and cannot end its script", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assertEquals(JSON.parse(jsonForScript(value)), JSON.parse(JSON.stringify(value)));
  }));
  assert(!jsonForScript(["</script><!--"]).includes("<"));
});

Deno.test("renderHtml() asks for nothing outside itself", () => {
  for (const [name, summary] of SUMMARIES) {
    const page = renderHtml(summary());
    assertEquals(page.match(/<(?:script|img|iframe|object|embed)[^>]+src=/g), null, name);
    assertEquals(page.match(/<link[^>]+href="(?!data:)/g), null, name);
    assertEquals(page.match(/@import|url\(/g), null, name);
    assertStringIncludes(page, "default-src 'none'");
  }
});

Deno.test("the page writes numbers as the program does, with functions that need nothing else", () => {
  const [, source = ""] = /<script>(function[^]*?)\/\*/.exec(renderHtml(concluded(passedRun()))) ??
    [];
  const page: (value: number) => string[] = Function(
    `"use strict"; ${source} return (value) => [formatMs, formatRate, clockTime].map((f) => f(value));`,
  )();
  fc.assert(fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (value) => {
    assertEquals(page(value), [formatMs(value), formatRate(value), clockTime(value)]);
  }));
});

Deno.test("renderHtml() puts the verdict first, and warns of the lab", () => {
  const page = renderHtml(concluded(failedRun()));
  const verdict = page.indexOf('<p class="verdict">FAILED</p>');
  assert(verdict > 0 && verdict < page.indexOf("<table"));
  assertStringIncludes(page, "do not publish these figures as certctl&#39;s");
});

Deno.test("renderHtml() says how far the run is to be trusted, also where nothing is found fault with", () => {
  const page = renderHtml(concluded(passedRun()));
  assertStringIncludes(page, "<h2>Validity: valid");
  assertStringIncludes(page, "<dt>Lag p99</dt>");
  const part = "Ended after 4 s of the planned 4 s: figures and thresholds are of that part alone.";
  const ended = renderHtml(concluded(interruptedRun()));
  assertStringIncludes(ended, "<h2>Validity: not a whole run</h2>");
  assertStringIncludes(ended, part);
});

Deno.test("renderHtml() has each part of a response time with its percentiles and limits", () => {
  const page = renderHtml(concluded(passedRun()));
  const rows = page.match(/<th scope="row">tls handshake<\/th>/g) ?? [];
  assert(rows.length > 0);
});

Deno.test("chartsOf() draws no line of failures where there are none", () => {
  const labels = (summary: Summary): string[] =>
    scenariosOf(summary).flatMap(([, data]) =>
      chartsOf(data).flatMap(({ lines }) => lines.map(({ label }) => label))
    );
  assert(!labels(concluded(passedRun())).includes("failed"));
  assert(labels(concluded(failedRun())).includes("failed"));
});

Deno.test("chartsOf() draws no curve of a single value, and does not send anybody to it", () => {
  const mentioned = (durationS: number): readonly boolean[] => {
    const summary = concluded(runOf([{ name: "a", ratePerS: 1, durationS }]));
    const charts = scenariosOf(summary).flatMap(([, data]) => chartsOf(data));
    return [
      charts.some(({ title }) => title === "Percentiles"),
      charts.some(({ note = "" }) => note.includes("percentile curve")),
    ];
  };
  assertEquals(mentioned(1), [false, false]);
  assertEquals(mentioned(10), [true, true]);
});

Deno.test("renderHtml() does not run what a server has sent", () => {
  const message =
    `HTTP 500 </script><script>document.title="x"</script><img src=x onerror=alert(1)>`;
  const run = runOf([{ name: "a", failure: () => ({ class: "status_5xx", message }) }]);
  const page = renderHtml(concluded(run));
  assert(!page.includes("<img") && !page.includes('<script>document.title="x"'));
  assertStringIncludes(page, "&lt;img src=x onerror=alert(1)&gt;");
});

Deno.test("chartsOf() has as many values as instants in every line", () => {
  for (const [name, summary] of SUMMARIES) {
    for (const [scenario, data] of scenariosOf(summary())) {
      for (const { title, xs, lines } of chartsOf(data)) {
        for (const { values } of lines) {
          assertEquals(values.length, xs.length, `${name} ${scenario} ${title}`);
        }
        assertEquals(xs.toSorted((a, b) => a - b), xs);
      }
    }
  }
});

Deno.test("partsOf() add up to the average response time", () => {
  for (const [, data] of scenariosOf(concluded(passedRun()))) {
    const total = partsOf(data).reduce((sum, { ms }) => sum + ms, 0);
    assert(Math.abs(total - data.response_time_ms!.avg) < 0.001);
  }
});

Deno.test("renderHtml() tells the standstill that a remark is about, not another one", () => {
  const run = runOf([{ name: "a" }], { workers: [workerFacts({ maxEventLoopDelayUs: 298_000 })] });
  const page = renderHtml(concluded(run));
  assertStringIncludes(page, "stood still for 298 ms");
  assert(/<dt>Longest standstill<\/dt>\s*<dd>298 ms<\/dd>/.test(page));
});

Deno.test("renderHtml() leads to every section and scenario", () => {
  const page = renderHtml(concluded(passedRun(), concluded(passedRun())));
  const targets = Array.from(page.matchAll(/<a href="#([^"]+)">/g), ([, id]) => id!);
  assert(targets.length >= 12);
  for (const id of targets) {
    assertEquals(page.split(` id="${id}"`).length, 2, `${id} is there once`);
  }
});

Deno.test("renderHtml() folds what held, and leaves open what is wrong", () => {
  const open = (summary: Summary): number =>
    renderHtml(summary).match(/<details open>/g)?.length ?? 0;
  assertEquals(open(concluded(passedRun())), 0);
  assertEquals(open(concluded(failedRun())), 2);
});

Deno.test("renderHtml() leaves open what has a picture of deployments or of jobs", () => {
  const page = renderHtml(concluded(lifecycleRun())).replaceAll("<wbr>", "");
  const folded = Array.from(
    page.matchAll(/<details( open)?>\s*<summary><h3>([^<]+)/g),
    ([, isOpen, name]) => [name, isOpen !== undefined],
  );
  assertEquals(folded.find(([name]) => name === "deploy_haproxy"), ["deploy_haproxy", true]);
  assertEquals(folded.filter(([, isOpen]) => !isOpen), []);
});

testWith(BROWSER)(
  "a report in a browser draws all its charts, complains of nothing, asks for nothing",
  async () => {
    const directory = await Deno.makeTempDir();
    await withBrowser(async (open) => {
      for (const [name, summary] of SUMMARIES) {
        const file = new URL(`file://${directory}/${name}.html`);
        await Deno.writeTextFile(file, renderHtml(summary()));
        const wide = name === "compared" || name === "failed";
        const page = await open(file, { width: wide ? 1280 : 390, height: 900, dark: wide });
        if (name === "compared") assertLess(await page.evaluate<number>(HEIGHT), 3000);
        await page.evaluate(UNFOLD);
        assertEquals(page.complaints, [], name);
        assertEquals(page.requests, [], name);
        const [places, canvases, drawn] = await page.evaluate<number[]>(DRAWN);
        if (name !== "empty") assertGreater(places!, 0);
        assertEquals([canvases, drawn], [places, places], name);
        const overflow = await page.evaluate<number>(
          "document.documentElement.scrollWidth - innerWidth",
        );
        assertEquals(overflow, 0, `${name} is wider than the screen`);
        const cutOff = await page.evaluate<number>(CUT_OFF);
        if (!wide) assertEquals(cutOff, 0, `${name} has tables that are wider than the phone`);
      }
    }).finally(() => Deno.remove(directory, { recursive: true }));
  },
);

testWith(BROWSER)(
  "a report has no finding of axe, in the light, in the dark and on a phone",
  async () => {
    const directory = await Deno.makeTempDir();
    await withBrowser(async (open) => {
      for (const [name, summary] of SUMMARIES) {
        const file = new URL(`file://${directory}/${name}.html`);
        await Deno.writeTextFile(file, renderHtml(summary()));
        for (const [width, dark] of [[1280, false], [1280, true], [390, false]] as const) {
          const page = await open(file, { width, height: 900, dark });
          await page.evaluate(UNFOLD);
          await page.evaluate(`${axe.source};0`);
          assertEquals(await page.evaluate<string[]>(AXE), [], `${name}, ${width} wide`);
        }
      }
    }).finally(() => Deno.remove(directory, { recursive: true }));
  },
);

testWith(BROWSER)("a report on paper is as long as what is open in it", async () => {
  const directory = await Deno.makeTempDir();
  await withBrowser(async (open) => {
    for (const [name, most] of [["passed", 2], ["failed", 3]] as const) {
      const file = new URL(`file://${directory}/${name}.html`);
      const summary = SUMMARIES.find(([one]) => one === name)![1];
      await Deno.writeTextFile(file, renderHtml(summary()));
      const page = await open(file, { width: 794, height: 1123, print: true });
      const pdf = new TextDecoder("latin1").decode(await page.pdf());
      const pages = pdf.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0;
      assertGreater(pages, 0);
      assertLess(pages, most + 1, `${name} has ${pages} pages`);
    }
  }).finally(() => Deno.remove(directory, { recursive: true }));
});

const HEIGHT = "document.documentElement.scrollHeight";

/** All that is folded opened, and drawn. */
const UNFOLD = `new Promise((done) => {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
})`;

const CUT_OFF = `Array.from(document.querySelectorAll(".scroll"))
  .filter((place) => place.scrollWidth > place.clientWidth + 1).length`;
