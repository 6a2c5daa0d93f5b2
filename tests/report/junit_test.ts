import type { ComparedFigure, Summary, ThresholdResult } from "../../src/metrics/summary_schema.ts";
import { renderJunit } from "../../src/report/junit.ts";
import { assert, assertEquals } from "../assert.ts";
import { concluded, passedRun } from "./summaries.ts";

const passed = concluded(passedRun());
const [response] = passed.thresholds;

/** The lines of a suite: its own, and those of its cases. */
function suite(summary: Summary, name: string): string[] {
  const lines = renderJunit(summary).split("\n").map((line) => line.trim());
  const from = lines.findIndex((line) => line.startsWith(`<testsuite name="${name}"`));
  assert(from >= 0, name);
  return lines.slice(from, lines.indexOf("</testsuite>", from));
}

function withThresholds(...changes: Partial<ThresholdResult>[]): Summary {
  const thresholds = changes.map((change) => ({ ...response!, ...change }));
  return { ...passed, thresholds };
}

Deno.test("a threshold's verdict is its case's outcome, and a suite counts each kind", () => {
  const verdicts = ["pass", "skipped", "cannot_tell", "fail", "no_data", "regressed"] as const;
  const [head, ...cases] = suite(
    withThresholds(...verdicts.map((verdict) => ({ verdict, text: verdict }))),
    "issuance_acceptance",
  );
  const outcomes = cases.filter((line) => /^<(skipped|failure|error)/.test(line))
    .map((line) => [/^<(\w+)/.exec(line)![1], / type="(\w+)"/.exec(line)?.[1]]);
  assertEquals(outcomes, [
    ["skipped", undefined],
    ["skipped", undefined],
    ["failure", "threshold"],
    ["failure", "no_data"],
    ["failure", "regression"],
  ]);
  assert(head!.includes(' tests="6" failures="3" errors="0" skipped="2" '), head);
});

Deno.test("a failed threshold says what was seen, its limit, and of which answers the time is", () => {
  const messageOf = (change: Partial<ThresholdResult>): string => {
    const lines = suite(
      withThresholds({ verdict: "fail", value: 2500, limit: 2000, ...change }),
      "issuance_acceptance",
    );
    return / message="([^"]*)"/.exec(lines.find((line) => line.startsWith("<failure"))!)![1]!;
  };
  const note = " (response time of answers as expected and of timeouts, from the planned instant)";
  const where = "issuance_acceptance response_time p95";
  assertEquals(messageOf({}), `${where}: 2.5 s, limit &lt; 2 s${note}`);
  const quantity = { ...response!.quantity!, metric: "ttfb" } as ThresholdResult["quantity"];
  assertEquals(messageOf({ quantity }), `${where}: 2.5 s, limit &lt; 2 s`);
  const rate = { kind: "error_rate" } as ThresholdResult["quantity"];
  assertEquals(
    messageOf({ quantity: rate, unit: "ratio", value: 0.02, limit: 0.01 }),
    `${where}: 2 %, limit &lt; 1 %`,
  );
  // A limit by a baseline is told with the value, once.
  assertEquals(messageOf({ baseline_factor: 1.1 }), `${where}: 2.5 s, limit 2 s${note}`);
  assertEquals(
    messageOf({ baseline_factor: 1.1, limit: null }),
    `${where}: 2.5 s, the baseline has no such figure${note}`,
  );
});

Deno.test("thresholds of one scenario share a suite, and those of none have one of the whole run", () => {
  const two = { scenario: null, text: "rate > 1/s" };
  const xml = renderJunit(withThresholds({}, two, { text: "p99 < 3s" }));
  const names = [...xml.matchAll(/<testsuite name="([^"]*)" tests="(\d+)"/g)].map(([, name, n]) =>
    `${name} ${n}`
  );
  assertEquals(names, ["validity 2", "issuance_acceptance 2", "whole run 1"]);
});

const figure: ComparedFigure = {
  scenario: "list",
  step: null,
  measure: "p95",
  base: 10,
  next: 15,
  change: 0.5,
  low: 0.4,
  high: 0.6,
  verdict: "regressed",
};

function compared(part: Partial<NonNullable<Summary["comparison"]>>): Summary {
  const { comparison } = concluded(passedRun(), passed);
  return { ...passed, comparison: { ...comparison!, differences: [], ...part } };
}

Deno.test("a comparison has a case for each figure; what is no regression has passed", () => {
  const figures = (["regressed", "improved", "same", "cannot_tell"] as const)
    .map((verdict) => ({ ...figure, scenario: verdict, verdict }));
  const [head, ...cases] = suite(
    compared({ verdict: "regressed", figures }),
    "comparison with the baseline",
  );
  assert(head!.includes(' tests="4" failures="1" errors="0" skipped="0" '), head);
  assertEquals(
    cases.filter((line) => line.endsWith("/>") && line.startsWith("<testcase")).length,
    3,
  );
  const failure = cases.find((line) => line.startsWith("<failure"))!;
  assert(failure.includes('type="regression"'), failure);
  assert(/message="10 ms to 15 ms: \+50 %/.test(failure), failure);
});

Deno.test("a comparison that was refused is one error, with the reasons for that alone", () => {
  const differences = [
    { code: "a", message: "another server", refusal: true },
    { code: "b", message: "another day", refusal: false },
    { code: "c", message: "another plan", refusal: true },
  ];
  const lines = suite(
    compared({ verdict: "refused", differences, figures: [figure] }),
    "comparison with the baseline",
  );
  assert(lines[0]!.includes(' tests="1" failures="0" errors="1" '), lines[0]);
  const error = lines.find((line) => line.startsWith("<error"))!;
  assertEquals(error, '<error message="another server; another plan" type="refused"/>');
  assertEquals(renderJunit(passed).includes("comparison"), false);
});
