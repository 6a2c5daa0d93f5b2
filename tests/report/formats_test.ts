import fc from "fast-check";
import { anyCharacter } from "../any_character.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { parseExposition } from "../../src/metrics/exposition.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { packed, unpacked } from "../../src/metrics/stats.ts";
import { hgrmFiles, renderHgrm } from "../../src/report/hgrm.ts";
import { renderHtml } from "../../src/report/html.ts";
import { escapeXml, renderJunit } from "../../src/report/junit.ts";
import {
  codeMarkdown,
  escapeMarkdown,
  renderBaseline,
  renderMarkdown,
} from "../../src/report/markdown.ts";
import { renderPrometheus } from "../../src/report/prometheus.ts";
import { renderText } from "../../src/report/text.ts";
import { baselineOf } from "../../src/verdict/baseline.ts";
import { runOf } from "../metrics/runs.ts";
import { testWith } from "../programs.ts";
import { anySummary, HOSTILE } from "./arbitrary.ts";
import { assertGolden } from "./golden.ts";
import {
  concluded,
  failedRun,
  interruptedRun,
  invalidRun,
  lifecycleRun,
  passedRun,
} from "./summaries.ts";

const compared = () => concluded(failedRun(), concluded(failedRun()));

Deno.test("renderMarkdown() of a run that failed, and of one that was compared", () => {
  assertGolden("failed.md.golden", renderMarkdown(concluded(failedRun())));
  assertGolden(
    "compared.md.golden",
    renderMarkdown(concluded(passedRun(), concluded(passedRun()))),
  );
});

Deno.test("renderMarkdown() has the reasons of an invalid and of an interrupted run", () => {
  assertStringIncludes(renderMarkdown(concluded(invalidRun())), "### Validity: invalid");
  assertStringIncludes(renderMarkdown(concluded(interruptedRun())), "## ⚠️ INTERRUPTED");
});

Deno.test("every report says why the server's own metrics are not in it", () => {
  const server_metrics = {
    url: "u",
    problem: "u answered 401",
    notes: [],
    counters: [],
    histograms: [],
  };
  const summary = { ...concluded(passedRun()), server_metrics };
  for (const render of [renderText, renderMarkdown, renderHtml]) {
    assertStringIncludes(render(summary), "u answered 401");
  }
});

Deno.test("renderText() of a comparison", () => {
  assertGolden("compared.txt", renderText(concluded(passedRun(), concluded(passedRun()))));
});

Deno.test("escapeMarkdown() leaves nothing that a table, a link or a mention could come of", () => {
  const escaped = escapeMarkdown("a|b [x](http://e.vil) @all *b* `c`\n# d <b>");
  assertEquals(escaped.match(/(?<!\\)[|[\]()@*`#<>]/g), null);
  assertEquals(escaped.split("\n").length, 1);
});

Deno.test("codeMarkdown() holds any text in one code span, and leaves no pipe to a table", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("`", "a", "|", " ", "\\") }), (text) => {
      const span = codeMarkdown(text);
      assert(!span.includes("|"), span);
      if (text.includes("|")) {
        return assertEquals(span.match(/^<code>[^<>`\\]*<\/code>$/)?.length, 1);
      }
      const fence = /^`+/.exec(span)![0];
      assert(span.endsWith(fence));
      assert(!span.slice(fence.length, -fence.length).includes(fence) || text.trim() === "");
    }),
  );
});

Deno.test("renderBaseline() has measured values beside the thresholds, and no placeholder", () => {
  const baseline = baselineOf(concluded(passedRun()), {
    savedAt: "2026-05-02T12:05:00.000Z",
    forcedOver: [],
  });
  const text = renderBaseline(baseline);
  assertGolden("baseline.md.golden", text);
  assert(!/TBD|n\/a|\| - \|/.test(text), text);
  const forced = baselineOf(concluded(failedRun()), {
    savedAt: "",
    forcedOver: ["It was the lab"],
  });
  assertStringIncludes(renderBaseline(forced), "> Kept in spite of: It was the lab");
});

Deno.test("renderJunit() has a case for each threshold, and errors for what must not be judged", () => {
  assertGolden("failed.xml.golden", renderJunit(concluded(failedRun())));
  assertGolden("invalid.xml.golden", renderJunit(concluded(invalidRun())));
  const xml = renderJunit(concluded(interruptedRun()));
  assertStringIncludes(
    xml,
    '<error message="Ended after 4 s of the planned 4 s: figures and thresholds are of that part alone" type="interrupted"/>',
  );
  const { comparison } = compared();
  const judged = renderJunit(compared()).split("comparison with the baseline")[1]!;
  const regressed = comparison!.figures.filter(({ verdict }) => verdict === "regressed").length;
  assertEquals(judged.split('type="regression"').length - 1, regressed);
  assert(regressed !== comparison!.figures.length - regressed, "the two cannot be told apart");
});

const XSD = new URL("./junit.xsd", import.meta.url).pathname;
testWith("xmllint")("renderJunit() is valid by the schema of JUnit files", async () => {
  const runs = [passedRun(), failedRun(), interruptedRun(), invalidRun()];
  for (const summary of [...runs.map((run) => concluded(run)), compared()]) {
    const file = await Deno.makeTempFile({ suffix: ".xml" });
    await Deno.writeTextFile(file, renderJunit(summary));
    const { success, stderr } = await new Deno.Command("xmllint", {
      args: ["--noout", "--schema", XSD, file],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    await Deno.remove(file);
  }
});

Deno.test("escapeXml() leaves nothing that XML 1.0 cannot hold", () => {
  fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => {
    // deno-lint-ignore no-control-regex -- these must not be left
    assertEquals(escapeXml(text).match(/[<>"'\u0000-\u001f\ufffe\uffff]|&(?![a-z]+;|#\d+;)/), null);
  }));
});

Deno.test("renderHgrm() of what a summary holds is the values' own distribution, in milliseconds", () => {
  const values = fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 1, maxLength: 300 });
  fc.assert(fc.property(values, (recorded) => {
    const histogram = new Histogram();
    for (const value of recorded) histogram.record(value);
    const lines = renderHgrm(unpacked(packed(histogram.toData()))).split("\n");
    const rows = lines.filter((line) => /^ +\d/.test(line))
      .map((line) => line.trim().split(/ +/).map(Number));
    const ascending = recorded.toSorted((a, b) => a - b);
    rows.forEach(([ms, share, count]) => {
      const at = ascending[Math.max(1, Math.ceil(share! * recorded.length - 1e-6)) - 1]!;
      assert(Math.abs(ms! * 1000 - at) <= at / 1000 + 1, `${ms} ms at ${share}, not ${at} µs`);
      const upTo = recorded.filter((value) => value <= ms! * 1000 + 0.5).length;
      assertEquals(count, upTo, `up to ${ms} ms`);
    });
    assertEquals(rows.at(-1)!.slice(1), [1, recorded.length]);
    const [mean, deviation, max, total] = lines.filter((line) => line.startsWith("#["))
      .flatMap((line) => line.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
    const exact = recorded.reduce((sum, value) => sum + value, 0) / recorded.length / 1000;
    assert(Math.abs(mean! - exact) <= exact / 1000 + 0.001);
    const squares = recorded.reduce((sum, value) => sum + (value / 1000 - exact) ** 2, 0);
    const spread = Math.sqrt(squares / recorded.length);
    assert(Math.abs(deviation! - spread) <= 0.002 * Math.max(...recorded) / 1000 + 0.001);
    assertEquals([max, total], [Math.max(...recorded) / 1000, recorded.length]);
  }));
});

Deno.test("hgrmFiles() has a file for each scenario and step that finished something", () => {
  assertEquals(Object.keys(hgrmFiles(concluded(passedRun()))), [
    "issuance_acceptance.hgrm",
    "list_certificates.hgrm",
    "nginx_handshake.hgrm",
    "acme_directory_and_nonce.hgrm",
    "acme_directory_and_nonce.directory.hgrm",
    "acme_directory_and_nonce.new_nonce.hgrm",
    "acme_directory_and_nonce.renewal_info.hgrm",
  ]);
  assertEquals(hgrmFiles(concluded(runOf([{ name: "a", dropped: 100 }]))), {});
  const [file] = Object.keys(hgrmFiles(concluded(runOf([{ name: "../../etc/x" }]))));
  assertEquals(file, "______etc_x.hgrm");
});

Deno.test("renderPrometheus() is an exposition, in base units, each family once", () => {
  const text = renderPrometheus(concluded(failedRun()));
  const { samples, types } = parseExposition(text);
  const of = (name: string, labels: Record<string, string> = {}): number | undefined =>
    samples.find((one) =>
      one.name === `certload_${name}` &&
      Object.entries(labels).every(([key, value]) => one.labels[key] === value)
    )?.value;
  const scenario = "issuance_acceptance";
  const p99 = of("response_time_seconds", { scenario, quantile: "0.99" })!;
  assert(p99 > 0.005 && p99 < 0.1);
  assertEquals(of("response_time_max_seconds", { scenario }), 0.048977);
  assertEquals(of("response_time_seconds_count", { scenario }), 960);
  assertEquals(of("failed_time_seconds_count", { scenario }), 40);
  assertEquals(of("answers", { scenario, status: "500" }), 40);
  assertEquals(of("connections", { scenario, state: "reused" }), 1000);
  assertEquals(of("received_bytes", { scenario }), 100_000);
  assertEquals(of("exit_code"), 99);
  assertEquals(types.get("certload_response_time_seconds"), "summary");
  assertEquals(new Set(types.values()), new Set(["gauge", "summary"]));
  const heads = text.split("\n").filter((line) => line.startsWith("# TYPE"));
  assertEquals(new Set(heads).size, heads.length);
  const keys = text.split("\n").filter((line) => line && !line.startsWith("#"))
    .map((line) => line.replace(/ \S+$/, ""));
  assertEquals(new Set(keys).size, keys.length, "no sample twice");
});

Deno.test("renderPrometheus() escapes its labels", () => {
  const run = runOf([{ name: 'a"b\\c\nd' }]);
  assertStringIncludes(renderPrometheus(concluded(run)), 'scenario="a\\"b\\\\c d"');
});

testWith("promtool")("renderPrometheus() has no finding of Prometheus' own linter", async () => {
  const hostile = fc.sample(anySummary(HOSTILE), { numRuns: 5, seed: 1 });
  const made = [failedRun(), passedRun(), lifecycleRun()].map((run) => concluded(run));
  for (const summary of [...made, ...hostile]) {
    const linter = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = linter.stdin.getWriter();
    await writer.write(new TextEncoder().encode(renderPrometheus(summary)));
    await writer.close();
    const { code, stderr } = await linter.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  }
});
