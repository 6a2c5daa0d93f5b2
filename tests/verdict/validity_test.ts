import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import type { Run } from "../../src/metrics/run.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type {
  Finding,
  Measured,
  Stats,
  SummaryScenario,
  Validity,
} from "../../src/metrics/summary_schema.ts";
import { evaluateThresholds } from "../../src/verdict/thresholds.ts";
import type { Measure } from "../../src/plan/threshold.ts";
import { validityOf } from "../../src/verdict/validity.ts";
import {
  type MadeScenario,
  percentileOf,
  runOf,
  START_US,
  thresholdOf,
  workerFacts,
} from "../metrics/runs.ts";

function judged(made: MadeScenario, parts: Partial<Run> = {}): Validity {
  const run = runOf([made], parts);
  const measured = summarize(run);
  return validityOf(measured, evaluateThresholds(run.plan, measured));
}

const codes = (findings: readonly Finding[]): string[] =>
  findings.map(({ code, cause }) => `${code} by ${cause}`);

Deno.test("validityOf() finds nothing in a run that went well", () => {
  assertEquals(judged({ name: "a" }), { verdict: "valid", reasons: [], warnings: [] });
});

Deno.test("validityOf() blames the generator for lag that is a part of the response times", () => {
  const late = judged({ name: "a", medianUs: 2000, lagUs: () => 5000 });
  assertEquals([late.verdict, ...codes(late.reasons)], ["invalid", "generator_lag by generator"]);
  assertStringIncludes(late.reasons[0]!.message, 'sent "a" late: lag p50 5 ms');
  assert(late.reasons[0]!.advice.length > 0);
});

Deno.test("validityOf() leaves alone a lag that is small beside the response times", () => {
  assertEquals(judged({ name: "a", medianUs: 500_000, lagUs: () => 5000 }).warnings, []);
  assertEquals(judged({ name: "a", medianUs: 500_000, lagUs: () => 40_000 }).verdict, "valid");
});

Deno.test("validityOf() warns of a tail in the lag that the p99 response time shows", () => {
  const lagUs = (i: number): number => (i % 20 === 0 ? 20_000 : 100);
  const { verdict, warnings } = judged({ name: "a", lagUs });
  assertEquals([verdict, ...codes(warnings)], ["valid", "generator_lag by generator"]);
});

Deno.test("validityOf() blames a slow server for arrivals dropped by a generator in health", () => {
  const { verdict, reasons } = judged({ name: "a", medianUs: 900_000, dropped: 10 });
  assertEquals([verdict, ...codes(reasons)], ["invalid", "dropped_arrivals by server"]);
  assertMatch(
    reasons[0]!.message,
    /^10 of 100 arrivals \(10 %\) of "a" were not sent as 100 were in flight: the server's answers took up to [\d.]+ s$/,
  );
});

Deno.test("validityOf() blames the generator for drops when it did not keep pace", () => {
  const { reasons } = judged({ name: "a", dropped: 10, lagUs: () => 90_000 });
  assertEquals(codes(reasons), [
    "generator_lag by generator",
    "dropped_arrivals by generator",
  ]);
});

Deno.test("validityOf() blames a host without CPU left for drops where the generator had a good part of it", () => {
  const made = { name: "a", dropped: 10 };
  const shared = judged(made, { hostCpuShare: 0.99, processCpuUs: 20e6 });
  assertEquals(codes(shared.reasons), ["host_cpu by generator", "dropped_arrivals by generator"]);
  assertMatch(
    shared.reasons[0]!.message,
    /^This host's CPUs were 99 % busy, .* with the generator$/,
  );
  assertMatch(
    shared.reasons[1]!.message,
    /in flight: this host had no CPU left$/,
  );
  const beside = judged(made, { hostCpuShare: 0.99, processCpuUs: 1e5 });
  assertEquals(codes(beside.reasons), ["dropped_arrivals by server"]);
  assertEquals(codes(beside.warnings), ["host_cpu by run"]);
  assertEquals(judged({ name: "a" }, { hostCpuShare: 0.9 }).warnings, []);
});

Deno.test("validityOf() only warns of a few dropped arrivals among many", () => {
  const { verdict, warnings } = judged({ name: "a", ratePerS: 100, dropped: 2 });
  assertEquals([verdict, ...codes(warnings)], ["valid", "dropped_arrivals by server"]);
});

Deno.test("validityOf() misses arrivals that were due and are in no count", () => {
  const run = runOf([{ name: "a" }]);
  const [scenario] = run.scenarios;
  const short = summarize({ ...run, scenarios: [{ ...scenario!, offered: 150 }] });
  assertEquals(codes(validityOf(short).reasons), ["unsent_arrivals by generator"]);
});

Deno.test("validityOf() warns of a busy worker and refuses a saturated one", () => {
  const busy = judged({ name: "a" }, { workers: [workerFacts({ cpuUs: 8.5e6 })] });
  assertEquals([busy.verdict, ...codes(busy.warnings)], ["valid", "generator_cpu by generator"]);
  const full = judged({ name: "a" }, {
    workers: [workerFacts(), workerFacts({ index: 1, cpuUs: 9.9e6 })],
  });
  assertEquals([full.verdict, ...codes(full.reasons)], ["invalid", "generator_cpu by generator"]);
  assertStringIncludes(full.reasons[0]!.message, "Worker 1 of the generator used 99 % of a core");
});

Deno.test("validityOf() notices a generator that was stopped for a second, and says when", () => {
  const stalls = [{ atUs: START_US + 3e6, durationUs: 1.02e6 }];
  const workers = [workerFacts({ stalls })];
  const short = judged({ name: "a" }, { workers });
  assertEquals([short.verdict, ...codes(short.reasons)], [
    "invalid",
    "generator_stalled by generator",
  ]);
  assertStringIncludes(short.reasons[0]!.message, "stood still for 1.02 s, at 3 s");
  const long = judged({ name: "a", ratePerS: 1, durationS: 300 }, { workers });
  assertEquals([long.verdict, ...codes(long.warnings)], [
    "valid",
    "generator_stalled by generator",
  ]);
});

Deno.test("validityOf() takes a long turn of the event loop for a stall too", () => {
  const workers = [workerFacts({ maxEventLoopDelayUs: 250_000 })];
  assertEquals(codes(judged({ name: "a" }, { workers }).warnings), [
    "generator_stalled by generator",
  ]);
});

Deno.test("validityOf() refuses a run at whose end many were still unanswered, unless it was interrupted", () => {
  const made = { name: "a", interrupted: 5 };
  assertEquals(codes(judged(made).reasons), ["cut_off by server"]);
  assertEquals(judged(made, { interrupted: true }).verdict, "valid");
});

Deno.test("validityOf() warns of a percentile that rests on a handful of samples, once per threshold", () => {
  const thresholds = [95, 99].map((p) => thresholdOf(`p${p} < 2s`, percentileOf(p), "<", 2000));
  const { verdict, warnings } = judged({ name: "a", thresholds });
  assertEquals([verdict, ...codes(warnings)], ["valid", "few_samples by run"]);
  assertEquals(warnings[0]!.message.startsWith('"p99 < 2s" of a rests on 100 samples'), true);
  assertStringIncludes(warnings[0]!.advice, "Run until there are 500");
});

Deno.test("validityOf() tells the share of failures from which percentiles are no more those of all", () => {
  const failing = (share: number): MadeScenario => ({
    name: "a",
    ratePerS: 100,
    failure: (i) =>
      i % 100 < share * 100 ? { class: "rate_limited", message: "HTTP 429" } : undefined,
  });
  assertEquals(judged(failing(0.01)).warnings, []);
  const [some, ...others] = judged(failing(0.02)).warnings;
  assertEquals([codes([some!]), others], [["failures_apart by server"], []]);
  assertMatch(
    some!.message,
    /^20 of 1,000 \(2 %\) of "a" failed, half of them within [\d.]+ ms, and are in no response time: p99 is of the others alone$/,
  );
  assertStringIncludes(judged(failing(0.05)).warnings[0]!.message, ": p99 is");
  assertStringIncludes(judged(failing(0.06)).warnings[0]!.message, ": p95, p99 are");
  assertStringIncludes(judged(failing(0.6)).warnings[0]!.message, ": p50, p95, p99 are");
  assertEquals(judged(failing(1)).warnings, []);
});

Deno.test("validityOf() has timeouts in the response times, so it does not call them left out", () => {
  const timedOut = { class: "timeout", message: "no answer" } as const;
  const made = { name: "a", failure: (i: number) => i % 10 === 0 ? timedOut : undefined };
  assertEquals(judged(made).warnings, []);
});

Deno.test("validityOf() tells what is alike of several scenarios once, the worst with its figures", () => {
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  const run = runOf(names.map((name) => (
    { name, lagUs: (i: number) => (i % 20 === 0 ? name === "c" ? 30_000 : 20_000 : 100) }
  )));
  const { warnings } = validityOf(summarize(run));
  assertEquals(codes(warnings), ["generator_lag by generator"]);
  assertEquals(warnings[0]!.scenarios, ["c", "a", "b", "d", "e", "f", "g", "h", "i"]);
  assertMatch(
    warnings[0]!.message,
    /^The generator sent "c" late: .* p99 30 ms, .* \(likewise "a", "b", "d", "e", "f", "g" and 2 more\)$/,
  );
});

Deno.test("validityOf() tells what is alike of several workers once, the longest standstill first", () => {
  const workers = [110_000, 250_000, 120_000].map((maxEventLoopDelayUs, index) =>
    workerFacts({ index, maxEventLoopDelayUs })
  );
  const { warnings } = judged({ name: "a" }, { workers });
  assertEquals(warnings.map(({ message }) => message), [
    "Worker 1 of the generator stood still for 250 ms (likewise worker 2, worker 0)",
  ]);
  assertEquals(warnings[0]!.scenarios, []);
});

Deno.test("validityOf() says first and once that the host had no CPU left, and what came of it", () => {
  const lagUs = (i: number): number => (i % 20 === 0 ? 20_000 : 100);
  const made = [{ name: "a", lagUs }, { name: "b", lagUs }];
  const facts = { hostCpuShare: 1, workers: [workerFacts({ maxEventLoopDelayUs: 250_000 })] };
  const { verdict, warnings } = validityOf(summarize(runOf(made, facts)));
  assertEquals([verdict, ...codes(warnings)], ["valid", "host_cpu by run"]);
  assertMatch(
    warnings[0]!.message,
    /busy, .* with the generator; for want of a core the generator stood still for 250 ms in worker 0, and sent "a" late by a p99 of 20 ms \(likewise "b"\)$/,
  );
  assertEquals(warnings[0]!.scenarios, ["a", "b"]);
});

Deno.test("validityOf() has the crowded host before what makes the run unfit, which keeps its own figures", () => {
  const run = runOf([{ name: "a", lagUs: () => 5000 }], { hostCpuShare: 1 });
  const { verdict, reasons, warnings } = validityOf(summarize(run));
  assertEquals([verdict, warnings], ["invalid", []]);
  assertEquals(codes(reasons), ["host_cpu by run", "generator_lag by generator"]);
});

Deno.test("validityOf() takes lateness for a remark where the embedded lab was tried on a host without CPU left", () => {
  const stack = { name: "embedded", description: "the lab" };
  const late = [{ name: "a", lagUs: () => 5000 }];
  const workers = [workerFacts({ maxEventLoopDelayUs: 900_000 })];
  const tried = (facts: Partial<Run>): Validity =>
    validityOf(summarize(runOf(late, { stack, workers, ...facts })));
  const { verdict, warnings } = tried({ hostCpuShare: 1 });
  assertEquals([verdict, ...codes(warnings)], ["valid", "host_cpu by run"]);
  assertMatch(warnings[0]!.message, /sent "a" late by a p99 of 5 ms/);
  assertEquals(codes(tried({ hostCpuShare: 0.5 }).reasons), ["generator_lag by generator"]);
  const dropped = runOf([{ name: "a", dropped: 10 }], { stack, hostCpuShare: 1 });
  assertEquals(validityOf(summarize(dropped)).verdict, "invalid");
});

Deno.test("validityOf() has no faith in a run that lost a worker, and does not call the rest unsent or unanswered", () => {
  const reason = "ran out of memory, at 4.29 GB of its own";
  const { verdict, reasons, warnings } = judged({ name: "a", interrupted: 20 }, {
    lost: [{ worker: 1, atUs: START_US + 2_000_000, reason }],
  });
  assertEquals([verdict, ...codes(reasons)], ["invalid", "generator_lost by generator"]);
  assertEquals(codes(warnings), []);
  assertEquals(reasons[0]!.message, `Worker 1 of the generator ${reason} (last sign at 2 s)`);
});

Deno.test("validityOf() has no faith in a run without its alarm thread", () => {
  const { verdict, reasons } = judged({ name: "a" }, {
    lost: [{ worker: undefined, atUs: START_US, reason: "died: no memory" }],
  });
  assertEquals(verdict, "invalid");
  assertStringIncludes(reasons[0]!.message, "The wake-up thread of the generator died: no memory");
});

Deno.test("validityOf() tells how slow the answers were that filled max_in_flight, also where they failed", () => {
  const slow = { class: "status_5xx", message: "HTTP 504" } as const;
  const made = {
    name: "a",
    medianUs: 1000,
    dropped: 10,
    slowness: (i: number) => (i % 9 === 0 ? 3_000 : 1),
    failure: (i: number) => (i % 9 === 0 ? slow : undefined),
  };
  assertMatch(
    judged(made).reasons[0]!.message,
    /the server's answers took up to [\d.]+ s$/,
  );
});

/** A summary of one scenario with what a test sets in it, for limits to be met exactly. */
function withFigures(
  scenario: Partial<SummaryScenario>,
  generator: Partial<Measured["generator"]> = {},
): Validity {
  const measured = summarize(runOf([{ name: "a", medianUs: 2000 }]));
  const { a } = measured.phases.api!;
  return validityOf({
    ...measured,
    generator: { ...measured.generator, ...generator },
    phases: { api: { a: { ...a!, ...scenario } } },
  });
}

const statsWith = (parts: Partial<Stats>): Stats => ({
  count: 1000,
  min: 1,
  avg: 1,
  p50: 1,
  p90: 1,
  p95: 1,
  p99: 1,
  p999: 1,
  max: 1,
  ...parts,
});
const verdictOf = ({ verdict, warnings }: Validity): string =>
  verdict === "valid" && warnings.length > 0 ? "warned" : verdict;

Deno.test("validityOf() has limits for lag that are floors and shares: both must be exceeded", () => {
  const lag = (p50: number, p99: number, response: Partial<Stats>): string =>
    verdictOf(withFigures({
      lag_ms: statsWith({ p50, p99 }),
      response_time_ms: statsWith(response),
    }));
  assertEquals(lag(2, 2, { p50: 1, p99: 1 }), "valid");
  assertEquals(lag(2.01, 2.01, { p50: 10, p99: 1000 }), "invalid");
  assertEquals(lag(2.01, 2.01, { p50: 10.05, p99: 1000 }), "valid");
  assertEquals(lag(1, 50, { p50: 1000, p99: 60 }), "warned");
  assertEquals(lag(1, 50.1, { p50: 1000, p99: 60 }), "invalid");
  assertEquals(lag(1, 60, { p50: 1000, p99: 120 }), "warned");
  assertEquals(lag(1, 60, { p50: 1000, p99: 600 }), "valid");
  assertEquals(lag(1, 60.1, { p50: 1000, p99: 600 }), "warned");
});

Deno.test("validityOf() refuses from half a percent of arrivals that are missing on, however they went missing", () => {
  const figures = (parts: Partial<SummaryScenario>): string => verdictOf(withFigures(parts));
  const offered = { arrivals: 1000, rate_per_s: 10 };
  const whole = { offered, count: 1000, dropped: 0, interrupted: 0 };
  assertEquals(figures(whole), "valid");
  assertEquals(figures({ ...whole, count: 995, dropped: 5 }), "warned");
  assertEquals(figures({ ...whole, count: 994, dropped: 6 }), "invalid");
  assertEquals(figures({ ...whole, count: 995 }), "warned");
  assertEquals(figures({ ...whole, count: 994 }), "invalid");
  assertEquals(figures({ ...whole, count: 995, interrupted: 5 }), "warned");
  assertEquals(figures({ ...whole, count: 994, interrupted: 6 }), "invalid");
  const closed = {
    ...summarize(runOf([{ name: "a" }])).phases.api!.a!.load,
    model: "closed",
  } as const;
  assertEquals(figures({ offered: null, load: closed, count: 5, interrupted: 5 }), "warned");
});

Deno.test("validityOf() has limits for CPU: 80 and 95 % of a worker's core, 95 % of the host", () => {
  const [worker] = summarize(runOf([{ name: "a" }])).generator.workers;
  const busy = (cpu_share: number): string =>
    verdictOf(withFigures({}, { workers: [{ ...worker!, cpu_share }] }));
  assertEquals([0.79, 0.8, 0.949, 0.95].map(busy), ["valid", "warned", "warned", "invalid"]);
  const host = (host_cpu_share: number | null, cpu_cores: number): string[] =>
    codes(withFigures({}, { host_cpu_share, cpu_cores }).warnings);
  assertEquals([host(null, 4), host(0.949, 4)], [[], []]);
  assertEquals(host(0.95, 0.8), ["host_cpu by generator"]);
  assertEquals(host(0.95, 0.79), ["host_cpu by run"]);
  const { warnings: [own] } = withFigures({}, { host_cpu_share: 0.96, cpu_cores: 40 });
  assertStringIncludes(own!.message, "96 % busy, 96 % with the generator");
});

Deno.test("validityOf() takes a standstill from 100 ms on, and refuses more than half a second or a hundredth of the run", () => {
  const [worker] = summarize(runOf([{ name: "a" }])).generator.workers;
  const still = (...ms: number[]): Validity => {
    const stalls = ms.map((duration_ms, i) => ({ at_s: i + 1, duration_ms }));
    return withFigures({}, { workers: [{ ...worker!, stalls }] });
  };
  assertEquals([[99], [100], [500], [501], [250, 251]].map((ms) => verdictOf(still(...ms))), [
    "valid",
    "warned",
    "warned",
    "invalid",
    "invalid",
  ]);
  assertMatch(
    still(150, 250, 120).reasons[0]!.message,
    /stood still for 250 ms, at 2 s and 2 more times, 520 ms in all$/,
  );
});

Deno.test("validityOf() tells of a watch whose handshakes were late: its intervals are wider than its rate says", () => {
  const watched = (late: number, interval = true): Finding[] =>
    judged({
      name: "deploy",
      own: (recorder) => {
        recorder.count("watch_handshakes", 1000);
        recorder.count("watch_late", late);
        if (!interval) return;
        for (let i = 0; i < 100; i++) recorder.observe("watch_interval", i < 90 ? 5_000 : 40_000);
      },
    }).warnings;
  assertEquals(watched(200), []);
  assertEquals(codes(watched(201)), ["watch_late by generator"]);
  assertEquals(
    watched(201)[0]!.message,
    '201 of 1,000 handshakes (20.1 %) of the watch of "deploy" were late: propagation, overlap ' +
      "and staleness are known to 40 ms (p95 of the interval), not to 5 ms",
  );
  assertStringIncludes(watched(500, false)[0]!.message, "less exactly than the watch's rate says");
});

Deno.test("validityOf() wants five samples beyond the percentile of a threshold", () => {
  const few = (samples: number, quantity: Measure): string[] => {
    const result = {
      text: "x < 1",
      scenario: null,
      step: null,
      measure: "x",
      quantity,
      unit: "ms",
      comparison: "<",
      limit: 1,
      baseline_factor: null,
      value: 1,
      samples,
      verdict: "pass",
    } as const;
    return validityOf(summarize(runOf([{ name: "a" }])), [result]).warnings.map(({ message }) =>
      message
    );
  };
  const p = (percentile: number): Measure => (
    { kind: "duration", metric: "response_time", stat: "percentile", percentile }
  );
  assertEquals(few(500, p(99)), []);
  assertEquals(
    few(499, { kind: "observed", name: "x", stat: "percentile", percentile: 99 }).length,
    1,
  );
  assertEquals(few(499, p(99)), [
    '"x < 1" of the whole run rests on 499 samples, so on a handful of slow ones',
  ]);
  const longest = { kind: "duration", metric: "lag", stat: "max" } as const;
  assertEquals([few(100, p(95)), few(0, p(95)), few(1, { kind: "error_rate" }), few(1, longest)], [
    [],
    [],
    [],
    [],
  ]);
});

Deno.test("validityOf() tells of a single arrival that was never sent, a single drop and a single cut-off", () => {
  const offered = { arrivals: 1000, rate_per_s: 10 };
  const whole = { offered, count: 1000, dropped: 0, interrupted: 0 };
  const told = (parts: Partial<SummaryScenario>): string[] =>
    codes(withFigures({ ...whole, ...parts }).warnings);
  assertEquals(told({ count: 999 }), ["unsent_arrivals by generator"]);
  assertEquals(told({ count: 999, dropped: 1 }), ["dropped_arrivals by server"]);
  assertEquals(told({ count: 999, interrupted: 1 }), ["cut_off by server"]);
  assertEquals(told({ count: 1001 }), []);
});

Deno.test("validityOf() tells of two lost workers together only where they were lost for the same reason", () => {
  const gone = (worker: number, second: number, reason: string) => (
    { worker, atUs: START_US + second * 1e6, reason }
  );
  const lost = [gone(0, 3, "hung"), gone(1, 2, "ran out of memory"), gone(2, 4, "hung")];
  assertEquals(judged({ name: "a" }, { lost }).reasons.map(({ message }) => message), [
    "Worker 0 of the generator hung (last sign at 3 s) (likewise worker 2)",
    "Worker 1 of the generator ran out of memory (last sign at 2 s)",
  ]);
});

Deno.test("validityOf() tells of several scenarios the one with the greater share missing first", () => {
  const measured = summarize(runOf([{ name: "a", medianUs: 2000 }]));
  const { a } = measured.phases.api!;
  const worstOf = (small: Partial<SummaryScenario>, large: Partial<SummaryScenario>): string[] => {
    const api = { large: { ...a!, ...large }, small: { ...a!, ...small } };
    const { reasons, warnings } = validityOf({ ...measured, phases: { api } });
    return [...reasons, ...warnings].map(({ code, scenarios }) => `${code} of ${scenarios[0]}`);
  };
  const of = (arrivals: number, count: number): Partial<SummaryScenario> => (
    { offered: { arrivals, rate_per_s: 10 }, count }
  );
  const [few, many] = [of(100, 50), of(10_000, 9000)];
  assertEquals(worstOf(few, many), ["unsent_arrivals of small"]);
  assertEquals(worstOf({ ...few, dropped: 50 }, { ...many, dropped: 1000 }), [
    "dropped_arrivals of small",
  ]);
  assertEquals(worstOf({ ...few, interrupted: 50 }, { ...many, interrupted: 1000 }), [
    "cut_off of small",
  ]);
  const failed = (count: number): Partial<SummaryScenario> => ({
    failed_time_ms: statsWith({ count }),
  });
  assertEquals(
    worstOf({ ...of(100, 100), ...failed(50) }, { ...of(10_000, 10_000), ...failed(1000) }),
    ["failures_apart of small"],
  );
});

Deno.test("validityOf() looks at the busiest worker, wherever it stands", () => {
  for (const busy of [0, 1, 2, 3]) {
    const workers = [1e6, 2e6, 3e6, 2e6].map((cpuUs, index) =>
      workerFacts({ index, cpuUs: index === busy ? 9.9e6 : cpuUs })
    );
    const [reason] = judged({ name: "a" }, { workers }).reasons;
    assertStringIncludes(reason!.message, `Worker ${busy} of the generator used 99 %`);
  }
});

Deno.test("validityOf() names six that are alike, and counts the others only where there are more", () => {
  const likewise = (workers: number): string | undefined => {
    const facts = Array.from(
      { length: workers },
      (_, index) => workerFacts({ index, maxEventLoopDelayUs: 300_000 - index }),
    );
    const [warning] = judged({ name: "a" }, { workers: facts }).warnings;
    return /\((.*)\)$/.exec(warning!.message)?.[1];
  };
  const six = "worker 1, worker 2, worker 3, worker 4, worker 5, worker 6";
  assertEquals([1, 2, 7, 8].map(likewise), [
    undefined,
    "likewise worker 1",
    `likewise ${six}`,
    `likewise ${six} and 1 more`,
  ]);
});

Deno.test("validityOf() has a host without CPU left for a remark where a thread was lost for another reason", () => {
  const lost = [{ worker: 0, atUs: START_US, reason: "died" }];
  const { reasons, warnings } = judged({ name: "a" }, { lost, hostCpuShare: 1 });
  assertEquals([codes(reasons), codes(warnings)], [
    ["generator_lost by generator"],
    ["host_cpu by run"],
  ]);
  const slow = judged({ name: "a", medianUs: 900_000, dropped: 10 }, { hostCpuShare: 1 });
  assertEquals([codes(slow.reasons), codes(slow.warnings)], [
    ["dropped_arrivals by server"],
    ["host_cpu by run"],
  ]);
});

Deno.test("validityOf() knows the longest answer, whether it failed or not", () => {
  const offered = { arrivals: 1000, rate_per_s: 10 };
  const upTo = (service: number | null, failed: number | null): string | undefined => {
    const stats = (max: number | null): Stats | null => max === null ? null : statsWith({ max });
    const { reasons } = withFigures({
      offered,
      count: 900,
      dropped: 100,
      service_time_ms: stats(service),
      failed_time_ms: failed === null ? null : statsWith({ max: failed, count: 1 }),
    });
    return /took up to (.*)$/.exec(reasons[0]!.message)?.[1];
  };
  assertEquals([upTo(5000, null), upTo(5000, 7000), upTo(7000, 5000), upTo(null, 7000)], [
    "5 s",
    "7 s",
    "7 s",
    "7 s",
  ]);
});

Deno.test("validityOf() knows the lost wake-up threads of merged runs from their workers", () => {
  const gone = (worker: number | null) => ({ worker, at_s: 1, reason: "died" });
  const lost = [gone(null), gone(0), gone(null), gone(1)];
  assertEquals(
    withFigures({}, { lost }).reasons.map(({ message, advice }) => [
      message,
      advice.startsWith("Run again"),
    ]),
    [
      [
        "The wake-up thread of the generator died (last sign at 1 s) (likewise the wake-up thread)",
        true,
      ],
      ["Worker 0 of the generator died (last sign at 1 s) (likewise worker 1)", false],
    ],
  );
});

Deno.test("what could not be undone is a warning that names it, and is in the summary", () => {
  const notUndone = Array.from({ length: 7 }, (_, n) => (
    { scenario: "a", what: `certificate ${n}`, why: "status_5xx: 503" }
  ));
  const { verdict, warnings: [warning] } = judged({ name: "a" }, { notUndone });
  assertEquals([verdict, warning?.code, warning?.scenarios], ["valid", "not_undone", ["a"]]);
  assertStringIncludes(warning!.message, "certificate 4 (status_5xx: 503), and 2 more");
  const { not_undone: told } = summarize(runOf([{ name: "a" }], { notUndone }));
  assertEquals([told.count, told.things.length], [7, 7]);
});
