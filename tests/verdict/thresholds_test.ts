import fc from "fast-check";
import { assertEquals } from "../assert.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { ThresholdResult } from "../../src/metrics/summary_schema.ts";
import type { Comparison, Measure, Threshold } from "../../src/plan/threshold.ts";
import { evaluateThresholds, holds } from "../../src/verdict/thresholds.ts";
import { type MadeScenario, percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";

function evaluated(made: MadeScenario, whole: readonly Threshold[] = []): ThresholdResult[] {
  const run = runOf([made], { thresholds: whole });
  return evaluateThresholds(run.plan, summarize(run));
}

const verdicts = (results: readonly ThresholdResult[]): string[] =>
  results.map(({ verdict }) => verdict);

Deno.test("a threshold passes or fails by the measured value", () => {
  const results = evaluated({
    name: "a",
    medianUs: 100_000,
    thresholds: [
      thresholdOf("p95 < 2s", percentileOf(95), "<", 2000),
      thresholdOf("p95 < 50ms", percentileOf(95), "<", 50),
    ],
  });
  assertEquals(verdicts(results), ["pass", "fail"]);
  assertEquals([results[0]?.measure, results[0]?.unit, results[0]?.samples], [
    "response_time p95",
    "ms",
    100,
  ]);
});

Deno.test("a threshold over no samples is no_data, whatever it asks", () => {
  const measures: Measure[] = [
    percentileOf(95),
    { kind: "error_rate" },
    { kind: "rate" },
    { kind: "count" },
  ];
  const comparisons: Comparison[] = ["<", "<=", ">", ">=", "==", "!="];
  const thresholds = measures.flatMap((measure) =>
    comparisons.map((comparison) => thresholdOf("x", measure, comparison, 1))
  );
  const results = evaluated({ name: "a", dropped: 100, thresholds }, thresholds);
  assertEquals(results.length, 48);
  assertEquals(new Set(verdicts(results)), new Set(["no_data"]));
});

Deno.test("a threshold on a phase that no request had is no_data", () => {
  const measure: Measure = { kind: "duration", metric: "tls_handshake", stat: "max" };
  const results = evaluated({ name: "a", thresholds: [thresholdOf("x", measure, "<", 1000)] });
  assertEquals(verdicts(results), ["no_data"]);
});

Deno.test("a threshold on a step is about the step alone", () => {
  const failure = (_: number, step: string) =>
    step === "new_nonce" ? { class: "status_5xx", message: "HTTP 500" } as const : undefined;
  const rate: Measure = { kind: "error_rate" };
  const results = evaluated({
    name: "acme",
    steps: ["directory", "new_nonce"],
    failure,
    thresholds: [
      thresholdOf("directory error_rate < 1%", rate, "<", 0.01, "directory"),
      thresholdOf("new_nonce error_rate < 1%", rate, "<", 0.01, "new_nonce"),
    ],
  });
  assertEquals(verdicts(results), ["pass", "fail"]);
});

Deno.test("a threshold of the plan is over the whole run", () => {
  const run = runOf([
    { name: "a", failure: () => ({ class: "timeout", message: "late" }) },
    { name: "b", ratePerS: 30 },
  ], { thresholds: [thresholdOf("error_rate < 1%", { kind: "error_rate" }, "<", 0.01)] });
  const [result] = evaluateThresholds(run.plan, summarize(run));
  assertEquals([result?.scenario, result?.value, result?.verdict], [null, 0.25, "fail"]);
});

Deno.test("an error rate of one in a million is not zero", () => {
  const run = runOf([{ name: "a", ratePerS: 1 }], {
    thresholds: [thresholdOf("error_rate == 0", { kind: "error_rate" }, "==", 0)],
  });
  const measured = summarize(run);
  const totals = { ...measured.totals, iterations: 10_000_000, failed: 1, error_rate: 0 };
  const [result] = evaluateThresholds(run.plan, { ...measured, totals });
  assertEquals(result?.verdict, "fail");
});

Deno.test("a limit relative to the baseline is judged with one, and skipped without", () => {
  const threshold: Threshold = {
    text: "p95 < baseline * 1.10",
    measure: percentileOf(95),
    comparison: "<",
    limit: { kind: "baseline", factor: 1.1 },
  };
  const slower = runOf([{ name: "a", medianUs: 3000, thresholds: [threshold] }]);
  const base = summarize(runOf([{ name: "a", medianUs: 2000 }]));
  const other = summarize(runOf([{ name: "b" }]));
  const judged = (baseline?: typeof base): string[] =>
    verdicts(evaluateThresholds(slower.plan, summarize(slower), baseline));
  assertEquals(judged(base), ["fail"]);
  assertEquals(judged(summarize(slower)), ["pass"]);
  assertEquals(judged(undefined), ["skipped"]);
  assertEquals(judged(other), ["no_data"]);
});

Deno.test("holds() of a comparison is never what its opposite holds", () => {
  const opposites: [Comparison, Comparison][] = [["<", ">="], [">", "<="], ["==", "!="]];
  fc.assert(fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (value, limit) => {
    for (const [one, other] of opposites) {
      assertEquals(holds(value, one, limit), !holds(value, other, limit));
      assertEquals(holds(limit, one, limit), !holds(limit, other, limit));
    }
  }));
});
