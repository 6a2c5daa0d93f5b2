/** What servers, plans and hand-written summaries put into names and messages, in every report. */
import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { parseExposition } from "../../src/metrics/exposition.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderHtml } from "../../src/report/html.ts";
import { renderJunit } from "../../src/report/junit.ts";
import { codeMarkdown, escapeMarkdown, renderMarkdown } from "../../src/report/markdown.ts";
import { renderPrometheus } from "../../src/report/prometheus.ts";
import { renderText } from "../../src/report/text.ts";
import { runOf } from "../metrics/runs.ts";
import { testWith } from "../programs.ts";
import { anySummary, HOSTILE, LETTERS } from "./arbitrary.ts";
import { concluded } from "./summaries.ts";

const EVIL =
  "a|b `c` <script>alert(1)</script> ]]> \u0000 \ud800 \u001b[31m \u202e \r\n| x | [l](j:x) @all";

function planted(): Summary {
  const failure = { class: "status_5xx", message: EVIL } as const;
  const summary = concluded(runOf([{ name: EVIL, failure: () => failure }]));
  summary.plan.name = EVIL;
  summary.plan.description = EVIL;
  summary.exit.reason = EVIL;
  summary.methodology.notes.push(EVIL);
  summary.methodology.target.identity = EVIL;
  summary.validity.warnings.push({
    code: "x",
    cause: "run",
    scenarios: [],
    message: EVIL,
    advice: EVIL,
  });
  for (const phase of Object.values(summary.phases)) {
    for (const data of Object.values(phase)) {
      data.server = EVIL;
      data.counters[EVIL] = 1;
      data.gauges[EVIL] = [{ at_s: 0, max: 1, last: 1, last_at_s: 0 }];
      data.deployments.push({
        target: EVIL,
        by: "agent",
        requested_at_s: 0,
        issued_at_s: null,
        reported_at_s: null,
        first_new_at_s: null,
        last_old_at_s: 1,
        next_new_at_s: null,
        verdict: "never",
        spans: [{ state: "old", from_s: 0, to_s: 1 }],
      });
      data.deployments.push({ ...data.deployments[0]!, target: `${EVIL} other` });
      data.deployment_verdicts = { never: 2 };
      for (const peer of data.tls_peers) {
        peer.subject = EVIL;
        peer.issuer = EVIL;
        peer.sans = [EVIL];
        peer.cipher = EVIL;
      }
    }
  }
  summary.server_metrics = {
    url: EVIL,
    problem: EVIL,
    notes: [EVIL],
    counters: [
      { name: EVIL, labels: { [EVIL]: EVIL }, kind: "counter", before: 0, after: 1, delta: 1 },
    ],
    histograms: [],
  };
  return summary;
}

/** Nothing that a terminal, a log or an editor would obey, and no half of a character. */
// deno-lint-ignore no-control-regex -- these must not be there
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;

Deno.test("no report has a control character, a bidi mark or half of a character in it", () => {
  const summary = planted();
  for (const render of [renderText, renderMarkdown, renderJunit, renderPrometheus, renderHtml]) {
    const text = render(summary).replace(/<script>[^]*?<\/script>/g, "");
    assertEquals(
      text.match(OBEYED)?.index,
      undefined,
      `${render.name}: ${text.slice((text.match(OBEYED)?.index ?? 0) - 60).slice(0, 99)}`,
    );
  }
});

Deno.test("renderMarkdown() keeps each row's cells, whatever is in them", () => {
  const cellsOf = (line: string): number => line.replace(/\\[!-/:-@[-`{-~]/g, "").split("|").length;
  fc.assert(
    fc.property(fc.oneof(anySummary(HOSTILE), fc.constant(planted())), (summary) => {
      const lines = renderMarkdown(summary).split("\n");
      lines.forEach((line, i) => {
        if (!line.startsWith("|")) return assert(!/^\s*\|/.test(line), line);
        if (lines[i - 1]?.startsWith("|")) {
          assertEquals(cellsOf(line), cellsOf(lines[i - 1]!), line);
        }
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("renderMarkdown() has no markup, link or mention that is not its own", () => {
  // Code spans, in which nothing is markup, and escaped characters aside.
  const bare = renderMarkdown(planted()).replace(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "")
    .replace(/\\[!-/:-@[-`{-~]/g, "");
  assertEquals(bare.match(/<(?!\/?(?:details|summary|code)>)[^>]*>/g), null);
  assert(!/\]\(|@all/.test(bare), bare);
});

Deno.test("escapeMarkdown() and codeMarkdown() of a backslash before a pipe end no cell", () => {
  assertEquals(escapeMarkdown("a\\|b"), "a\\\\\\|b");
  assertEquals(codeMarkdown("a\\|b"), "<code>a&#92;&#124;b</code>");
});

Deno.test("renderHtml() has no element that is not its own", () => {
  const names = (page: string): string[] =>
    Array.from(page.matchAll(/<([a-z][a-z0-9]*)[\s>]/g), ([, name]) => name!);
  const scripts = names(renderHtml(planted())).filter((name) => name === "script").length;
  const own = names(renderHtml(concluded(runOf([{ name: "a" }]))));
  assertEquals(scripts, own.filter((name) => name === "script").length);
  assertStringIncludes(renderHtml(planted()), "&lt;script&gt;alert(1)&lt;/script&gt;");
});

Deno.test("renderPrometheus() of any names is an exposition of as many samples as it has lines", () => {
  fc.assert(
    fc.property(fc.oneof(anySummary(HOSTILE), fc.constant(planted())), (summary) => {
      const text = renderPrometheus(summary);
      const lines = text.trimEnd().split("\n").filter((line) => !line.startsWith("#"));
      assertEquals(parseExposition(text).samples.length, lines.length);
    }),
    { numRuns: 40 },
  );
});

testWith("xmllint")("renderJunit() of any names is well-formed XML", async () => {
  const file = await Deno.makeTempFile({ suffix: ".xml" });
  for (const summary of [planted(), ...fc.sample(anySummary(HOSTILE), { numRuns: 5, seed: 1 })]) {
    await Deno.writeTextFile(file, renderJunit(summary));
    const { success, stderr } = await new Deno.Command("xmllint", { args: ["--noout", file] })
      .output();
    assert(success, new TextDecoder().decode(stderr));
  }
  await Deno.remove(file);
});

Deno.test("no report has a number with the noise of binary fractions", () => {
  fc.assert(
    fc.property(anySummary(LETTERS), (summary) => {
      for (
        const render of [renderText, renderMarkdown, renderJunit, renderPrometheus, renderHtml]
      ) {
        const text = render(summary).replace(/<script>[^]*?<\/script>|<style>[^]*?<\/style>/g, "");
        assertEquals(text.match(/.{0,60}\d\.\d{7,}/)?.[0], undefined, render.name);
        assertEquals(text.match(/.{0,60}\b\d+(?:\.\d+)?e[-+]?\d+\b/)?.[0], undefined, render.name);
      }
    }),
    { numRuns: 40 },
  );
});
