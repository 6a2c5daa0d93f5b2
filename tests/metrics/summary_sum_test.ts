import { PhasesSum } from "../../src/metrics/summary_sum.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type {
  Measured,
  SummaryGaugeSlice,
  SummarySeries,
} from "../../src/metrics/summary_schema.ts";
import { unpacked } from "../../src/metrics/stats.ts";
import { assertEquals } from "../assert.ts";
import { peerOf } from "./exchanges.ts";
import { runOf } from "./runs.ts";

type Scenario = Measured["phases"][string][string];

const one = summarize(runOf([{ name: "a", fresh: peerOf("x") }])).phases.api!.a!;
function addPhases(
  a: Measured["phases"],
  b: Measured["phases"],
  laterS: number,
): Measured["phases"] {
  const sum = new PhasesSum();
  return sum.phases([sum.add(a, 0), sum.add(b, laterS * 1e6)]);
}

const sum = (a: Partial<Scenario>, b: Partial<Scenario>, shiftS = 0): Scenario =>
  addPhases({ api: { a: { ...one, ...a } } }, { api: { a: { ...one, ...b } } }, shiftS).api!.a!;

Deno.test("what only one of two runs has is taken as it is", () => {
  const phases = addPhases({ api: { a: one } }, { api: { b: one }, acme: { c: one } }, 0);
  assertEquals(phases, { api: { a: one, b: one }, acme: { c: one } });
});

Deno.test("every count of a scenario is added, and the longer duration counts", () => {
  const both = sum(
    { warmup_requests: 3, opened_connections: 30, dropped: 1, interrupted: 5, duration_s: 9 },
    { warmup_requests: 4, opened_connections: 40, dropped: 6, interrupted: 2, duration_s: 8 },
  );
  assertEquals(
    [
      both.warmup_requests,
      both.opened_connections,
      both.dropped,
      both.interrupted,
      both.duration_s,
    ],
    [7, 70, 7, 7, 9],
  );
  assertEquals(both.count, 2 * one.count);
  assertEquals(both.connections, { new: 2 * one.connections.new, reused: 0 });
  assertEquals(both.statuses, { 200: 2 * one.count });
  assertEquals(both.rate_per_s, 2 * one.rate_per_s);
  assertEquals(both.tls_peers.map(({ exchanges }) => exchanges), [2 * one.count]);
  const offered = sum({ offered: { arrivals: 3, rate_per_s: 1.5 } }, {
    offered: { arrivals: 4, rate_per_s: 2 },
  }).offered;
  assertEquals(offered, { arrivals: 7, rate_per_s: 3.5 });
  assertEquals(sum({ offered: null }, { offered: null }).offered, null);
  const connections = sum({ connections: { new: 1, reused: 5 } }, {
    connections: { new: 2, reused: 6 },
  }).connections;
  assertEquals(connections, { new: 3, reused: 11 });
});

Deno.test("failures of one class are added, the most frequent class first", () => {
  const tally = (name: "reset" | "timeout", count: number, newest: string) => (
    { class: name, count, sample: `first of ${newest}`, newest }
  );
  const { failures } = sum({ failures: [tally("reset", 3, "a"), tally("timeout", 5, "a")] }, {
    failures: [tally("reset", 4, "b")],
  });
  assertEquals(failures, [
    { class: "reset", count: 7, sample: "first of a", newest: "b" },
    { class: "timeout", count: 5, sample: "first of a", newest: "a" },
  ]);
});

Deno.test("a flow's own durations and counters are added", () => {
  const observed = {
    wait: { stats_ms: one.response_time_ms!, histogram: one.histograms.response_time! },
  };
  const both = sum({ observed, counters: { tries: 3 } }, {
    observed,
    counters: { tries: 4, more: 1 },
  });
  assertEquals(both.observed.wait!.stats_ms.count, 2 * one.count);
  assertEquals(both.observed.wait!.stats_ms.max, one.response_time_ms!.max);
  assertEquals(both.counters, { tries: 7, more: 1 });
});

Deno.test("gauges and deployments are added as those of threads, later by as much as the run began later", () => {
  const gauge = (at_s: number, max: number): SummaryGaugeSlice => (
    { at_s, max, last: max - 1, last_at_s: at_s + 0.25 }
  );
  const deployment = {
    target: "web",
    by: "agent",
    requested_at_s: 1.25,
    issued_at_s: null,
    reported_at_s: 1.5,
    first_new_at_s: null,
    last_old_at_s: 1.75,
    next_new_at_s: null,
    verdict: "never",
    spans: [{ state: "old", from_s: -0.5, to_s: 1.75 }],
  } as const;
  const part = {
    gauges: { jobs: [gauge(0, 5), gauge(2, 9)] },
    deployments: [{ ...deployment, spans: [...deployment.spans] }],
    deployment_verdicts: { never: 1 },
  };
  const both = sum(part, { ...part, gauges: { jobs: [gauge(0, 7)], more: [gauge(0, 1)] } }, 2);
  assertEquals(both.gauges, {
    jobs: [gauge(0, 5), { at_s: 2, max: 9, last: 8, last_at_s: 2.25 }],
    more: [gauge(2, 1)],
  });
  assertEquals(both.deployments, [
    part.deployments[0]!,
    {
      ...part.deployments[0]!,
      requested_at_s: 3.25,
      reported_at_s: 3.5,
      last_old_at_s: 3.75,
      spans: [{ state: "old", from_s: 1.5, to_s: 3.75 }],
    },
  ]);
  assertEquals(both.deployment_verdicts, { never: 2 });
});

Deno.test("slices of two widths become those of the wider, shifted by as much as the run began later", () => {
  const slice = (
    at_s: number,
    count: number,
    max_lag_ms: number,
  ): SummarySeries["course"]["slices"][number] => ({
    at_s,
    count,
    failed: count,
    dropped: 2 * count,
    max_lag_ms,
    response_time: one.course.slices[0]!.response_time,
  });
  const { course } = sum(
    { course: { width_s: 1, slices: [slice(0, 1, 5), slice(1, 2, 9), slice(3, 4, 0)] } },
    { course: { width_s: 2, slices: [slice(0, 8, 7), slice(2, 16, 0)] } },
    2,
  );
  assertEquals(course.width_s, 2);
  assertEquals(course.slices.map((s) => [s.at_s, s.count, s.failed, s.dropped, s.max_lag_ms]), [
    [0, 3, 3, 6, 9],
    [2, 12, 12, 24, 7],
    [4, 16, 16, 32, 0],
  ]);
  const each = one.course.slices[0]!.count;
  assertEquals(course.slices.map((s) => unpacked(s.response_time).count), [
    2 * each,
    2 * each,
    each,
  ]);
});

Deno.test("a step that only one of two runs has is that run's, slices and all", () => {
  const steps = one.steps;
  const step = steps.request!;
  const both = sum({ steps: { x: step } }, { steps: { y: step } }, 2);
  assertEquals(Object.keys(both.steps), ["x", "y"]);
  for (const name of ["x", "y"]) {
    const { count, rate_per_s, statuses, course } = both.steps[name]!;
    assertEquals([count, rate_per_s, statuses, course.width_s], [
      step.count,
      step.rate_per_s,
      step.statuses,
      1,
    ]);
  }
  assertEquals(
    ["x", "y"].map((name) => both.steps[name]!.course.slices[0]!.at_s),
    [step.course.slices[0]!.at_s, step.course.slices[0]!.at_s + 2],
  );
});

Deno.test("a scenario's server is that of the first run that knows it", () => {
  const serverOf = (a: string | null, b: string | null): string | null =>
    sum({ server: a }, { server: b }).server;
  assertEquals([serverOf("a", "b"), serverOf(null, "b"), serverOf("a", null)], ["a", "b", "a"]);
});
