/** Figures in their places: in the tables of the text, of Markdown and of the page. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import type { Threshold } from "../../src/plan/threshold.ts";
import {
  exchangeTable,
  failureTable,
  partTable,
  resultTable,
} from "../../src/report/html/tables.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { renderHgrm } from "../../src/report/hgrm.ts";
import { methodologyRows } from "../../src/report/methodology.ts";
import { renderHtml } from "../../src/report/html.ts";
import { renderJunit } from "../../src/report/junit.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderText } from "../../src/report/text.ts";
import { scenariosOf } from "../../src/metrics/scenarios.ts";
import type { Failure } from "../../src/http/failure.ts";
import { percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { concluded } from "./summaries.ts";

const FAILURE = { class: "status_5xx", message: "HTTP 503 of a" } as const;

const LIMITS: Threshold[] = [
  thresholdOf("p95 < 11ms", percentileOf(95), "<", 11),
  thresholdOf("p99 < 12ms", percentileOf(99), "<", 12),
  thresholdOf(
    "max < 13s",
    { kind: "duration", metric: "response_time", stat: "max" },
    "<",
    13_000,
  ),
  thresholdOf("error_rate < 14%", { kind: "error_rate" }, "<", 0.14),
  thresholdOf("rate > 1.5/s", { kind: "rate" }, ">", 1.5),
  thresholdOf("count > 16", { kind: "count" }, ">", 16),
  thresholdOf(
    "ttfb p95 < 17ms",
    { kind: "duration", metric: "ttfb", stat: "percentile", percentile: 95 },
    "<",
    17,
  ),
];

/** A limit of response times that is broken. */
const BROKEN = thresholdOf("p50 < 1ms", percentileOf(50), "<", 1);

function summaryOf(): Summary {
  return concluded(runOf([{
    name: "create",
    steps: ["ask", "take"],
    ratePerS: 30,
    durationS: 4,
    failure: (i, step) => (i % 4 === 0 && step === "take" ? FAILURE : undefined),
    thresholds: [...LIMITS, BROKEN],
  }]));
}

/** Head of the column -> text of the cell, of the row that begins with a name. */
function rowOf(markup: string, name: string): Record<string, string> {
  const row = markup.split("<tr").find((one) => one.includes(`<th scope="row">${name}</th>`)) ?? "";
  return Object.fromEntries(
    Array.from(
      row.matchAll(/<td[^>]*data-head="([^"]+)"[^>]*>(.*?)<\/td>/gs),
      ([, head, text]) => [head!, text!.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ").trim()],
    ),
  );
}

Deno.test("resultTable() has each limit below the figure that it is of", () => {
  const summary = summaryOf();
  const row = rowOf(resultTable(summary.phases.api!, summary.thresholds).text, "create");
  const limits = Object.entries(row).map(([head, text]) => [head, /&[lg]t; .*/.exec(text)?.[0]]);
  assertEquals(Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)), {
    Count: "&gt; 16",
    Rate: "&gt; 1.5/s",
    Failed: "&lt; 14 %",
    p50: "&lt; 1 ms",
    p95: "&lt; 11 ms",
    p99: "&lt; 12 ms",
    Max: "&lt; 13 s",
  });
});

Deno.test("resultTable() has a limit at its scenario alone, not at its steps", () => {
  const summary = summaryOf();
  const row = rowOf(resultTable(summary.phases.api!, summary.thresholds).text, "ask");
  assert(!JSON.stringify(row).includes("&lt;"), JSON.stringify(row));
});

Deno.test("partTable() has each part with its own figures and limits", () => {
  const summary = summaryOf();
  const [, data] = scenariosOf(summary)[0]!;
  const rows = partTable(data, summary.thresholds).text;
  assertStringIncludes(rowOf(rows, "ttfb")["p95"]!, "&lt; 17 ms");
  assert(!rowOf(rows, "ttfb")["p99"]!.includes("&lt;"));
  assert(!rowOf(rows, "service time")["p95"]!.includes("&lt;"));
  assertEquals(rowOf(rows, "lag")["Max"], "80 µs");
});

Deno.test("every report has failures that are in no response time, with the time that they took", () => {
  const summary = summaryOf();
  const row = rowOf(resultTable(summary.phases.api!, summary.thresholds).text, "failures took");
  assertEquals(row["Count"], "30");
  const lines = renderText(summary).split("\n");
  const at = lines.findIndex((line) => /^create +120 /.test(line));
  assert(/^ {2}failures took +30 +\d/.test(lines[at + 1]!), lines[at + 1]);
  assert(/\| &emsp;failures took \| 30 \|/.test(renderMarkdown(summary)));
  for (const render of [renderText, renderMarkdown, renderHtml, renderJunit]) {
    assertStringIncludes(render(summary), "esponse time of answers as expected and of timeouts");
  }
});

Deno.test("every report has the answers by status, the connections and the bytes", () => {
  const summary = summaryOf();
  const row = rowOf(exchangeTable(summary).text, "take");
  assertEquals(row, {
    200: "90",
    503: "30",
    "New connections": "0",
    Reused: "120",
    Sent: "6 kB",
    Received: "12 kB",
  });
  assertStringIncludes(
    renderMarkdown(summary),
    "| &emsp;`take` | 90 | 30 | 0 | 120 | 6 kB | 12 kB |",
  );
  assert(/^ {2}take +90 +30 +0 +120 +6 kB +12 kB$/m.test(renderText(summary)));
});

Deno.test("answers of rare statuses share a column, so that none is untold", () => {
  const summary = summaryOf();
  const data = scenariosOf(summary)[0]![1];
  data.statuses = { 200: 90, 201: 8, 400: 7, 404: 6, 429: 5, 500: 4 };
  const row = rowOf(exchangeTable(summary).text, "create");
  assertEquals([row["200"], row["404"], row["others"]], ["90", "6", "9"]);
});

Deno.test("a single dropped or interrupted arrival is told, and no arrival where none was", () => {
  const text = (parts: { dropped?: number; interrupted?: number }): string =>
    renderText(concluded(runOf([{ name: "a", ...parts }])));
  assertStringIncludes(text({ dropped: 1 }), "a: 1 dropped of 100 arrivals");
  assertStringIncludes(text({ interrupted: 1 }), "a: 1 interrupted of 100 arrivals");
  assertStringIncludes(
    text({ dropped: 2, interrupted: 1 }),
    "a: 2 dropped, 1 interrupted of 100 arrivals",
  );
  assert(!/dropped|interrupted|of \d+ arrivals/.test(text({})));
});

Deno.test("the page tells a single dropped arrival too", () => {
  const page = renderHtml(concluded(runOf([{ name: "a", dropped: 1 }])));
  assertStringIncludes(page, '<p class="bad">1 dropped of 100 arrivals</p>');
  assert(!renderHtml(concluded(runOf([{ name: "a" }]))).includes("of 100 arrivals"));
});

Deno.test("every report says once and first that the host had no CPU left", () => {
  const summary = concluded(runOf([{ name: "a" }], { hostCpuShare: 0.99 }));
  const said = "This host's CPUs were 99 % busy";
  const times = (text: string): number => text.split(said).length - 1;
  const text = renderText(summary);
  assert(text.startsWith(`! ${said}`), text);
  assertEquals(times(text), 1);
  const markdown = renderMarkdown(summary);
  assert(markdown.startsWith(`> ⚠️ ${said}`), markdown);
  assertEquals(times(markdown), 1);
  assertEquals(renderHtml(summary).split("This host&#39;s CPUs were 99 % busy").length - 1, 1);
});

Deno.test("methodologyRows() has the CPU of the busiest worker and of the whole process", () => {
  const of = (processCpuUs: number): string =>
    methodologyRows(concluded(runOf([{ name: "a" }], { processCpuUs })))
      .find(([what]) => what === "generator")![1];
  assertStringIncludes(of(1.6e6), "busiest 12 % of a core, the whole process 16 % of a core");
  assertStringIncludes(of(15e6), "the whole process 1.5 cores");
});

Deno.test("every report tells a step's failures once, at the step", () => {
  const summary = summaryOf();
  assertStringIncludes(
    renderText(summary),
    "\n  30 status_5xx in create take\n    HTTP 503 of a\n",
  );
  assertEquals(renderText(summary).split("HTTP 503 of a").length, 2);
  assertStringIncludes(
    renderMarkdown(summary),
    "| `create take` | `status_5xx` | 30 | `HTTP 503 of a` |",
  );
  const [, data] = scenariosOf(summary)[0]!;
  const table = failureTable("create", data).text;
  assertEquals(table.match(/<tr/g)?.length, 2);
  assert(!table.includes("unseen"));
  assertStringIncludes(table.replace(/\s+/g, " "), 'data-head="Step">take</td>');
});

Deno.test("every report tells the failures of each step", () => {
  const failure = (_: number, step: string): Failure => ({
    ...FAILURE,
    message: `HTTP 500 ${step}`,
  });
  const summary = concluded(runOf([{ name: "a", steps: ["x", "y"], failure }]));
  for (const render of [renderText, renderMarkdown, renderHtml]) {
    for (const step of ["x", "y"]) {
      assertEquals(render(summary).split(`HTTP 500 ${step}`).length, 2, `${render.name} ${step}`);
    }
  }
});

Deno.test("renderMarkdown() leaves out what a server did not observe", () => {
  const none = {
    name: "waited_seconds",
    labels: {},
    count: 0,
    avg: null,
    p50: null,
    p95: null,
    p99: null,
  };
  const server_metrics = { url: "u", problem: null, notes: [], counters: [], histograms: [none] };
  const markdown = renderMarkdown({ ...concluded(runOf([{ name: "a" }])), server_metrics });
  assert(!markdown.includes("waited_seconds") && !markdown.includes("server's own metrics"));
});

Deno.test("every report tells the failures of a scenario of one step at the scenario", () => {
  const summary = concluded(runOf([{ name: "a", failure: (i) => (i < 3 ? FAILURE : undefined) }]));
  assertStringIncludes(renderText(summary), "\n  3 status_5xx in a\n");
  assertStringIncludes(renderMarkdown(summary), "| `a` | `status_5xx` | 3 |");
  const table = failureTable("a", scenariosOf(summary)[0]![1]).text;
  assertEquals(table.match(/<tr/g)?.length, 2);
  assertStringIncludes(table, '<span class="unseen">Step</span>');
});

Deno.test("renderHgrm() of a single value has it as mean and maximum, and no deviation", () => {
  const histogram = new Histogram();
  histogram.record(1000);
  const text = renderHgrm(histogram);
  assertStringIncludes(text, "#[Mean    =        1.000, StdDeviation   =        0.000]\n");
  assertStringIncludes(text, "#[Max     =        1.000, Total count    =            1]\n");
});

Deno.test("methodologyRows() says in a line how arrivals were spaced, by name where scenarios differ", () => {
  type Spacing = Partial<ReturnType<typeof concluded>["phases"][string][string]["load"]>;
  const row = (...spacings: Spacing[]): string | undefined => {
    const summary = concluded(runOf(spacings.map((_, at) => ({ name: "abc"[at]! }))));
    spacings.forEach((each, at) => Object.assign(summary.phases.api!["abc"[at]!]!.load, each));
    return methodologyRows(summary).find(([what]) => what === "arrivals")?.[1];
  };
  const poisson = (seed: number | null): Spacing => ({ arrivals: "poisson", seed, phase: null });
  const closed: Spacing = { model: "closed", arrivals: null, seed: null, phase: null };
  const old: Spacing = { arrivals: null, seed: null, phase: null };
  assertEquals(row({}), "evenly spaced");
  assertEquals(row(old), "evenly spaced");
  assertEquals(
    row({}, { phase: 0.414 }, { phase: 0.242 }),
    "evenly spaced, phases of 0 % to 41.4 % of an interarrival",
  );
  assertEquals(row({ phase: 0.25 }), "evenly spaced, a phase of 25 % of an interarrival");
  assertEquals(row(poisson(1), poisson(1), closed), "Poisson, seed 1");
  assertEquals(row(poisson(null)), "Poisson, several seeds");
  assertEquals(row(poisson(7), {}, poisson(7)), "Poisson, seed 7: a, c; evenly spaced: b");
  assertEquals(row(closed), undefined);
});

Deno.test("methodologyRows() names what undici has measured, and says nothing of certload's own client", () => {
  const summary = concluded(runOf([{ name: "a" }, { name: "b" }]));
  const clientIn = (told: Summary): string | undefined =>
    methodologyRows(told).find(([what]) => what === "client")?.[1];
  assertEquals(clientIn(summary), undefined);
  for (const tier of Object.values(summary.phases)) {
    if (tier.b !== undefined) tier.b.client = "undici";
  }
  assertEquals(clientIn(summary), "undici for b");
});
