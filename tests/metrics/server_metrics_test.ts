import { compareReadings, quantile } from "../../src/metrics/server_metrics.ts";
import { assertAlmostEquals, assertEquals } from "../assert.ts";

const BEFORE = `# HELP certctl_issuance_total Issuances
# TYPE certctl_issuance_total counter
certctl_issuance_total{issuer_type="GenericCA",outcome="success"} 10
# TYPE certctl_agent_online gauge
certctl_agent_online 3
# TYPE certctl_issuance_duration_seconds histogram
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="0.05"} 10
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="0.1"} 10
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="+Inf"} 10
certctl_issuance_duration_seconds_sum{issuer_type="GenericCA"} 0.2
certctl_issuance_duration_seconds_count{issuer_type="GenericCA"} 10
`;

const AFTER = `# TYPE certctl_issuance_total counter
certctl_issuance_total{issuer_type="GenericCA",outcome="success"} 110
certctl_issuance_total{issuer_type="GenericCA",outcome="failure"} 4
# TYPE certctl_agent_online gauge
certctl_agent_online 2
# TYPE certctl_issuance_duration_seconds histogram
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="0.05"} 10
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="0.1"} 110
certctl_issuance_duration_seconds_bucket{issuer_type="GenericCA",le="+Inf"} 110
certctl_issuance_duration_seconds_sum{issuer_type="GenericCA"} 8.2
certctl_issuance_duration_seconds_count{issuer_type="GenericCA"} 110
this line is no metric
`;

Deno.test("a counter's difference is what the run added, also for a series that began in it", () => {
  const { counters, problem } = compareReadings("u", { text: BEFORE }, { text: AFTER });
  assertEquals(problem, null);
  assertEquals(counters.map(({ name, labels, delta }) => [name, labels["outcome"], delta]), [
    ["certctl_issuance_total", "success", 100],
    ["certctl_agent_online", undefined, -1],
    ["certctl_issuance_total", "failure", 4],
  ]);
});

Deno.test("a histogram is that of the run alone", () => {
  const [row] = compareReadings("u", { text: BEFORE }, { text: AFTER }).histograms;
  assertEquals([row?.count, row?.labels], [100, { issuer_type: "GenericCA" }]);
  assertAlmostEquals(row?.avg ?? NaN, 0.08, 1e-9);
  assertAlmostEquals(row?.p50 ?? NaN, 0.075, 1e-9);
});

Deno.test("a reading that is missing is named, and nothing is made up for it", () => {
  const summary = compareReadings("u", { problem: "refused" }, { text: AFTER });
  assertEquals(summary.problem, "refused");
  assertEquals(summary.counters.every(({ delta }) => delta === null), true);
  assertEquals(summary.histograms, []);
  const late = compareReadings("u", { text: BEFORE }, { problem: "reset" });
  assertEquals([late.problem, late.histograms], ["reset", []]);
});

Deno.test("a server that was restarted counts from 0 again", () => {
  const { histograms: [row], counters } = compareReadings("u", { text: AFTER }, { text: BEFORE });
  assertEquals([row?.count, row?.avg], [10, 0.02]);
  assertEquals(counters.find(({ labels }) => labels["outcome"] === "success")?.delta, 10);
});

Deno.test("a quantile in the open last bucket is that bucket's lower bound", () => {
  const buckets = [{ le: 1, cumulative: 1 }, { le: Infinity, cumulative: 10 }];
  assertEquals(quantile(buckets, 0.99), 1);
});
