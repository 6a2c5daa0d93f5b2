import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Measured, Stats, SummaryScenario } from "../../src/metrics/summary_schema.ts";
import { validityOf } from "../../src/verdict/validity.ts";
import { runOf } from "../metrics/runs.ts";

interface Jobs {
  readonly counters?: Record<string, number>;
  /** Averages in milliseconds, of as many as completed. */
  readonly times?: Record<string, number>;
  readonly highest?: number;
  readonly limit?: number;
  readonly issuanceS?: number;
}

/** 100 jobs in 10 s, each of 250 ms, so that 2.5 are worked on at once. */
const COUNTERS = {
  jobs_asked: 100,
  jobs_completed: 100,
  jobs_stuck: 0,
  job_polls: 10_000,
  batches_ms: 10_000,
  jobs_running_ms: 25_000,
  jobs_open_ms: 500_000,
};

function findings(jobs: Jobs): { code: string; message: string }[] {
  const measured = summarize(runOf([{ name: "renewals", tier: "lifecycle" }]));
  const scenario = measured.phases["lifecycle"]!["renewals"]!;
  const counters = { ...COUNTERS, ...jobs.counters };
  const statsOf = (avg: number): Stats => {
    const rest = { min: avg, p50: avg, p90: avg, p95: avg, p99: avg, p999: avg, max: avg };
    return { count: counters.jobs_completed, avg, ...rest };
  };
  const slice = (value: number): SummaryScenario["gauges"][string] => [
    { at_s: 0, max: 1, last: 1, last_at_s: 0.5 },
    { at_s: 1, max: value, last: 0, last_at_s: 1.5 },
  ];
  const changed = {
    ...scenario,
    counters,
    observed: Object.fromEntries(
      Object.entries(jobs.times ?? { work_time: 250, job_time: 5000 }).map(([name, avg]) => [
        name,
        { stats_ms: statsOf(avg), histogram: scenario.histograms.response_time! },
      ]),
    ),
    gauges: {
      jobs_in_flight: slice(jobs.highest ?? 5),
      ...(jobs.limit !== undefined && { jobs_limit: slice(jobs.limit) }),
    },
  };
  const server_metrics = jobs.issuanceS === undefined ? null : {
    counters: [],
    histograms: [{ name: "certctl_issuance_duration_seconds", labels: {}, avg: jobs.issuanceS }],
  } as unknown as Measured["server_metrics"];
  const { warnings, reasons } = validityOf({
    ...measured,
    server_metrics,
    phases: { lifecycle: { renewals: changed } },
  });
  return [...reasons, ...warnings].map(({ code, message }) => ({ code, message }));
}

Deno.test("jobs whose number, throughput and time fit together are no finding", () => {
  assertEquals(findings({}), []);
  assertEquals(findings({ highest: 25, limit: 25 }), []);
});

Deno.test("Little's law is asked of the jobs at work where the server tells their times, and the contradiction is told in figures", () => {
  const [found, ...others] = findings({ counters: { jobs_running_ms: 50_000 } });
  assertEquals([found?.code, others], ["littles_law", []]);
  assertEquals(
    found?.message,
    'Little\'s law does not hold for the jobs of "renewals": 5 were Running on the average, where 10 per second times 250 ms of work makes 2.5',
  );
});

Deno.test("where it does not, it is asked of all jobs that are there", () => {
  const times = { job_time: 5000 };
  assertEquals(findings({ times }), []);
  const [found] = findings({ times, counters: { jobs_open_ms: 900_000 } });
  assertMatch(
    found?.message ?? "",
    /: 90 were Pending or Running on the average, where 10 per second times 5 s from made to ended makes 50$/,
  );
});

Deno.test("it is not asked of a few looks, nor of jobs of which some never ended", () => {
  const wrong = { jobs_running_ms: 90_000 };
  assertEquals(findings({ counters: { ...wrong, job_polls: 100 } }), []);
  const codes = findings({ counters: { ...wrong, jobs_completed: 90, jobs_stuck: 10 } })
    .map(({ code }) => code);
  assertEquals(codes, ["jobs_stuck"]);
});

Deno.test("jobs that never ended are told with their share", () => {
  const [found] = findings({ counters: { jobs_completed: 80, jobs_stuck: 20 } });
  assertEquals(
    found?.message,
    '20 of 100 jobs of "renewals" (20 %) never ended: they are in no job_time',
  );
});

Deno.test("more Running than the limit allows: a queue is called Running, and what the server's own time says stands beside it", () => {
  const [found] = findings({ highest: 500, limit: 25, issuanceS: 0.08 });
  assertEquals(found?.code, "jobs_over_limit");
  assertStringIncludes(
    found?.message ?? "",
    '500 jobs of "renewals" were Running at once, and the limit is 25',
  );
  assertStringIncludes(
    found?.message ?? "",
    "by its own issuance time of 80 ms it issued 0.8 at once on the average",
  );
});
