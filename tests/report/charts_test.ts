import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "../assert.ts";
import type {
  ComparedFigure,
  SummaryScenario,
  ThresholdResult,
} from "../../src/metrics/summary_schema.ts";
import { type Chart, chartsOf, overviewCharts } from "../../src/report/html/charts.ts";
import { intervalPicture } from "../../src/report/html/interval.ts";
import { offeredBy } from "../../src/report/html/offered.ts";
import { scenariosOf } from "../../src/metrics/scenarios.ts";
import { type MadeScenario, percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { concluded } from "./summaries.ts";

function madeScenario(made: MadeScenario): [SummaryScenario, readonly ThresholdResult[]] {
  const summary = concluded(runOf([made]));
  return [scenariosOf(summary)[0]![1], summary.thresholds];
}

function chartsOfMade(made: MadeScenario): Chart[] {
  const [scenario, thresholds] = madeScenario(made);
  return chartsOf(scenario, { scenario, thresholds });
}

function valuesOf(chart: Chart | undefined, label: string): readonly (number | null)[] | undefined {
  return chart?.lines.find((line) => line.label === label)?.values;
}

const FAILURE = { class: "status_5xx", message: "HTTP 500" } as const;

Deno.test("chartsOf() has a line of failures also where there is less than one a second", () => {
  const [scenario] = madeScenario({
    name: "a",
    ratePerS: 10,
    durationS: 4,
    failure: (i) => (i === 5 ? FAILURE : undefined),
  });
  // As of a long run: slices of two seconds, so that one failure is half of one a second.
  const slices = scenario.course.slices.filter(({ at_s }) => at_s % 2 === 0);
  const [, , rates] = chartsOf({ ...scenario, course: { width_s: 2, slices } });
  assertEquals(valuesOf(rates, "failed"), [0.5, 0]);
  assertEquals(valuesOf(rates, "dropped"), undefined);
});

Deno.test("chartsOf() has no curve of response times where no answer was as expected", () => {
  const charts = chartsOfMade({ name: "a", ratePerS: 10, durationS: 2, failure: () => FAILURE });
  assertEquals(charts.map(({ title }) => title), ["Rate and failures", "The generator's lag"]);
});

Deno.test("chartsOf() draws what was dropped, by the second", () => {
  const [, , rates] = chartsOfMade({ name: "a", ratePerS: 10, durationS: 4, dropped: 15 });
  assertEquals(valuesOf(rates, "finished"), [10, 10, 5, 0]);
  assertEquals(valuesOf(rates, "dropped"), [0, 0, 5, 10]);
});

Deno.test("chartsOf() draws the offered rate of a scenario, and none of a step", () => {
  const made: MadeScenario = { name: "a", steps: ["x", "y"], ratePerS: 20, durationS: 3 };
  const [scenario] = madeScenario(made);
  const [, , whole] = chartsOf(scenario, { scenario });
  assertEquals(valuesOf(whole, "offered")?.slice(0, 3), [20, 20, 20]);
  const [, , step] = chartsOf(scenario.steps["x"]!, { scenario });
  assertEquals(valuesOf(step, "offered"), undefined);
});

Deno.test("offeredBy() is the mean of stages that rise, and nought before and after them", () => {
  const load = {
    model: "open" as const,
    stages: [{ duration_s: 10, from: 0, to: 100 }, { duration_s: 10, from: 100, to: 100 }],
    start_after_s: 5,
    max_in_flight: 100,
    arrivals: "even" as const,
    seed: null,
    phase: 0,
    think_time_ms: null,
  };
  const offered = offeredBy(load);
  assertAlmostEquals(offered(5, 6), 5);
  assertAlmostEquals(offered(14, 15), 95);
  assertAlmostEquals(offered(14, 16), 97.5);
  assertAlmostEquals(offered(20, 21), 100);
  assertEquals([offered(0, 5), offered(25, 26)], [0, 0]);
});

Deno.test("chartsOf() divides a last second that is not whole by what there was of it, and marks it", () => {
  const [scenario] = madeScenario({ name: "a", ratePerS: 20, durationS: 3 });
  const [latency, , rates] = chartsOf(scenario, { scenario: { ...scenario, duration_s: 2.5 } });
  assertEquals(rates?.partial, 2);
  assertEquals(rates?.xs, [0, 1, 2, 2.5]);
  assertEquals(valuesOf(rates, "finished"), [20, 20, 40, 40]);
  assertStringIncludes(latency!.note!, "Shaded: the last 0.5 s");
  const [, , whole] = chartsOf(scenario, { scenario: { ...scenario, duration_s: 3 } });
  assertEquals([whole?.partial, whole?.xs], [undefined, [0, 1, 2]]);
});

Deno.test("chartsOf() draws a limit that is near, and names one that is far above", () => {
  const [latency] = chartsOfMade({
    name: "a",
    ratePerS: 30,
    durationS: 3,
    medianUs: 5000,
    thresholds: [
      thresholdOf("p95 < 20ms", percentileOf(95), "<", 20),
      thresholdOf("p50 < 1ms", percentileOf(50), "<", 1),
      thresholdOf("p99 < 5s", percentileOf(99), "<", 5000),
      thresholdOf("count > 2", { kind: "count" }, ">", 2),
    ],
  });
  assertEquals(valuesOf(latency, "p95 < 20ms"), [20, 20, 20]);
  const color = (label: string): string | undefined =>
    latency!.lines.find((line) => line.label === label)?.color;
  assertEquals([color("p95 < 20ms"), color("p50 < 1ms")], ["soft", "bad"]);
  assertStringIncludes(latency!.note!, "Far above: p99 < 5s.");
  assertEquals(color("count > 2"), undefined);
});

Deno.test("chartsOf() draws a limit of the rate in the chart of the rate", () => {
  const [latency, , rates] = chartsOfMade({
    name: "a",
    ratePerS: 30,
    durationS: 3,
    thresholds: [thresholdOf("rate > 25", { kind: "rate" }, ">", 25)],
  });
  assertEquals(valuesOf(rates, "rate > 25"), [25, 25, 25]);
  assertEquals(valuesOf(latency, "rate > 25"), undefined);
});

Deno.test("overviewCharts() has a line for each scenario where it ran, and adds up their rates", () => {
  const summary = concluded(runOf([
    { name: "a", ratePerS: 10, durationS: 4, failure: (i) => (i < 10 ? FAILURE : undefined) },
    { name: "b", ratePerS: 20, durationS: 2, startAfterMs: 2000 },
    { name: "c", ratePerS: 1, durationS: 1, dropped: 1 },
  ]));
  const [times, rates] = overviewCharts(summary);
  assertEquals(times!.lines.map(({ label }) => label), ["a", "b"]);
  assertEquals(valuesOf(times, "b")?.slice(0, 2), [null, null]);
  assert(valuesOf(times, "b")!.slice(2, 4).every((value) => value !== null && value > 0));
  assertEquals(valuesOf(rates, "finished")?.slice(0, 4), [10, 10, 30, 30]);
  assertEquals(valuesOf(rates, "failed")?.slice(0, 4), [10, 0, 0, 0]);
});

Deno.test("overviewCharts() shows the eight slowest of many scenarios, and says so", () => {
  const made = Array.from({ length: 10 }, (_, i): MadeScenario => ({
    name: `s${i}`,
    durationS: 2,
    medianUs: 1000 * (i + 1),
  }));
  const [times] = overviewCharts(concluded(runOf(made)));
  assertEquals(times!.lines.length, 8);
  assert(times!.lines.every(({ label }) => !["s0", "s1"].includes(label)));
  assertStringIncludes(times!.note!, "of the 8 slowest");
});

Deno.test("intervalPicture() draws from -50 % to +50 %, and of error rates from -5 to +5 points", () => {
  const figure = (parts: Partial<ComparedFigure>): ComparedFigure => ({
    scenario: "a",
    step: null,
    measure: "p95",
    base: 1,
    next: 1,
    change: 0.1,
    low: -0.25,
    high: 0.8,
    verdict: "cannot_tell",
    ...parts,
  });
  const picture = (parts: Partial<ComparedFigure>): string =>
    intervalPicture(figure(parts), 0.1).text.replace(/\s+/g, " ");
  // 160 wide: nought at 80, ten percent are 16, what is beyond ends at the edge.
  const times = picture({});
  assertStringIncludes(times, '<rect class="allowed" x="64" width="32"');
  assertStringIncludes(times, '<line class="zero" x1="80" x2="80"');
  assertStringIncludes(times, '<line class="span" x1="40" x2="160"');
  assertStringIncludes(times, '<circle class="change" cx="96"');
  const errors = picture({ measure: "error_rate", low: -0.01, high: 0.025, change: 0.005 });
  assertStringIncludes(errors, '<rect class="allowed" x="72" width="16"');
  assertStringIncludes(errors, '<line class="span" x1="64" x2="120"');
  assertStringIncludes(errors, '<circle class="change" cx="88"');
  for (const none of ["low", "high", "change"]) assertEquals(picture({ [none]: null }), "");
});
