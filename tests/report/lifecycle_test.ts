/** Deployments and jobs in every report: figures with their intervals, what went wrong, Little's law. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import type {
  Stats,
  SummaryDeployment,
  SummaryScenario,
} from "../../src/metrics/summary_schema.ts";
import { parseExposition } from "../../src/metrics/exposition.ts";
import { gaugeCharts } from "../../src/report/html/charts.ts";
import { deploymentStrips } from "../../src/report/html/strips.ts";
import { renderHtml } from "../../src/report/html.ts";
import { renderJunit } from "../../src/report/junit.ts";
import {
  deployCells,
  deployRemarks,
  deployRows,
  hasDeployments,
  hasJobs,
  isToldApart,
  jobCells,
  jobRemarks,
} from "../../src/report/lifecycle.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderPrometheus } from "../../src/report/prometheus.ts";
import { renderText } from "../../src/report/text.ts";
import { concluded, lifecycleRun } from "./summaries.ts";

const summary = concluded(lifecycleRun());
const {
  deploy_haproxy: haproxy,
  deploy_nginx: nginx,
  renew_500: bulk,
} = summary.phases.lifecycle as Record<string, SummaryScenario> & {
  deploy_haproxy: SummaryScenario;
  deploy_nginx: SummaryScenario;
  renew_500: SummaryScenario;
};

const textsOf = (remarks: readonly { readonly text: string }[]): string[] =>
  remarks.map(({ text }) => text);

Deno.test("each time of a deployment has the width of its interval, an overlap twice that of one end", () => {
  const rows = deployRows(nginx);
  assertEquals(rows.map(({ name, intervals }) => [name, intervals[1]]), [
    ["propagation", "+5.02 ms"],
    ["overlap", "+10 ms"],
    ["staleness", "+5.02 ms"],
  ]);
  assertEquals(deployCells(rows[0]!), [
    "500",
    "239 ms (+5.02 ms)",
    "320 ms (+5.02 ms)",
    "328 ms (+5.02 ms)",
    "329 ms (+5.02 ms)",
  ]);
  const { watch_interval: _, ...observed } = nginx.observed;
  assertEquals(deployCells(deployRows({ ...nginx, observed })[0]!)[1], "239 ms");
  assertEquals(deployRows(bulk), []);
  const { propagation } = nginx.observed;
  const later = (stats: Stats): Stats => ({ ...stats, p50: stats.p50 + 4, max: stats.max + 9 });
  const served = { ...propagation!, stats_ms: later(propagation!.stats_ms) };
  const ends = deployRows({ ...nginx, observed: { ...nginx.observed, served } });
  assertEquals(ends[0]?.intervals, ["+4 ms", "+0 ms", "+0 ms", "+9 ms"]);
  assertEquals(ends[2]?.intervals[0], "+5.02 ms");
  const fewer = { ...served, stats_ms: { ...served.stats_ms, count: 499 } };
  const unknown = deployRows({ ...nginx, observed: { ...nginx.observed, served: fewer } });
  assertEquals(unknown[0]?.intervals[0], "+5.02 ms");
});

Deno.test("how deployments ended is counted, who deployed is said, and only what went wrong is bad", () => {
  assertEquals(deployRemarks(nginx), [
    {
      text: "500 deployments by certload, 475 served as wanted: 5 wrong, 5 reverted, 5 mixed, " +
        "5 late, 5 never served, each known to 5 ms (95 % to 5.02 ms)",
      bad: true,
    },
    {
      text: "3 of 20,000 fresh handshakes failed; 4 of 5,000 requests on kept connections were " +
        "cut off (0.08 %)",
      bad: true,
    },
  ]);
  assertEquals(deployRemarks(haproxy).map(({ bad }) => bad), [false, false]);
  const [one] = haproxy.deployments;
  const both = { ...haproxy, deployments: [one!, { ...one!, by: "agent" as const }] };
  assertStringIncludes(deployRemarks(both)[0]!.text, "12 deployments by certload and agents, 12");
});

Deno.test("jobs have their completion times, rate, failed, stuck, and the most in flight beside the limit", () => {
  assertEquals(jobCells(bulk), [
    "500",
    "25/s",
    "0",
    "0",
    "25",
    "25",
    "10 s",
    "19 s",
    "20 s",
    "20 s",
  ]);
  assertEquals(textsOf(jobRemarks(bulk)), [
    "At most 25 in flight, of 25 configured: all of them",
    "Little's law: 25 were Running on the average, and 25/s times 1 s of work is 25, 0 % off",
    "80 requests asked how the jobs stood",
  ]);
  const limited = (limit: number): SummaryScenario => ({
    ...bulk,
    gauges: {
      ...bulk.gauges,
      jobs_limit: [{ at_s: 0, max: limit, last: limit, last_at_s: 0 }],
    },
  });
  const [over] = jobRemarks(limited(24));
  assertEquals([over?.bad, over?.text.endsWith("more than configured")], [true, true]);
  const [under] = jobRemarks(limited(50));
  assertEquals([under?.bad, under?.text.endsWith("not all of them")], [false, true]);
});

Deno.test("Little's law that does not hold is bad, and is not asked of jobs that did not end", () => {
  const with_ = (counters: Record<string, number>): SummaryScenario => (
    { ...bulk, counters: { ...bulk.counters, ...counters } }
  );
  const law = (counters: Record<string, number>) =>
    jobRemarks(with_(counters)).find(({ text }) => text.startsWith("Little"));
  assertEquals(law({ jobs_running_ms: 545_000 })?.bad, false);
  assertEquals(law({ jobs_running_ms: 555_000 })?.bad, true);
  assertStringIncludes(law({ jobs_running_ms: 555_000 })!.text, "11 % off");
  assertEquals(law({ jobs_completed: 499, jobs_stuck: 1 }), undefined);
  const stuck = jobRemarks(with_({ jobs_stuck: 12, jobs_failed: 1 }));
  assertEquals(textsOf(stuck).includes("1 job failed, 12 had not ended by the deadline"), true);
});

Deno.test("what has a table of its own is not told again among a flow's own", () => {
  assertEquals(isToldApart("propagation", nginx), true);
  assertEquals(isToldApart("propagation", bulk), false);
  assertEquals(isToldApart("job_time", bulk), true);
  assertEquals(isToldApart("signing", nginx), false);
});

Deno.test("deployments and jobs are in text, Markdown, the page and the exposition, their limits in JUnit", () => {
  const text = renderText(summary, { width: 120 });
  assertStringIncludes(text, "Deployments  by fresh handshakes");
  assertStringIncludes(text, "  propagation     500  239 ms (+5.02 ms)  320 ms (+5.02 ms)");
  assertStringIncludes(text, "Jobs  a job made to its end");
  const markdown = renderMarkdown(summary);
  assertStringIncludes(markdown, "| `deploy_nginx` | propagation | 500 | 239 ms (+5.02 ms) |");
  assertStringIncludes(markdown, "- ❌ `deploy_nginx`: 500 deployments by certload");
  assertStringIncludes(markdown, "### Jobs");
  const page = renderHtml(summary);
  assertStringIncludes(page, "<h4>Deployments</h4>");
  assertStringIncludes(page, '<a href="#lifecycle">Lifecycle</a>');
  const junit = renderJunit(summary);
  assertStringIncludes(junit, "deploy_nginx wrong count: 5, limit == 0");
  assertStringIncludes(junit, 'name="propagation p95 &lt; 30s"');
  const { samples, unread } = parseExposition(renderPrometheus(summary));
  assertEquals(unread.count, 0);
  const value = (name: string, labels: Record<string, string>): number | undefined =>
    samples.find((sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, is]) => sample.labels[label] === is)
    )?.value;
  const scenario = "deploy_nginx";
  const p95 = { scenario, name: "propagation", quantile: "0.95" };
  assertEquals(value("certload_observed_seconds", p95), 0.320255);
  assertEquals(value("certload_counted", { scenario, name: "wrong" }), 5);
  assertEquals(value("certload_deployments", { scenario, verdict: "served" }), 475);
  const jobs = { scenario: "renew_500", name: "jobs_in_flight" };
  assertEquals(value("certload_level_max", jobs), 25);
  assertEquals(value("certload_level_last", jobs), 0);
});

Deno.test("jobs in flight are drawn second by second beside their limit; between two values the earlier one holds", () => {
  const [flight, rate] = gaugeCharts(bulk);
  assertEquals([flight?.title, flight?.unit, rate?.title, rate?.unit], [
    "Jobs in flight",
    "count",
    "jobs per s",
    "per_s",
  ]);
  assertEquals(flight?.lines.map(({ label, values }) => [label, values.at(0), values.at(-1)]), [
    ["jobs in flight", 25, 0],
    ["limit", 25, 25],
  ]);
  assertEquals(flight?.note, "The greatest of each 1 s, by the server's own count.");
  const slice = (at_s: number, max: number, last: number) => ({ at_s, max, last, last_at_s: at_s });
  const [few] = gaugeCharts({ ...bulk, gauges: { depth: [slice(2, 9, 4), slice(5, 7, 1)] } });
  assertEquals([few?.xs, few?.lines[0]?.values], [[2, 3, 4, 5], [9, 4, 4, 7]]);
  assertEquals(gaugeCharts({ ...bulk, gauges: {} }), []);
});

const stripsOf = (scenario: SummaryScenario): string[] =>
  deploymentStrips(scenario).text.match(/aria-label="[^"]*"/g) ?? [];

Deno.test("each of a few deployments has a strip, told in words too", () => {
  const strips = stripsOf(haproxy);
  assertEquals(strips.length, 12);
  assertEquals(
    strips[0],
    'aria-label="old certificate until 150 ms, new certificate from 155 ms to 1 s, issued at 80 ms, reported complete at 170 ms"',
  );
  const text = deploymentStrips(haproxy).text;
  assert(
    !text.includes("columns") && !text.includes("served-wrong"),
    "no key to what is not there",
  );
});

Deno.test("of many deployments all are one picture, and those that went wrong have strips", () => {
  const [together, ...strips] = stripsOf(nginx);
  assertEquals(strips.length, 25);
  assertStringIncludes(together!, "after 818 ms: 1 % old certificate, 98 % new certificate, 1 %");
  for (const word of ["late", "wrong", "mixed", "reverted", "never served"]) {
    assertStringIncludes(deploymentStrips(nginx).text, `<span class="word">${word}</span>`);
  }
});

Deno.test("strips are bounded, whatever a summary holds", () => {
  const spans = Array.from({ length: 32 }, (_, i) => ({
    state: (["old", "mixed", "new", "wrong", "unreachable"] as const)[i % 5]!,
    from_s: i / 10,
    to_s: (i + 1) / 10,
  }));
  const one: SummaryDeployment = { ...nginx.deployments[0]!, requested_at_s: 0, spans };
  const deployments = Array.from({ length: 1000 }, () => ({ ...one, verdict: "wrong" as const }));
  const { text } = deploymentStrips({ ...nginx, deployments });
  assert(text.length < 400_000, `${text.length} characters`);
  assertEquals(text.match(/role="img"/g)?.length, 41);
  assertStringIncludes(text, "Those that went wrong, the first 40 of 1,000");
  assertEquals(deploymentStrips({ ...nginx, deployments: [] }).text, "");
  const none = { ...one, spans: [], issued_at_s: null };
  assertEquals(deploymentStrips({ ...nginx, deployments: [none] }).text, "");
  const odd = { ...one, requested_at_s: 1e9, spans: [{ ...spans[0]!, from_s: -1e9, to_s: -1e9 }] };
  const markup = deploymentStrips({ ...nginx, deployments: [odd] }).text;
  assert(!/NaN|Infinity/.test(markup), markup);
});

Deno.test("one deployment makes a table of them, and so does one job, whatever became of it", () => {
  const none = { ...nginx, deployment_verdicts: {}, observed: {}, counters: {} };
  assertEquals([hasDeployments(none), hasJobs(none)], [false, false]);
  assertEquals(hasDeployments({ ...none, deployment_verdicts: { never: 1 } }), true);
  const { propagation } = nginx.observed;
  assertEquals(hasDeployments({ ...none, observed: { propagation: propagation! } }), true);
  assertEquals(hasDeployments({ ...none, observed: { other: propagation! } }), false);
  assertEquals(hasJobs({ ...none, observed: { job_time: propagation! } }), true);
  assertEquals(hasJobs({ ...none, observed: { propagation: propagation! } }), false);
  for (const name of ["jobs_asked", "jobs_completed", "jobs_failed", "jobs_stuck"]) {
    assertEquals(hasJobs({ ...none, counters: { [name]: 0 } }), true, name);
  }
  assertEquals(hasJobs({ ...none, counters: { jobs_running_ms: 1 } }), false);
});
