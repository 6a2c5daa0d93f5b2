import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { measuredSchema, summaryJsonSchema } from "../../src/metrics/summary_schema.ts";
import { unpacked } from "../../src/metrics/stats.ts";
import { peerOf } from "./exchanges.ts";
import { runOf, scenarioRun, START_US, workerFacts } from "./runs.ts";

Deno.test("summarize() puts each scenario and step under its tier, and none over several", () => {
  const measured = summarize(runOf([
    { name: "create", tier: "api" },
    { name: "acme", tier: "acme", steps: ["directory", "new_nonce"] },
  ]));
  assertEquals(Object.keys(measured.phases), ["api", "acme"]);
  const acme = measured.phases.acme!.acme!;
  assertEquals(Object.keys(acme.steps), ["directory", "new_nonce"]);
  assertEquals([acme.count, acme.steps.directory!.count], [100, 100]);
  assertEquals(acme.statuses, { 200: 200 });
  assertEquals(measured.totals.iterations, 200);
  assertEquals(measured.totals.requests, 300);
  assertEquals("response_time_ms" in measured.totals, false);
});

Deno.test("summarize() fits its own schema, and the schema is a JSON Schema", () => {
  const measured = summarize(runOf([{ name: "a", fresh: peerOf("x") }, { name: "b", dropped: 3 }]));
  assertEquals(measuredSchema.parse(measured), measured);
  assertEquals(measuredSchema.parse(JSON.parse(JSON.stringify(measured))), measured);
  const schema = summaryJsonSchema();
  assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert("phases" in (schema.properties as object));
});

Deno.test("summarize() keeps offered and achieved apart, and counts what was dropped", () => {
  const { a } = summarize(runOf([{ name: "a", ratePerS: 50, dropped: 100 }])).phases.api!;
  assertEquals(a!.offered, { arrivals: 500, rate_per_s: 50 });
  assertEquals([a!.count, a!.dropped], [400, 100]);
  assertAlmostEquals(a!.rate_per_s, 40, 0.1);
});

Deno.test("summarize() has no offered rate and no lag for the closed model", () => {
  const load = { model: "closed", thinkTimeMs: 1000, stages: [] } as const;
  const { a } = summarize(runOf([{ name: "a", load }])).phases.api!;
  assertEquals([a!.offered, a!.load.max_in_flight, a!.load.think_time_ms], [null, null, 1000]);
  assertEquals([a!.lag_ms, a!.steps.request!.lag_ms, a!.histograms.lag], [null, null, null]);
});

Deno.test("summarize() says kind, seed and phase of a scenario's arrivals, each where it is of them", () => {
  const stages = [{ durationMs: 10_000, from: 10, to: 10 }];
  const open = { model: "open", stages, maxInFlight: 100, seed: 9 } as const;
  const { even, poisson, closed } = summarize(runOf([
    { name: "even", load: { ...open, arrivals: "even", phase: 0.414 } },
    { name: "poisson", load: { ...open, arrivals: "poisson", phase: 0 } },
    { name: "closed", load: { model: "closed", stages, thinkTimeMs: 0 } },
  ])).phases.api!;
  const told = [even, poisson, closed].map((scenario) => {
    const { arrivals, seed, phase } = scenario!.load;
    return [arrivals, seed, phase];
  });
  assertEquals(told, [["even", null, 0.414], ["poisson", 9, null], [null, null, null]]);
});

Deno.test("summarize() gives milliseconds, and null for phases that were not", () => {
  const { a } = summarize(runOf([{ name: "a", medianUs: 2000 }])).phases.api!;
  assertAlmostEquals(a!.response_time_ms!.p50, 2.1, 0.4);
  assertAlmostEquals(a!.lag_ms!.max, 0.08, 0.001);
  assertEquals(a!.phases.tls_handshake_ms, null);
  const fresh = summarize(runOf([{ name: "a", fresh: peerOf("nginx") }])).phases.api!.a!;
  assertEquals(fresh.phases.tls_handshake_ms?.count, 100);
  assertEquals(fresh.connections, { new: 100, reused: 0 });
  assertEquals(fresh.tls_peers.map((p) => [p.subject, p.exchanges]), [["CN=nginx", 100]]);
});

Deno.test("summarize() keeps histograms from which every figure can be had again", () => {
  const { a } = summarize(runOf([{ name: "a" }])).phases.api!;
  const histogram = unpacked(a!.histograms.response_time);
  assertAlmostEquals(histogram.percentile(95) / 1000, a!.response_time_ms!.p95, 0.0001);
  assertAlmostEquals(histogram.meanUs / 1000, a!.response_time_ms!.avg, 0.0001);
  const slices = a!.course.slices.map((slice) => unpacked(slice.response_time).count);
  assertEquals(slices.reduce((x, y) => x + y, 0), a!.count);
});

Deno.test("summarize() keeps the old harness's connector_tier, null where not run", () => {
  const { connector_tier } = summarize(runOf([
    { name: "nginx_handshake", tier: "connector", targetType: "nginx", fresh: peerOf("n") },
  ]));
  const { nginx, f5 } = connector_tier;
  assertEquals(Object.keys(nginx), ["p50", "p95", "p99", "max", "avg", "error_rate", "iterations"]);
  assertEquals([nginx.iterations, nginx.error_rate], [100, 0]);
  assert(nginx.p50! > 0 && nginx.p50! <= nginx.p95! && nginx.p95! <= nginx.max!);
  assertEquals(new Set(Object.values(f5)), new Set([null]));
});

Deno.test("summarize() of a run in which nothing finished has nulls and no NaN", () => {
  const run = runOf([scenarioRun({ name: "a", ratePerS: 10, dropped: 100 })]);
  const measured = summarize(run);
  const { a } = measured.phases.api!;
  assertEquals([a!.count, a!.error_rate, a!.response_time_ms, a!.rate_per_s], [0, null, null, 0]);
  assertEquals(measuredSchema.parse(measured), measured);
  assert(!JSON.stringify(measured, (_, v) => Number.isNaN(v) ? "NaN" : v).includes("NaN"));
});

Deno.test("summarize() has no secret of the plan", () => {
  assert(!JSON.stringify(summarize(runOf([{ name: "a" }]))).includes("s3cret-token"));
});

Deno.test("summarize() knows a lab by its own word, whoever started it", () => {
  const run = runOf([{ name: "a" }]);
  const labOf = (version: string, lab: boolean): boolean =>
    summarize({ ...run, target: { version, lab } }).methodology.target.lab;
  assertEquals(labOf("certload-lab-0.1.0", false), true);
  assertEquals(labOf("v2.0.50", false), false);
  assertEquals(labOf("v2.0.50", true), true);
});

Deno.test("summarize() has totals that are the sums over all scenarios, requests and iterations apart", () => {
  const failing = { class: "status_5xx", message: "HTTP 503" } as const;
  const { totals, phases } = summarize(runOf([
    { name: "a", dropped: 3, interrupted: 2, failure: (i) => i % 4 === 0 ? failing : undefined },
    {
      name: "b",
      tier: "acme",
      steps: ["x", "y"],
      fresh: peerOf("n"),
      failure: (i, step) => i % 10 === 0 && step === "y" ? failing : undefined,
    },
  ]));
  const [a, b] = [phases.api!.a!, phases.acme!.b!];
  assertEquals([totals.iterations, totals.requests], [95 + 100, 95 + 200]);
  assertEquals([totals.failed, totals.failed_requests], [24 + 10, 24 + 10]);
  assertEquals([totals.offered, totals.dropped, totals.interrupted], [200, 3, 2]);
  assertEquals(totals.error_rate, Math.round((34 / 195) * 1e6) / 1e6);
  assertEquals(totals.failures, [
    { class: "status_5xx", count: 34, sample: "HTTP 503", newest: "HTTP 503" },
  ]);
  assertEquals(totals.statuses, { 200: 71 + 190, 503: 34 });
  assertEquals([totals.bytes_received, totals.bytes_sent], [295 * 100, 295 * 50]);
  assertEquals(totals.connections, { new: 200, reused: 95 });
  assertEquals([a.failed, b.failed, b.steps.x!.failed, b.steps.y!.failed], [24, 10, 0, 10]);
  assertEquals([a.failed_time_ms?.count, a.response_time_ms?.count], [24, 71]);
  assertEquals([b.steps.x!.failed_time_ms, b.steps.y!.failed_time_ms?.count], [null, 10]);
});

Deno.test("summarize() tells what the generator took: each worker's share of a core, all threads' cores", () => {
  const stalls = [{ atUs: START_US + 2.5e6, durationUs: 120_400 }];
  const run = runOf([{ name: "a", durationS: 8 }], {
    workers: [workerFacts({ stalls }), workerFacts({ index: 1, cpuUs: 5e6, wallUs: 10e6 })],
    startedUs: START_US,
    endedUs: START_US + 8e6,
    processCpuUs: 10e6,
    hostCpuShare: 0.87654,
  });
  const { generator, duration_s, started_at } = summarize(run);
  assertEquals([generator.cpu_s, generator.cpu_cores, generator.host_cpu_share], [10, 1.25, 0.877]);
  assertEquals(generator.workers.map(({ index, cpu_share }) => [index, cpu_share]), [
    [0, 0.12],
    [1, 0.5],
  ]);
  assertEquals(generator.workers[0]!.stalls, [{ at_s: 2.5, duration_ms: 120.4 }]);
  assertEquals([duration_s, started_at], [8, "2026-05-02T12:00:00.000Z"]);
  assertEquals(summarize({ ...run, hostCpuShare: undefined }).generator.host_cpu_share, null);
});

Deno.test("connector_tier has Kubernetes, and nothing of what is deployed to a target", () => {
  const { connector_tier: { kubernetes, nginx } } = summarize(runOf([
    { name: "secret", tier: "connector", targetType: "kubernetes" },
    { name: "deploy", tier: "lifecycle", targetType: "nginx" },
  ]));
  assertEquals([kubernetes.iterations, nginx.iterations, nginx.p95], [100, null, null]);
});

Deno.test("connector_tier takes the scenarios of one target type together", () => {
  const failing = { class: "reset", message: "reset" } as const;
  const { connector_tier: { nginx }, phases } = summarize(runOf([
    { name: "one", tier: "connector", targetType: "nginx", medianUs: 2000 },
    {
      name: "two",
      tier: "connector",
      targetType: "nginx",
      medianUs: 9000,
      failure: (i) => i % 4 === 0 ? failing : undefined,
    },
    { name: "other", tier: "connector", targetType: "f5", medianUs: 90_000 },
  ]));
  const [one, two] = [phases.connector!.one!, phases.connector!.two!];
  assertEquals([nginx.iterations, nginx.error_rate], [200, 0.125]);
  assertEquals(nginx.max, Math.max(one.response_time_ms!.max, two.response_time_ms!.max));
  const sum = one.histograms.response_time!.sum_us + two.histograms.response_time!.sum_us;
  assertAlmostEquals(nginx.avg!, sum / 175 / 1000, 0.0001);
});

Deno.test("summarize() is exact to the millisecond over hours, and to a thousandth in high rates", () => {
  const run = runOf([{ name: "a" }]);
  const long = summarize({ ...run, startedUs: START_US, endedUs: START_US + 10_800e6 });
  assertEquals(long.duration_s, 10_800);
  assertEquals(long.totals.rate_per_s, 0.009);
  const brief = summarize({ ...run, startedUs: START_US, endedUs: START_US + 0.1e6 });
  assertEquals([brief.duration_s, brief.totals.rate_per_s], [0.1, 1000]);
  assertEquals(summarize({ ...run, endedUs: run.startedUs }).totals.rate_per_s, 0);
});

Deno.test("summarize() tells who was lost and when, from the run's start", () => {
  const lost = [
    { worker: 1, atUs: START_US + 2.5e6, reason: "died" },
    { worker: undefined, atUs: START_US, reason: "hung" },
  ];
  assertEquals(summarize(runOf([{ name: "a" }], { lost })).generator.lost, [
    { worker: 1, at_s: 2.5, reason: "died" },
    { worker: null, at_s: 0, reason: "hung" },
  ]);
});

Deno.test("summarize() has the most frequent class of failures first", () => {
  const of = (name: "reset" | "timeout") => ({ class: name, message: name }) as const;
  const failure = (i: number) => i === 0 ? of("reset") : i < 4 ? of("timeout") : undefined;
  const { a } = summarize(runOf([{ name: "a", failure }])).phases.api!;
  assertEquals(a!.failures.map((one) => [one.class, one.count]), [["timeout", 3], ["reset", 1]]);
});

Deno.test("summarize() keeps what the target says of itself, null where it says nothing", () => {
  const of = (target: Parameters<typeof summarize>[0]["target"]): unknown[] => {
    const { version, identity, lab } = summarize({ ...runOf([{ name: "a" }]), target }).methodology
      .target;
    return [version, identity, lab];
  };
  assertEquals(of({ lab: false }), [null, null, false]);
  assertEquals(of({ version: "v1", identity: "admin", lab: true }), ["v1", "admin", true]);
});
