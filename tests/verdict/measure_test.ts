import { Histogram } from "../../src/metrics/histogram.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Measure } from "../../src/plan/threshold.ts";
import {
  type Measurable,
  measurable,
  measureName,
  measureOf,
  measureUnit,
} from "../../src/verdict/measure.ts";
import { assertEquals } from "../assert.ts";
import { runOf } from "../metrics/runs.ts";

const { a } = summarize(runOf([{ name: "a" }])).phases.api!;

/** 1 ms to 200 ms in steps of one, as lag. */
function series(): Measurable {
  const lag = new Histogram();
  for (let ms = 1; ms <= 200; ms++) lag.record(ms * 1000);
  return {
    ...measurable(a!),
    count: 200,
    failed: 30,
    rate_per_s: 12.5,
    histogramOf: (metric) => metric === "lag" ? lag : new Histogram(),
  };
}

const lag = (stat: "min" | "avg" | "max" | "percentile", percentile?: number): Measure => (
  { kind: "duration", metric: "lag", stat, ...(percentile === undefined ? {} : { percentile }) }
);

Deno.test("measureOf() is the statistic in milliseconds, with its samples", () => {
  const of = (measure: Measure): number =>
    Math.round(measureOf(series(), measure).value! * 10) / 10;
  assertEquals(of(lag("min")), 1);
  assertEquals(of(lag("avg")), 100.5);
  assertEquals(of(lag("max")), 200);
  assertEquals([50, 95, 99.5, 100].map((p) => of(lag("percentile", p))), [100, 190.1, 199, 200]);
  assertEquals(measureOf(series(), lag("max")).samples, 200);
});

Deno.test("measureOf() of what is counted is a share, a rate, a count; of nothing there is no value", () => {
  const kinds = ["error_rate", "rate", "count"] as const;
  const of = (one: Measurable): unknown[] => kinds.map((kind) => measureOf(one, { kind }));
  assertEquals(of(series()), [0.15, 12.5, 200].map((value) => ({ value, samples: 200 })));
  const nothing = { value: undefined, samples: 0 };
  assertEquals(of({ ...series(), count: 0, failed: 0 }), [nothing, nothing, nothing]);
  const empty = measurable({ ...a!, histograms: { ...a!.histograms, lag: null } });
  assertEquals(measureOf(empty, lag("max")), nothing);
});

Deno.test("measureName() is metric and statistic, or what is counted", () => {
  assertEquals(measureName(lag("percentile", 99.9)), "lag p99.9");
  assertEquals(measureName(lag("min")), "lag min");
  assertEquals(measureName({ kind: "error_rate" }), "error_rate");
});

Deno.test("measureUnit() is that of the measure", () => {
  const kinds = ["error_rate", "rate", "count"] as const;
  assertEquals(kinds.map((kind) => measureUnit({ kind })), ["ratio", "per_s", "count"]);
  assertEquals(measureUnit(lag("max")), "ms");
});
