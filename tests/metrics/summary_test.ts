import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { measuredSchema, summaryJsonSchema } from "../../src/metrics/summary_schema.ts";
import { unpacked } from "../../src/metrics/stats.ts";
import { peerOf } from "./exchanges.ts";
import { runOf, scenarioRun } from "./runs.ts";

Deno.test("summarize() puts each scenario and step under its tier, and none over several", () => {
  const measured = summarize(runOf([
    { name: "create", phase: "api" },
    { name: "acme", phase: "acme", steps: ["directory", "new_nonce"] },
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
    { name: "nginx_handshake", phase: "connector", targetType: "nginx", fresh: peerOf("n") },
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
