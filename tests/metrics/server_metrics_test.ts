import { compareReadings, quantile, type Reading } from "../../src/metrics/server_metrics.ts";
import { assertAlmostEquals, assertEquals, assertLess } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";

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
  assertAlmostEquals(row?.p50?.value ?? NaN, 0.075, 1e-9);
  assertEquals(row?.p50?.is, "about");
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

Deno.test("a quantile between two bounds is interpolated, as Prometheus does it", () => {
  const buckets = [
    { le: 1, cumulative: 10 },
    { le: 2, cumulative: 30 },
    { le: 4, cumulative: 40 },
    { le: Infinity, cumulative: 40 },
  ];
  assertEquals(quantile(buckets, 0.5), { value: 1.5, is: "about" });
  assertEquals(quantile(buckets, 0.75), { value: 2, is: "about" });
  assertEquals(quantile(buckets, 1), { value: 4, is: "about" });
});

Deno.test("a quantile in the first bucket is at most its bound, and in the open last one at least its lower bound", () => {
  const buckets = [{ le: 1, cumulative: 5 }, { le: Infinity, cumulative: 10 }];
  assertEquals(quantile(buckets, 0.5), { value: 1, is: "at_most" });
  assertEquals(quantile(buckets, 0.99), { value: 1, is: "at_least" });
  assertEquals(quantile([{ le: Infinity, cumulative: 10 }], 0.5), null);
  assertEquals(quantile([{ le: 1, cumulative: 0 }, { le: 2, cumulative: 0 }], 0.5), null);
  assertEquals(quantile([], 0.5), null);
});

Deno.test("a first bucket that nothing fell into is a lower bound for the second", () => {
  const buckets = [{ le: 1, cumulative: 0 }, { le: 3, cumulative: 4 }];
  assertEquals(quantile(buckets, 0.5), { value: 2, is: "about" });
});

const OPEN_METRICS = (times: number): string =>
  `# TYPE jobs counter
# UNIT jobs_seconds seconds
jobs_total{type="issue"} ${17 * times} ${
    1520879607 + times
  }.789 # {trace_id="a } b"} 1.0 1520879607.789
jobs_created{type="issue"} ${1520872000 + times}.1
# TYPE work_seconds histogram
work_seconds_bucket{le="0.01"} 0 # {} 0.004
work_seconds_bucket{le="0.1"} ${20 * times} # {trace_id="x"} 0.05
work_seconds_bucket{le="+Inf"} ${20 * times} ${times}
work_seconds_sum ${1 * times}
work_seconds_count ${20 * times}
work_seconds_created 1520872000.1
# TYPE build info
build_info{version="1"} 1
# TYPE wait_seconds summary
wait_seconds{quantile="0.5"} NaN
wait_seconds_sum ${4 * times}
wait_seconds_count ${2 * times}
# EOF
`;

Deno.test("OpenMetrics is read as it is written: exemplars, fractions of seconds, _total and _created", () => {
  const read = (times: number): Reading => ({ text: OPEN_METRICS(times), openMetrics: true });
  const { counters, histograms, notes } = compareReadings("u", read(1), read(2));
  assertEquals(notes, []);
  assertEquals(counters.map(({ name, kind, delta }) => [name, kind, delta]), [
    ["jobs_total", "counter", 17],
    ["build_info", "gauge", 0],
  ]);
  const [work, wait] = histograms;
  assertEquals([work?.name, work?.count, work?.avg], ["work_seconds", 20, 0.05]);
  assertEquals(work?.p50?.is, "about");
  assertAlmostEquals(work?.p50?.value ?? NaN, 0.055, 1e-9);
  assertEquals(wait, {
    name: "wait_seconds",
    labels: {},
    count: 2,
    avg: 2,
    p50: null,
    p95: null,
    p99: null,
  });
});

Deno.test("an OpenMetrics text without its end is told to be cut off", () => {
  const whole = { text: OPEN_METRICS(1), openMetrics: true };
  const cut = { text: OPEN_METRICS(2).replace("# EOF\n", ""), openMetrics: true };
  assertEquals(compareReadings("u", whole, cut).notes, [
    "The text that was read after the run is cut off: it does not end with # EOF",
  ]);
  assertEquals(compareReadings("u", cut, whole).notes.length, 1);
  assertEquals(compareReadings("u", whole, { ...cut, openMetrics: false }).notes, []);
});

Deno.test("lines that are no metrics are counted over both readings, and the first is shown", () => {
  const { notes } = compareReadings("u", { text: "a 1\n<html>\n" }, { text: AFTER });
  assertEquals(notes, [
    "2 lines are not in Prometheus' or OpenMetrics' text format, the first: \"<html>\"",
  ]);
  const long = compareReadings("u", { text: "!".repeat(1000) }, { text: "" }).notes[0]!;
  assertEquals(long.endsWith(`first: "${"!".repeat(100)}…"`), true);
});

Deno.test("values that JSON does not have are null", () => {
  const text = "a NaN\nb +Inf\nc 5\n";
  const rows = compareReadings("u", { text }, { text }).counters;
  assertEquals(rows.map(({ name, before, after, delta }) => [name, before, after, delta]), [
    ["a", null, null, null],
    ["b", null, null, null],
    ["c", 5, 5, 0],
  ]);
});

Deno.test("of very many series those that changed are kept, and what was left out is told", () => {
  const page = (value: number): Reading => ({
    text: Array.from({ length: 600 }, (_, i) => `g${i} ${i === 599 ? value : 0}\n`).join(""),
  });
  const { counters, notes } = compareReadings("u", page(1), page(3));
  assertEquals([counters.length, counters[0]?.name, counters[0]?.delta], [500, "g599", 2]);
  assertEquals(notes, ["600 counters and gauges were read: only 500 of them are kept"]);
});

Deno.test("4 MB of a server's metrics are compared in a time that grows with their size alone", () => {
  const page = Array.from(
    { length: 40_000 },
    (_, i) =>
      `# TYPE h${i} histogram\nh${i}_bucket{le="1"} 1\nh${i}_bucket{le="+Inf"} 1\nh${i}_sum 1\n`,
  ).join("");
  let kept = 0;
  const tookMs = cpuMsOf(() => {
    kept = compareReadings("u", { text: "" }, { text: page }).histograms.length;
  });
  assertEquals(kept, 500);
  assertLess(tookMs, 10_000);
});

Deno.test("500 series are kept without a word, and of 501 what was left out is told", () => {
  const page = (rows: number): Reading => ({
    text: Array.from({ length: rows }, (_, i) => `g${i} 1\n`).join(""),
  });
  const of = (rows: number): [number, number] => {
    const { counters, notes } = compareReadings("u", page(rows), page(rows));
    return [counters.length, notes.length];
  };
  assertEquals([of(500), of(501)], [[500, 0], [500, 1]]);
});

Deno.test("a counter that was not read before the run has no difference, one that did not exist has all", () => {
  const page = "# TYPE c counter\nc 5\n# TYPE g gauge\ng 5\n";
  const delta = (before: Reading, after: Reading): unknown[] =>
    compareReadings("u", before, after).counters.map((row) => [row.kind, row.before, row.delta]);
  assertEquals(delta({ text: "" }, { text: page }), [["counter", null, 5], ["gauge", null, null]]);
  assertEquals(delta({ problem: "x" }, { text: page }), [
    ["counter", null, null],
    ["gauge", null, null],
  ]);
  assertEquals(delta({ text: page }, { text: page }), [["counter", 5, 0], ["gauge", 5, 0]]);
  const less = page.replaceAll("5", "2");
  assertEquals(delta({ text: page }, { text: less }), [["counter", 5, 2], ["gauge", 5, -3]]);
});

Deno.test("a histogram counts from 0 again where a count fell; a sum may fall by itself", () => {
  const page = (count: number, sum: number): Reading => ({
    text: `# TYPE h histogram\nh_bucket{le="+Inf"} ${count}\nh_sum ${sum}\nh_count ${count}\n`,
  });
  const of = (before: Reading, after: Reading): unknown[] =>
    compareReadings("u", before, after).histograms.map(({ count, avg }) => [count, avg]);
  assertEquals(of(page(10, 8), page(14, 6)), [[4, -0.5]]);
  assertEquals(of(page(10, 8), page(5, 6)), [[5, 1.2]]);
  assertEquals(of(page(10, 8), page(10, 8)), []);
});

Deno.test("a histogram that tells its sum alone is none, and one without _count has that of its buckets", () => {
  const of = (text: string): unknown[] =>
    compareReadings("u", { text: "" }, { text: `# TYPE h histogram\n${text}` }).histograms
      .map(({ count, avg }) => [count, avg]);
  assertEquals(of("h_sum 5\n"), []);
  assertEquals(of('h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 4\n'), [[4, null]]);
  assertEquals(of('h_bucket{le="+Inf"} 4\nh_sum 6\n'), [[4, 1.5]]);
});
