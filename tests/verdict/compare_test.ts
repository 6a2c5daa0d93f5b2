import { assert, assertAlmostEquals, assertEquals, assertMatch } from "../assert.ts";
import type {
  ComparedFigure,
  Comparison,
  Summary,
  SummaryScenario,
} from "../../src/metrics/summary_schema.ts";
import { uncertaintyOf } from "../../src/verdict/bootstrap.ts";
import { compare } from "../../src/verdict/compare.ts";
import { randomOf } from "../../src/random.ts";
import { studentQuantile } from "../../src/verdict/student.ts";
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

/** The summary with other figures of its one scenario. */
function withScenario(
  run: Summary,
  parts: (was: SummaryScenario) => Partial<SummaryScenario>,
): Summary {
  const { create } = run.phases.api!;
  return { ...run, phases: { api: { create: { ...create!, ...parts(create!) } } } };
}

function figureOf({ figures }: Comparison, measure: ComparedFigure["measure"]): ComparedFigure {
  return figures.find((figure) => figure.measure === measure && figure.step === null)!;
}

/** Half a minute whose requests all took the same, so that no interval has a width but for the lag. */
const constant = runOf([
  { name: "create", ratePerS: 40, durationS: 30, medianUs: 0, lagUs: () => 0 },
]);

/** p50 64 ms in the one run and `ms` in the other, with a generator that was `lagMs` late in one of the two. */
function placed(
  ms: number,
  lagMs: number,
  allow: number,
  late: "base" | "next" = "base",
): ComparedFigure {
  const as = (p50: number, lag: number): Summary =>
    withScenario(concluded(constant), (was) => ({
      response_time_ms: { ...was.response_time_ms!, p50 },
      lag_ms: { ...was.lag_ms!, p50: lag },
    }));
  const [a, b] = late === "base" ? [lagMs, 0] : [0, lagMs];
  return figureOf(compare(as(64, a), as(ms, b), { allow, force: true }), "p50");
}

Deno.test("compare() calls regressed, improved or the same what lies beyond or within the allowed change, to the edge", () => {
  const verdictOf = (...figure: Parameters<typeof placed>): string => placed(...figure).verdict;
  const { change, low, high } = placed(80, 8, 0.1);
  assertEquals([change, low, high], [0.25, 0.125, 0.375]);
  assertEquals(placed(80, 8, 0.1, "next"), placed(80, 8, 0.1, "base"));
  assertEquals([0.124, 0.125].map((allow) => verdictOf(80, 8, allow)), [
    "regressed",
    "cannot_tell",
  ]);
  assertEquals([0.062, 0.0625].map((allow) => verdictOf(56, 4, allow)), [
    "improved",
    "cannot_tell",
  ]);
  assertEquals([0.124, 0.125].map((allow) => verdictOf(64, 8, allow)), ["cannot_tell", "same"]);
  assertEquals([0.249, 0.25].map((allow) => verdictOf(72, 8, allow)), ["cannot_tell", "same"]);
  assertEquals([0.249, 0.25].map((allow) => verdictOf(56, 8, allow)), ["cannot_tell", "same"]);
  assertEquals(verdictOf(70.4, 0, 0.1 + 1e-9), "cannot_tell", "the clock's own grain");
});

Deno.test("compare() lets no time fall by more than all of it, nor an error rate by more than itself", () => {
  const { change, low, high } = placed(0, 8, 0.1);
  assertEquals([change, low, high], [-1, -1, -0.875]);
  const failure: MadeScenario["failure"] = (i) =>
    i % 500 === 0 ? { class: "status_5xx", message: "HTTP 500" } : undefined;
  const rate = figureOf(compare(minute(1, { failure }), minute(2)), "error_rate");
  assertEquals([rate.change, rate.low], [-rate.base!, -rate.base!]);
});

/** The interval by the book: Welch's t, all `told` intervals of 99 % together. */
function intervalOf(
  base: Summary,
  next: Summary,
  told: number,
  measure: "p50" | "error_rate",
): number {
  const random = randomOf(20250502);
  const [a, b] = [base, next].map((run) => {
    const { course, count, failed } = run.phases.api!.create!;
    const { logPercentiles, errorRate, freedom } = uncertaintyOf(course, random)!;
    const share = (failed + 1) / (count + 2);
    const alone = Math.sqrt((share * (1 - share)) / (count + 2));
    return { error: measure === "p50" ? logPercentiles[0]! : Math.max(errorRate, alone), freedom };
  });
  const [va, vb] = [a!.error ** 2, b!.error ** 2];
  const freedom = (va + vb) ** 2 / (va ** 2 / a!.freedom + vb ** 2 / b!.freedom);
  return studentQuantile(1 - 0.01 / told / 2, freedom) * Math.sqrt(va + vb);
}

function assertInterval(base: Summary, next: Summary, told: number): void {
  const comparison = compare(base, next);
  const [p50, rate] = (["p50", "error_rate"] as const).map((key) => figureOf(comparison, key));
  const [log, width] = (["p50", "error_rate"] as const)
    .map((key) => intervalOf(base, next, told, key));
  const ratio = p50!.next! / p50!.base!;
  const noise = 0.08 / p50!.base!;
  if (p50!.low !== null) {
    assertAlmostEquals(p50!.low, ratio * Math.exp(-log!) - noise - 1, 2e-6, "low of p50");
    assertAlmostEquals(p50!.high!, ratio * Math.exp(log!) + noise - 1, 2e-6, "high of p50");
  }
  const change = rate!.next! - rate!.base!;
  assertAlmostEquals(rate!.low!, Math.max(-rate!.base!, change - width!), 2e-6, "low of errors");
  assertAlmostEquals(rate!.high!, change + width!, 2e-6, "high of errors");
}

Deno.test("compare() has intervals that hold together, for as many figures as can be told", () => {
  const failure: MadeScenario["failure"] = (i) =>
    i % 20 < 2 ? { class: "status_5xx", message: "HTTP 500" } : undefined;
  assertInterval(minute(1, { failure }), minute(2, { medianUs: 9000 }), 4);
  assertInterval(minute(1), minute(2), 4);
  // 240 and 1500 requests: too few for a p99 in one of the two.
  const few = minute(1, { ratePerS: 4, durationS: 60 });
  const more = minute(2, { ratePerS: 4, durationS: 375 });
  assertEquals(figureOf(compare(few, more, { force: true }), "p99").low, null);
  assertEquals(figureOf(compare(more, few, { force: true }), "p99").low, null);
  assertInterval(few, minute(3, { ratePerS: 4, durationS: 60 }), 3);
  const zero = withScenario(minute(1), (was) => ({
    response_time_ms: { ...was.response_time_ms!, p50: 0 },
  }));
  const { change, low, verdict } = figureOf(compare(zero, minute(2)), "p50");
  assertEquals([change, low, verdict], [null, null, "cannot_tell"]);
  assertInterval(zero, minute(2), 3);
  const rest = withScenario(minute(1), (was) => ({
    response_time_ms: { ...was.response_time_ms!, count: 1 },
  }));
  assertInterval(rest, minute(2), 1);
});

Deno.test("compare() tells a percentile from five samples beyond it on, in both runs", () => {
  const counted = (count: number) => (was: SummaryScenario) => (
    { response_time_ms: { ...was.response_time_ms!, count } }
  );
  const told = (a: number, b: number): (string)[] =>
    compare(withScenario(minute(1), counted(a)), withScenario(minute(2), counted(b))).figures
      .filter(({ low }) => low !== null).map(({ measure }) => measure);
  assertEquals(told(502, 502), ["p50", "p95", "p99", "error_rate"]);
  assertEquals([told(499, 1e4), told(1e4, 499)], Array(2).fill(["p50", "p95", "error_rate"]));
  assertEquals(told(99, 101), ["p50", "error_rate"]);
  assertEquals([told(10, 10), told(9, 10)], [["p50", "error_rate"], ["error_rate"]]);
});

Deno.test("compare() has a scenario's only step once, and no figures of what neither run has made", () => {
  const one = compare(minute(1), minute(2));
  assertEquals(one.figures.map(({ step, measure }) => [step, measure]), [
    [null, "p50"],
    [null, "p95"],
    [null, "p99"],
    [null, "error_rate"],
  ]);
  const nothing = minute(1, { dropped: 3000 });
  assertEquals([compare(nothing, nothing, { force: true }).figures.length], [0]);
  assertEquals(compare(nothing, nothing, { force: true }).verdict, "cannot_tell");
  assertEquals(compare(minute(1), nothing, { force: true }).figures.length, 4);
  assertEquals(
    compare(minute(1), minute(1, { name: "other" }), { force: true }).verdict,
    "cannot_tell",
  );
});

Deno.test("compare() is regressed by one figure whatever the others are, and names the worst first", () => {
  const tail: MadeScenario["slowness"] = (i) => i % 10 === 0 ? 12 : 0.5;
  const comparison = compare(minute(1), minute(2, { slowness: tail }));
  const found = verdicts(comparison);
  assertEquals([found.p50, found.p95, comparison.verdict], ["improved", "regressed", "regressed"]);
  const slower = compare(minute(1), minute(2, { medianUs: 16_000 }));
  const lows = slower.figures.filter(({ verdict }) => verdict === "regressed")
    .map(({ low }) => low!);
  assert(lows.length >= 2);
  const worst = slower.figures.find(({ low }) => low === Math.max(...lows))!;
  assertEquals(slower.regressions.length, lows.length);
  assert(slower.regressions[0]!.startsWith(`create ${worst.measure} went`));
});
