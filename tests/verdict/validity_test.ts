import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import type { Run } from "../../src/metrics/run.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Finding, Validity } from "../../src/metrics/summary_schema.ts";
import { evaluateThresholds } from "../../src/verdict/thresholds.ts";
import { judge } from "../../src/verdict/validity.ts";
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
  return judge(measured, evaluateThresholds(run.plan, measured));
}

const codes = (findings: readonly Finding[]): string[] =>
  findings.map(({ code, cause }) => `${code} by ${cause}`);

Deno.test("judge() finds nothing in a run that went well", () => {
  assertEquals(judged({ name: "a" }), { verdict: "valid", reasons: [], warnings: [] });
});

Deno.test("judge() blames the generator for lag that is a part of the response times", () => {
  const late = judged({ name: "a", medianUs: 2000, lagUs: () => 5000 });
  assertEquals([late.verdict, ...codes(late.reasons)], ["invalid", "generator_lag by generator"]);
  assertStringIncludes(late.reasons[0]!.message, 'sent "a" late: lag p50 5 ms');
  assert(late.reasons[0]!.advice.length > 0);
});

Deno.test("judge() leaves alone a lag that is small beside the response times", () => {
  assertEquals(judged({ name: "a", medianUs: 500_000, lagUs: () => 5000 }).warnings, []);
  assertEquals(judged({ name: "a", medianUs: 500_000, lagUs: () => 40_000 }).verdict, "valid");
});

Deno.test("judge() warns of a tail in the lag that the p99 response time shows", () => {
  const lagUs = (i: number): number => (i % 20 === 0 ? 20_000 : 100);
  const { verdict, warnings } = judged({ name: "a", lagUs });
  assertEquals([verdict, ...codes(warnings)], ["valid", "generator_lag by generator"]);
});

Deno.test("judge() blames a slow server for arrivals dropped by a generator in health", () => {
  const { verdict, reasons } = judged({ name: "a", medianUs: 900_000, dropped: 10 });
  assertEquals([verdict, ...codes(reasons)], ["invalid", "dropped_arrivals by server"]);
  assertMatch(
    reasons[0]!.message,
    /^10 of 100 arrivals \(10 %\) of "a" were not sent as 100 were in flight: the server's answers took up to [\d.]+ s$/,
  );
});

Deno.test("judge() blames the generator for drops when it did not keep pace", () => {
  const { reasons } = judged({ name: "a", dropped: 10, lagUs: () => 90_000 });
  assertEquals(codes(reasons), [
    "generator_lag by generator",
    "dropped_arrivals by generator",
  ]);
});

Deno.test("judge() blames a host without CPU left for drops where the generator had a good part of it", () => {
  const made = { name: "a", dropped: 10 };
  const shared = judged(made, { hostCpuShare: 0.99, processCpuUs: 20e6 });
  assertEquals(codes(shared.reasons), ["dropped_arrivals by generator"]);
  assertMatch(
    shared.reasons[0]!.message,
    /in flight: This host's CPUs were 99 % busy, .* with the generator$/,
  );
  assertEquals(codes(shared.warnings), ["host_cpu by generator"]);
  const beside = judged(made, { hostCpuShare: 0.99, processCpuUs: 1e5 });
  assertEquals(codes(beside.reasons), ["dropped_arrivals by server"]);
  assertEquals(codes(beside.warnings), ["host_cpu by run"]);
  assertEquals(judged({ name: "a" }, { hostCpuShare: 0.9 }).warnings, []);
});

Deno.test("judge() only warns of a few dropped arrivals among many", () => {
  const { verdict, warnings } = judged({ name: "a", ratePerS: 100, dropped: 2 });
  assertEquals([verdict, ...codes(warnings)], ["valid", "dropped_arrivals by server"]);
});

Deno.test("judge() misses arrivals that were due and are in no count", () => {
  const run = runOf([{ name: "a" }]);
  const [scenario] = run.scenarios;
  const short = summarize({ ...run, scenarios: [{ ...scenario!, offered: 150 }] });
  assertEquals(codes(judge(short).reasons), ["unsent_arrivals by generator"]);
});

Deno.test("judge() warns of a busy worker and refuses a saturated one", () => {
  const busy = judged({ name: "a" }, { workers: [workerFacts({ cpuUs: 8.5e6 })] });
  assertEquals([busy.verdict, ...codes(busy.warnings)], ["valid", "generator_cpu by generator"]);
  const full = judged({ name: "a" }, {
    workers: [workerFacts(), workerFacts({ index: 1, cpuUs: 9.9e6 })],
  });
  assertEquals([full.verdict, ...codes(full.reasons)], ["invalid", "generator_cpu by generator"]);
  assertStringIncludes(full.reasons[0]!.message, "Worker 1 of the generator used 99 % of a core");
});

Deno.test("judge() notices a generator that was stopped for a second, and says when", () => {
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

Deno.test("judge() takes a long turn of the event loop for a stall too", () => {
  const workers = [workerFacts({ maxEventLoopDelayUs: 250_000 })];
  assertEquals(codes(judged({ name: "a" }, { workers }).warnings), [
    "generator_stalled by generator",
  ]);
});

Deno.test("judge() refuses a run at whose end many were still unanswered, unless it was interrupted", () => {
  const made = { name: "a", interrupted: 5 };
  assertEquals(codes(judged(made).reasons), ["cut_off by server"]);
  assertEquals(judged(made, { interrupted: true }).verdict, "valid");
});

Deno.test("judge() warns of a percentile that rests on a handful of samples, once per threshold", () => {
  const thresholds = [95, 99].map((p) => thresholdOf(`p${p} < 2s`, percentileOf(p), "<", 2000));
  const { verdict, warnings } = judged({ name: "a", thresholds });
  assertEquals([verdict, ...codes(warnings)], ["valid", "few_samples by run"]);
  assertEquals(warnings[0]!.message.startsWith('"p99 < 2s" of a rests on 100 samples'), true);
  assertStringIncludes(warnings[0]!.advice, "Run until there are 500");
});
