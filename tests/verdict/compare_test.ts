import { assert, assertEquals, assertMatch } from "../assert.ts";
import type { Comparison, Summary } from "../../src/metrics/summary_schema.ts";
import { compare } from "../../src/verdict/compare.ts";
import { concluded, invalidRun, passedRun } from "../report/summaries.ts";
import { type MadeScenario, runOf } from "../metrics/runs.ts";

/** The API tier at its contract rate for a minute; everything random comes from the seed. */
function minute(seed: number, parts: Partial<MadeScenario> = {}): Summary {
  const made = { name: "create", ratePerS: 50, durationS: 60, medianUs: 8000, seed, ...parts };
  return concluded(runOf([made]));
}

function verdicts(comparison: Comparison): Record<string, string> {
  return Object.fromEntries(comparison.figures.map(({ measure, verdict }) => [measure, verdict]));
}

Deno.test("compare() of 20 pairs of runs of the same server finds no regression", () => {
  for (let pair = 0; pair < 20; pair++) {
    const { verdict, regressions } = compare(minute(10 + pair), minute(1000 + pair));
    assert(verdict !== "regressed", regressions.join());
  }
});

Deno.test("compare() is not taken in by a spell of slowness in one of two equal runs", () => {
  const slowness = (i: number): number => (i > 500 && i < 900 ? 3 : 1);
  for (let pair = 0; pair < 5; pair++) {
    const disturbed = minute(2000 + pair, { slowness });
    assert(compare(minute(10 + pair), disturbed).verdict !== "regressed");
  }
});

Deno.test("compare() finds a server that is 20 % slower from a minute at the contract rate", () => {
  for (let pair = 0; pair < 5; pair++) {
    const comparison = compare(minute(10 + pair), minute(3000 + pair, { medianUs: 9600 }));
    assertEquals(comparison.verdict, "regressed");
    assertMatch(
      comparison.regressions[0]!,
      /^create p\d\d went from [\d.]+ ms to [\d.]+ ms: \+[\d.]+ %, between \+1\d(\.\d)? % and \+[23]\d(\.\d)? %$/,
    );
  }
});

Deno.test("compare() calls a server that is a third faster improved", () => {
  const { verdict, regressions } = compare(minute(1), minute(2, { medianUs: 5300 }));
  assertEquals([verdict, regressions], ["improved", []]);
});

Deno.test("compare() of a run with itself is the same where it can tell", () => {
  const run = minute(1);
  const comparison = compare(run, run);
  assertEquals(new Set(comparison.figures.map(({ change }) => change)), new Set([0]));
  assertEquals(verdicts(comparison).p50, "same");
  assertEquals(verdicts(comparison).error_rate, "same");
});

Deno.test("compare() gives the same figures every time", () => {
  assertEquals(compare(minute(1), minute(2)), compare(minute(1), minute(2)));
});

Deno.test("compare() finds failures where there were none", () => {
  const failure: MadeScenario["failure"] = (i) =>
    i % 20 === 0 ? { class: "status_5xx", message: "HTTP 500" } : undefined;
  const comparison = compare(minute(1), minute(2, { failure }));
  assertEquals(verdicts(comparison).error_rate, "regressed");
  assertMatch(comparison.regressions[0]!, /^create error_rate went from 0 % to 5 %: \+5 %/);
});

Deno.test("compare() allows what it is told to allow", () => {
  const [base, slower] = [minute(1), minute(2, { medianUs: 9600 })];
  assertEquals(compare(base, slower, { allow: 0.1 }).verdict, "regressed");
  assert(compare(base, slower, { allow: 0.5 }).verdict !== "regressed");
});

Deno.test("compare() does not take the generator's lag for the server", () => {
  const fast = { medianUs: 1000 };
  const comparison = compare(minute(1, fast), minute(2, { ...fast, lagUs: () => 600 }));
  assert(comparison.verdict !== "regressed", comparison.regressions.join());
});

Deno.test("compare() cannot tell a p99 from few samples, nor anything from a few seconds", () => {
  const few = compare(minute(1, { ratePerS: 2 }), minute(2, { ratePerS: 2 }));
  assertEquals(verdicts(few).p99, "cannot_tell");
  const short = compare(minute(1, { durationS: 3 }), minute(2, { durationS: 3 }));
  assertEquals(new Set(Object.values(verdicts(short))), new Set(["cannot_tell"]));
  assertEquals(short.figures[0]!.low, null);
});

Deno.test("compare() has each step, and a scenario that is in one run alone by name", () => {
  const base = concluded(passedRun());
  const run = passedRun();
  const other = concluded({ ...run, scenarios: run.scenarios.slice(1) });
  const { figures, differences } = compare(base, other);
  const steps = figures.filter(({ scenario }) => scenario === "acme_directory_and_nonce");
  assertEquals(
    new Set(steps.map(({ step }) => step)),
    new Set([null, "directory", "new_nonce", "renewal_info"]),
  );
  assert(
    differences.some(({ message }) =>
      message === 'scenario "issuance_acceptance" is in the base run alone'
    ),
  );
});

function refusals(base: Summary, next: Summary): string[] {
  const comparison = compare(base, next);
  assertEquals([comparison.verdict, comparison.figures], ["refused", []]);
  assert(compare(base, next, { force: true }).verdict !== "refused");
  return comparison.differences.filter(({ refusal }) => refusal).map(({ code }) => code);
}

Deno.test("compare() refuses, by name, unfit runs, other hosts, other loads, and the lab", () => {
  const base = minute(1);
  const { methodology } = base;
  const onHost = (parts: object): Summary => ({
    ...base,
    methodology: { ...methodology, hardware: { ...methodology.hardware, ...parts } },
  });
  assertEquals(refusals(base, { ...base, interrupted: true }), ["interrupted"]);
  assertEquals(refusals(base, onHost({ cpu_model: "Other" })), ["cpu_model"]);
  assertEquals(refusals(base, onHost({ cpu_count: 96 })), ["cpu_count"]);
  assertEquals(refusals(base, minute(2, { ratePerS: 60 })), ["load"]);
  const lab = { ...methodology, target: { ...methodology.target, lab: true } };
  assertEquals(refusals(base, { ...base, methodology: lab }), ["lab"]);
  assertEquals(refusals(base, concluded(invalidRun()))[0], "invalid");
  assertEquals(refusals(base, minute(2, { name: "other" })), ["scenarios"]);
});

Deno.test("compare() only remarks on another version, which is what comparing is for", () => {
  const base = minute(1);
  const { methodology } = base;
  const target = { ...methodology.target, version: "v2.0.51" };
  const next = { ...base, methodology: { ...methodology, target } };
  const { verdict, differences } = compare(base, next);
  assert(verdict !== "refused");
  assertEquals(differences, [{
    code: "target_version",
    message: "target version differs: v2.0.50 and v2.0.51",
    refusal: false,
  }]);
});

Deno.test("compare() does not take quick refusals for a server that got faster", () => {
  const failure: MadeScenario["failure"] = (i) =>
    i % 10 < 6 ? { class: "rate_limited", message: "HTTP 429" } : undefined;
  const slowness = (i: number): number => (i % 10 < 6 ? 0.01 : 1);
  const comparison = compare(minute(1), minute(2, { failure, slowness }));
  assertEquals(comparison.verdict, "regressed");
  assertEquals(comparison.figures.filter(({ verdict }) => verdict === "improved"), []);
  assertEquals(verdicts(comparison).error_rate, "regressed");
});
