import { assertEquals } from "../assert.ts";
import type { ComparedFigure, ThresholdResult } from "../../src/metrics/summary_schema.ts";
import { compare } from "../../src/verdict/compare.ts";
import { againstIntervals, isRelative } from "../../src/verdict/relative.ts";
import { concluded, passedRun } from "../report/summaries.ts";

const comparison = compare(concluded(passedRun()), concluded(passedRun()));

const P95 = {
  kind: "duration",
  metric: "response_time",
  stat: "percentile",
  percentile: 95,
} as const;

const RESULT: ThresholdResult = {
  text: "p95 < baseline * 1.10",
  scenario: "list",
  step: null,
  measure: "response_time p95",
  quantity: P95,
  unit: "ms",
  comparison: "<",
  limit: 110,
  baseline_factor: 1.1,
  value: 125,
  samples: 3000,
  verdict: "fail",
};
const FIGURE: ComparedFigure = {
  scenario: "list",
  step: null,
  measure: "p95",
  base: 100,
  next: 125,
  change: 0.25,
  low: 0.12,
  high: 0.4,
  verdict: "regressed",
};

function verdict(result: Partial<ThresholdResult>, figure: Partial<ComparedFigure>): string {
  const compared = { ...comparison, figures: [{ ...FIGURE, ...figure }] };
  return againstIntervals([{ ...RESULT, ...result }], compared)[0]!.verdict;
}

Deno.test("a limit relative to a baseline is broken only by an interval that lies beyond it", () => {
  assertEquals(verdict({}, {}), "regressed");
  assertEquals(verdict({}, { low: 0.08 }), "cannot_tell");
  assertEquals(verdict({}, { low: null, high: null }), "cannot_tell");
  assertEquals(verdict({ verdict: "pass" }, {}), "pass");
});

Deno.test("a relative limit of an error rate is compared in points", () => {
  const result = { quantity: { kind: "error_rate" }, limit: 0.011, value: 0.05 } as const;
  const figure = { measure: "error_rate", base: 0.01, next: 0.05, change: 0.04 } as const;
  assertEquals(verdict(result, { ...figure, low: 0.002 }), "regressed");
  assertEquals(verdict(result, { ...figure, low: 0.0005 }), "cannot_tell");
});

Deno.test("a relative limit without an interval goes by its value", () => {
  assertEquals(verdict({ quantity: { ...P95, metric: "ttfb" } }, {}), "fail");
  assertEquals(verdict({ scenario: null }, {}), "fail");
  assertEquals(verdict({ comparison: ">=", quantity: { kind: "rate" } }, {}), "fail");
  const own = {
    kind: "observed",
    name: "propagation",
    stat: "percentile",
    percentile: 95,
  } as const;
  assertEquals(verdict({ quantity: own }, {}), "fail");
  assertEquals(verdict({ quantity: { kind: "counter", name: "p95" } }, {}), "fail");
});

Deno.test("a relative limit on a scenario's only step is on the scenario's figures", () => {
  assertEquals(verdict({ step: "list" }, {}), "regressed");
});

Deno.test("a relative limit cannot be told from runs that must not be compared, and others are left alone", () => {
  const refused: typeof comparison = { ...comparison, verdict: "refused", figures: [] };
  const absolute: ThresholdResult = { ...RESULT, text: "p95 < 110ms", baseline_factor: null };
  assertEquals(
    againstIntervals([RESULT, { ...RESULT, verdict: "pass" }, absolute], refused)
      .map(({ verdict }) => verdict),
    ["cannot_tell", "cannot_tell", "fail"],
  );
  assertEquals([RESULT, absolute].map(isRelative), [true, false]);
});

Deno.test("a relative limit is broken by an interval beyond it, not by one that begins at it", () => {
  const limit = { limit: 80 };
  const from = (low: number): string => verdict(limit, { base: 64, low });
  assertEquals([0.2499, 0.25, 0.2501].map(from), ["cannot_tell", "cannot_tell", "regressed"]);
  assertEquals(verdict({ ...limit, comparison: "<=" }, { base: 64, low: 0.26 }), "regressed");
  const shareFrom = (low: number): string =>
    verdict({ quantity: { kind: "error_rate" }, limit: 0.75 }, {
      measure: "error_rate",
      base: 0.5,
      low,
    });
  assertEquals([0.25, 0.26].map(shareFrom), ["cannot_tell", "regressed"]);
});

Deno.test("a limit that asks for a faster server than the baseline's cannot be told without an interval", () => {
  assertEquals(verdict({ limit: 90 }, { low: null, high: null }), "cannot_tell");
  assertEquals(verdict({ limit: 90 }, { low: -0.05 }), "regressed");
  assertEquals(verdict({ limit: 90 }, { low: 0.5, base: null }), "cannot_tell");
});

Deno.test("a relative limit that was skipped or had no sample stays so, compared or not", () => {
  for (const left of ["skipped", "no_data"] as const) {
    assertEquals(verdict({ verdict: left }, {}), left);
    const refused: typeof comparison = { ...comparison, verdict: "refused", figures: [] };
    assertEquals(againstIntervals([{ ...RESULT, verdict: left }], refused)[0]!.verdict, left);
  }
});

Deno.test("a relative limit takes the figures of its own scenario, step and percentile", () => {
  const figures: ComparedFigure[] = [
    { ...FIGURE, low: 0.2 },
    { ...FIGURE, step: "get", low: 0.05 },
    { ...FIGURE, step: "put", low: 0.2 },
    { ...FIGURE, measure: "p99", low: 0.05 },
    { ...FIGURE, scenario: "other", low: 0.05 },
  ];
  const of = (parts: Partial<ThresholdResult>): string =>
    againstIntervals([{ ...RESULT, ...parts }], { ...comparison, figures })[0]!.verdict;
  assertEquals(of({}), "regressed");
  assertEquals([of({ step: "get" }), of({ step: "put" })], ["cannot_tell", "regressed"]);
  assertEquals(of({ step: "gone" }), "fail");
  assertEquals(of({ quantity: { ...P95, percentile: 99 } }), "cannot_tell");
  assertEquals(of({ quantity: { ...P95, percentile: 90 } }), "fail");
  assertEquals(of({ scenario: "other" }), "cannot_tell");
});
