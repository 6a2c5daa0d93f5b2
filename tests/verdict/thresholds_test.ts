import fc from "fast-check";
import { assertEquals } from "../assert.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { ThresholdResult } from "../../src/metrics/summary_schema.ts";
import type { Comparison, Measure, Threshold } from "../../src/plan/threshold.ts";
import type { Failure } from "../../src/http/failure.ts";
import { evaluateThresholds, HOLDS, isBroken, reevaluate } from "../../src/verdict/thresholds.ts";
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

Deno.test("HOLDS of a comparison is never what its opposite holds", () => {
  const opposites: [Comparison, Comparison][] = [["<", ">="], [">", "<="], ["==", "!="]];
  fc.assert(fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (value, limit) => {
    for (const [one, other] of opposites) {
      assertEquals(HOLDS[one](value, limit), !HOLDS[other](value, limit));
      assertEquals(HOLDS[one](limit, limit), !HOLDS[other](limit, limit));
    }
  }));
});

Deno.test("a threshold on response_time is about answers as expected and timeouts, not about quick refusals", () => {
  const threshold = thresholdOf("p50 < 50ms", percentileOf(50), "<", 50);
  const of = (failure: Failure["class"], slowness: number): ThresholdResult => {
    const refused = { class: failure, message: "x" } as const;
    const failing = (i: number): boolean => i % 10 < 6;
    return evaluated({
      name: "a",
      medianUs: 100_000,
      slowness: (i) => (failing(i) ? slowness : 1),
      failure: (i) => failing(i) ? refused : undefined,
      thresholds: [threshold],
    })[0]!;
  };
  for (const name of ["rate_limited", "status_5xx", "connect_refused", "reset"] as const) {
    const result = of(name, 0.001);
    assertEquals([result.verdict, result.samples], ["fail", 40], name);
  }
  const late = of("timeout", 1000);
  assertEquals([late.verdict, late.samples], ["fail", 100]);
  assertEquals(late.value! > 50_000, true);
});

Deno.test("reevaluate() judges the thresholds of a summary over other figures, one by one", () => {
  const run = runOf([{
    name: "acme",
    steps: ["x", "y"],
    medianUs: 100_000,
    thresholds: [
      thresholdOf("p95 < 50ms", percentileOf(95), "<", 50),
      thresholdOf("x count >= 100", { kind: "count" }, ">=", 100, "x"),
    ],
  }], { thresholds: [thresholdOf("error_rate < 1%", { kind: "error_rate" }, "<", 0.01)] });
  const results = evaluateThresholds(run.plan, summarize(run));
  assertEquals(verdicts(results), ["fail", "pass", "pass"]);
  assertEquals(reevaluate(results, summarize(run)), results);
  const failure = { class: "reset", message: "x" } as const;
  const other = summarize(runOf([{
    name: "acme",
    steps: ["x", "y"],
    medianUs: 1000,
    durationS: 5,
    failure: (i, step) => i === 0 && step === "y" ? failure : undefined,
  }]));
  const anew = reevaluate(results, other);
  assertEquals(verdicts(anew), ["pass", "fail", "fail"]);
  assertEquals(anew.map(({ samples }) => samples), [49, 50, 50]);
  assertEquals([anew[1]!.value, anew[2]!.value], [50, 0.02]);
  const gone = reevaluate(results, summarize(runOf([{ name: "b" }])));
  assertEquals(gone.map(({ verdict, value, samples }) => [verdict, value, samples]), [
    ["no_data", null, 0],
    ["no_data", null, 0],
    ["pass", 0, 100],
  ]);
});

Deno.test("the whole run's durations are those of all its scenarios together", () => {
  const max: Measure = { kind: "duration", metric: "response_time", stat: "max" };
  const run = runOf(
    [{ name: "a", medianUs: 1000 }, { name: "b", tier: "acme", medianUs: 90_000 }],
    {
      thresholds: [
        thresholdOf("max < 1s", max, "<", 1000),
        thresholdOf("rate > 1/s", { kind: "rate" }, ">", 1),
      ],
    },
  );
  const measured = summarize(run);
  const [longest, rate] = evaluateThresholds(run.plan, measured);
  assertEquals([longest?.samples, longest?.value], [
    200,
    measured.phases.acme!.b!.response_time_ms!.max,
  ]);
  assertEquals([rate?.value, rate?.unit], [measured.totals.rate_per_s, "per_s"]);
});

Deno.test("isBroken() of a failure and of no sample alone: what another run breaks is a regression", () => {
  const [result] = evaluated({
    name: "a",
    thresholds: [thresholdOf("x", percentileOf(95), "<", 1)],
  });
  const all = ["pass", "fail", "no_data", "skipped", "regressed", "cannot_tell"] as const;
  assertEquals(all.filter((verdict) => isBroken({ ...result!, verdict })), ["fail", "no_data"]);
});
