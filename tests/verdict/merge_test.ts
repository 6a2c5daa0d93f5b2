import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../assert.ts";
import { scenariosOf } from "../../src/metrics/scenarios.ts";
import type { Summary, SummaryScenario, SummarySeries } from "../../src/metrics/summary_schema.ts";
import { unpacked } from "../../src/metrics/stats.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { renderJson } from "../../src/report/json.ts";
import { MergeError, mergeSummaries } from "../../src/verdict/merge.ts";
import { compare } from "../../src/verdict/compare.ts";
import { nameOfTier } from "../../src/report/words.ts";
import { type MadeScenario, percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { DEPLOY_MEASURES } from "../../src/deployment.ts";
import { deploymentAt } from "../metrics/deployments.ts";
import { peerOf } from "../metrics/exchanges.ts";
import { concluded } from "../report/summaries.ts";

const MADE: MadeScenario[] = [
  {
    name: "create",
    ratePerS: 20,
    thresholds: [thresholdOf("p95 < 2s", percentileOf(95), "<", 2000)],
    failure: (i) => i % 10 === 3 ? { class: "status_5xx", message: "HTTP 503" } : undefined,
  },
  { name: "acme", tier: "acme", steps: ["directory", "new_nonce"] },
  { name: "nginx", tier: "connector", targetType: "nginx", fresh: peerOf("n") },
];
const ERRORS = thresholdOf("error_rate < 1%", { kind: "error_rate" }, "<", 0.01);

function run(shard: MadeScenario["shard"], laterS = 0): Summary {
  const made = MADE.map((scenario) => ({ ...scenario, shard }));
  const whole = runOf(made, { thresholds: [ERRORS] });
  const startedUs = whole.startedUs + laterS * 1e6;
  return concluded({ ...whole, startedUs, endedUs: whole.endedUs + laterS * 1e6 });
}

function shards(count: number): Summary[] {
  return Array.from({ length: count }, (_, index) => run({ index, count }));
}

function assertSameSeries(a: SummarySeries, b: SummarySeries): void {
  for (
    const key of [
      "count",
      "failed",
      "error_rate",
      "interrupted",
      "bytes_received",
      "bytes_sent",
    ] as const
  ) {
    assertEquals(a[key], b[key], key);
  }
  assertEquals([a.statuses, a.connections, a.protocols], [b.statuses, b.connections, b.protocols]);
  assertEquals(a.failures.map((f) => f.count), b.failures.map((f) => f.count));
  for (const [name, histogram] of Object.entries(b.histograms)) {
    const [one, other] = [a.histograms[name as "lag"], histogram].map((h) => unpacked(h).toData());
    assertEquals([one!.indices, one!.counts], [other!.indices, other!.counts], name);
    assertEquals([one!.minUs, one!.maxUs], [other!.minUs, other!.maxUs], name);
    assertAlmostEquals(one!.sumUs, other!.sumUs, 1e-9 * other!.sumUs);
  }
  const p99s = (series: SummarySeries): unknown =>
    [
      series.response_time_ms,
      series.failed_time_ms,
      series.service_time_ms,
      series.lag_ms,
      series.blocked_ms,
      ...Object.values(series.phases),
    ].map((stats) => stats?.p99);
  assertEquals(p99s(a), p99s(b));
}

/** The totals, of each class of failures how many: the samples are those of any shard. */
function withCounts({ failures, ...totals }: Summary["totals"]): unknown {
  return { ...totals, failures: failures.map(({ class: name, count }) => [name, count]) };
}

Deno.test("mergeSummaries() adds up every total: bytes, connections, statuses, failures of one class", () => {
  const [a, b] = shards(2).map(({ totals }) => totals);
  const merged = mergeSummaries(shards(2));
  const { totals } = merged;
  const summed = [
    "iterations",
    "failed",
    "requests",
    "failed_requests",
    "offered",
    "dropped",
    "interrupted",
    "bytes_received",
    "bytes_sent",
  ] as const;
  for (const key of summed) assertEquals(totals[key], a![key] + b![key], key);
  assertEquals(totals.connections, {
    new: a!.connections.new + b!.connections.new,
    reused: a!.connections.reused + b!.connections.reused,
  });
  assertEquals(totals.statuses[200], a!.statuses[200]! + b!.statuses[200]!);
  const counts = (some: Summary["totals"]["failures"]): number =>
    some.reduce((sum, { count }) => sum + count, 0);
  assertEquals(totals.failures.map(({ class: name }) => name), ["status_5xx"]);
  assertEquals(counts(totals.failures), counts(a!.failures) + counts(b!.failures));
  assertEquals(totals.error_rate, totals.failed / totals.iterations);
  assertEquals(
    totals.rate_per_s,
    Math.round((1000 * totals.iterations) / merged.duration_s) / 1000,
  );
});

Deno.test("mergeSummaries() adds up what the generators took, and takes the busiest host's CPU", () => {
  const [a, b] = shards(2);
  const with_ = (one: Summary, host: number | null): Summary => (
    { ...one, generator: { ...one.generator, host_cpu_share: host } }
  );
  const host = (x: number | null, y: number | null): number | null =>
    mergeSummaries([with_(a!, x), with_(b!, y)]).generator.host_cpu_share;
  assertEquals(
    [host(0.2, 0.7), host(0.7, 0.2), host(null, 0.1), host(0.1, null), host(null, null)],
    [
      0.7,
      0.7,
      0.1,
      0.1,
      null,
    ],
  );
  const { cpu_s, cpu_cores, max_rss_bytes } = mergeSummaries([a!, b!]).generator;
  const of = (one: Summary): Summary["generator"] => one.generator;
  assertEquals([cpu_s, cpu_cores, max_rss_bytes], [
    of(a!).cpu_s + of(b!).cpu_s,
    Math.round(1000 * (of(a!).cpu_cores + of(b!).cpu_cores)) / 1000,
    of(a!).max_rss_bytes + of(b!).max_rss_bytes,
  ]);
});

Deno.test("mergeSummaries() of the shards of a run is the run, to the last count", () => {
  const whole = run(undefined);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 4 }), (count) => {
      const merged = mergeSummaries(shards(count));
      for (const [phase, scenarios] of Object.entries(whole.phases)) {
        for (const [name, scenario] of Object.entries(scenarios)) {
          const found = merged.phases[phase]![name]!;
          assertSameSeries(found, scenario);
          for (const [step, series] of Object.entries(scenario.steps)) {
            assertSameSeries(found.steps[step]!, series);
          }
          assertEquals(found.offered?.arrivals, scenario.offered?.arrivals);
          assertEquals(
            [found.counters, found.dropped, found.other_peer_exchanges],
            [scenario.counters, scenario.dropped, scenario.other_peer_exchanges],
          );
          assertEquals(
            found.tls_peers.map((peer) => [peer.subject, peer.exchanges]),
            scenario.tls_peers.map((peer) => [peer.subject, peer.exchanges]),
          );
          assertEquals(found.warmup_requests, count * scenario.warmup_requests);
          assertEquals(found.opened_connections, count * scenario.opened_connections);
          assertEquals(
            found.course.slices.map((s) => [s.at_s, s.count, s.failed, s.dropped, s.max_lag_ms]),
            scenario.course.slices.map((s) => [s.at_s, s.count, s.failed, s.dropped, s.max_lag_ms]),
          );
        }
      }
      assertEquals(merged.connector_tier, whole.connector_tier);
      assertEquals(withCounts(merged.totals), withCounts(whole.totals));
      assertEquals(merged.thresholds, whole.thresholds);
    }),
    { numRuns: 3 },
  );
});

Deno.test("mergeSummaries() keeps every worker, judges anew, and can be read back", () => {
  const [a, b] = shards(2);
  const stopped = {
    ...b!,
    generator: { ...b!.generator, workers: [{ ...b!.generator.workers[0]!, cpu_share: 0.99 }] },
  };
  const merged = mergeSummaries([a!, stopped]);
  assertEquals(merged.generator.workers.map(({ index }) => index), [0, 1]);
  assertEquals([merged.validity.verdict, merged.exit.code], ["invalid", 95]);
  assertEquals(readSummary(renderJson(merged), "merged"), merged);
  assert(merged.methodology.notes.some((note) => note.startsWith("merged with a run from ")));
});

Deno.test("mergeSummaries() moves the slices of a shard that started later", () => {
  const [first, later] = [run({ index: 0, count: 2 }), run({ index: 1, count: 2 }, 3)];
  const merged = mergeSummaries([later, first]);
  const { course } = merged.phases.api!.create!;
  assertEquals(course.slices[0]?.count, 10);
  assertEquals(course.slices[3]?.count, 20);
  assertEquals(merged.duration_s, first.duration_s + 3);
});

Deno.test("mergeSummaries() refuses what are not shards of one run", () => {
  const a = run(undefined);
  const refused = (other: Summary, why: string): unknown =>
    assertThrows(() => mergeSummaries([a, other]), MergeError, why);
  refused({ ...a, plan: { ...a.plan, sha256: "cd".repeat(32) } }, "different plans");
  refused(run(undefined, 3600), "were not under way together");
  assertThrows(() => mergeSummaries([a]), MergeError, "fewer than two");
});

Deno.test("mergeSummaries() keeps who was lost, by the worker's number in the whole", () => {
  const [a, b] = shards(2);
  const lose = (summary: Summary, worker: number | null): Summary => ({
    ...summary,
    generator: { ...summary.generator, lost: [{ worker, at_s: 2, reason: "died" }] },
  });
  const merged = mergeSummaries([lose(a!, 0), lose(b!, 0)]);
  const second = a!.generator.workers.length;
  assertEquals(merged.generator.lost.map(({ worker }) => worker), [0, second]);
  assertEquals(mergeSummaries([a!, lose(b!, null)]).generator.lost.map(({ worker }) => worker), [
    null,
  ]);
});

Deno.test("mergeSummaries() takes runs for shards of one that began while the first was still under way", () => {
  const first = run({ index: 0, count: 2 });
  const late = (seconds: number): Summary => {
    const startedMs = Date.parse(first.started_at) + 1000 * seconds;
    return { ...run({ index: 1, count: 2 }), started_at: new Date(startedMs).toISOString() };
  };
  const whole = Math.floor(first.duration_s);
  const begun = { ...first, duration_s: whole };
  assertEquals(mergeSummaries([begun, late(whole)]).started_at, first.started_at);
  assertThrows(
    () => mergeSummaries([begun, late(whole + 0.001)]),
    MergeError,
    "were not under way together",
  );
});

Deno.test("mergeSummaries() moves who was lost in a shard that started later, and is interrupted by any", () => {
  const [first, later] = [run({ index: 0, count: 2 }), run({ index: 1, count: 2 }, 3)];
  const lost = [{ worker: 0, at_s: 2, reason: "died" }];
  const merged = mergeSummaries([
    first,
    { ...later, interrupted: true, generator: { ...later.generator, lost } },
  ]);
  assertEquals(merged.generator.lost, [{ worker: 1, at_s: 5, reason: "died" }]);
  assertEquals([merged.interrupted, merged.exit.code], [true, 105]);
  assertEquals(mergeSummaries([{ ...first, interrupted: true }, later]).interrupted, true);
  assertEquals(mergeSummaries([first, later]).interrupted, false);
  const long = { ...first, duration_s: 60 };
  assertEquals(mergeSummaries([long, later]).duration_s, 60);
});

Deno.test("mergeSummaries() notes each run that was added, with its workers and its host", () => {
  const [a, b] = shards(2);
  const noteOn = (workers: number): string => {
    const worker = b!.generator.workers[0]!;
    const generator = { ...b!.generator, workers: new Array(workers).fill(worker) };
    const earlier = { ...a!, started_at: "2026-05-02T11:59:59.000Z" };
    return mergeSummaries([earlier, { ...b!, generator }]).methodology.notes.at(-1)!;
  };
  const host = "on Example CPU @ 3.0 GHz, 4 CPUs, linux 6.1.0";
  const began = "2026-05-02T12:00:00.000Z";
  assertEquals(noteOn(1), `merged with a run from ${began} by 1 worker ${host}`);
  assertEquals(noteOn(2), `merged with a run from ${began} by 2 workers ${host}`);
});

Deno.test("mergeSummaries() of hosts has the gauges, deployments and own measures of the run that they were", () => {
  const verdicts = ["served", "served", "late", "wrong"] as const;
  const part = (index: number, count: number): Summary => {
    const own: MadeScenario["own"] = (recorder, startUs) => {
      for (let i = index; i < 1_500; i += count) {
        const atUs = startUs + i * 6_000;
        recorder.deployment(deploymentAt(atUs, { verdict: verdicts[i % 4]! }));
        recorder.observe("propagation", 200_000 + i);
        recorder.gauge("jobs_in_flight", i % 25, atUs);
        if (i % 4 === 3) recorder.count("wrong");
        recorder.count("kept_requests", 10);
        if (i % 100 === 0) recorder.count("reset_requests");
      }
    };
    const { of, among } = DEPLOY_MEASURES.shares.reset_share;
    const thresholds = [
      thresholdOf(
        "propagation p95 < 201ms",
        { kind: "observed", name: "propagation", stat: "percentile", percentile: 95 },
        "<",
        201,
      ),
      thresholdOf("wrong count == 0", { kind: "counter", name: "wrong" }, "==", 0),
      thresholdOf("reverted count == 0", { kind: "counter", name: "reverted" }, "==", 0),
      thresholdOf(
        "reset_share < 0.2%",
        { kind: "share", name: "reset_share", of, among },
        "<",
        0.002,
      ),
    ];
    const made = { name: "deploy", tier: "lifecycle", own, thresholds } as const;
    return concluded(runOf([{ ...made, shard: { index, count } }]));
  };
  const whole = part(0, 1);
  const parts = [0, 1, 2].map((index) => part(index, 3));
  const merged = readSummary(renderJson(mergeSummaries(parts)), "merged.json");
  const [one, all] = [merged, whole].map(({ phases }) => phases.lifecycle!.deploy!);
  assertEquals(one!.gauges, all!.gauges);
  assertEquals(one!.deployments, all!.deployments);
  assertEquals(one!.deployments.length, 750);
  assertEquals(one!.deployment_verdicts, all!.deployment_verdicts);
  assertEquals(one!.counters, all!.counters);
  assertEquals(merged.thresholds, whole.thresholds);
  assertEquals(whole.thresholds.map(({ verdict, value }) => [verdict, value]), [
    ["fail", 201.471],
    ["fail", 375],
    ["pass", 0],
    ["pass", 0.001],
  ]);
});

Deno.test("steps and tiers may have names that every object knows, in one of two runs too", () => {
  const plain = concluded(runOf([{ name: "list", steps: ["one", "two"] }]));
  const text = renderJson(plain).replaceAll('"two"', '"constructor"');
  const odd = readSummary(text, "odd.json");
  assertEquals(Object.keys(odd.phases["api"]!["list"]!.steps), ["one", "constructor"]);
  assertEquals(nameOfTier("toString"), "toString");
  for (const runs of [[odd, plain], [plain, odd]] as const) {
    compare(...runs, { force: true });
    const { steps } = mergeSummaries([...runs]).phases["api"]!["list"]!;
    const counts = ["one", "two", "constructor"].map((step) => steps[step]!.count);
    assertEquals(counts, [2 * counts[1]!, counts[1]!, counts[1]!]);
  }
});

Deno.test("mergeSummaries() refuses hosts with other arrivals and says which, and takes other seeds and phases", () => {
  const spaced = (load: Partial<SummaryScenario["load"]>, index: number): Summary => {
    const summary = run({ index, count: 2 });
    for (const [, scenario] of scenariosOf(summary)) Object.assign(scenario.load, load);
    return summary;
  };
  const poisson = (seed: number, index: number): Summary =>
    spaced({ arrivals: "poisson", seed, phase: null }, index);
  assertThrows(
    () => mergeSummaries([run({ index: 0, count: 2 }), poisson(1, 1)]),
    MergeError,
    'Cannot merge "run 2" with "run 1" as the arrivals of "create" are poisson in one and even in the other: ' +
      "run the plan on all machines with the same `arrivals`",
  );
  const spacing = (...those: [Summary, Summary]): unknown[] => {
    const { arrivals, seed, phase } = mergeSummaries(those).phases.api!.create!.load;
    return [arrivals, seed, phase];
  };
  assertEquals(spacing(poisson(1, 0), poisson(1, 1)), ["poisson", 1, null]);
  assertEquals(spacing(poisson(1, 0), poisson(2, 1)), ["poisson", null, null]);
  assertEquals(spacing(spaced({ phase: 0 }, 0), spaced({ phase: 0.5 }, 1)), ["even", null, null]);
  const shard = (summary: Summary): Summary => ({
    ...summary,
    shards: { count: 2, start_at: null, parts: [] },
  });
  assertThrows(
    () => mergeSummaries([shard(poisson(1, 0)), shard(poisson(2, 1))]),
    MergeError,
    'they drew other arrivals: the seed of "create" is 2 in one and 1 in the other: ' +
      "run the same plan on all machines",
  );
  assertEquals(spacing(shard(poisson(1, 0)), shard(poisson(1, 1))), ["poisson", 1, null]);
  // A summary of before any other kind was even.
  assertEquals(spacing(spaced({ arrivals: null, phase: null }, 0), spaced({}, 1))[2], null);
});
