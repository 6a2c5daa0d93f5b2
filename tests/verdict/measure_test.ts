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

const SHARE: Measure = { kind: "share", name: "reset_share", of: "reset", among: "kept" };

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

Deno.test("measureOf() of what a flow measures itself: a counter never counted is 0, of nothing there is no value", () => {
  const wait = { stats_ms: a!.response_time_ms!, histogram: a!.histograms.response_time! };
  const scenario = { ...a!, observed: { wait }, counters: { reset: 1, kept: 400, wrong: 3 } };
  const of = (measure: Measure, one = measurable(scenario)) => measureOf(one, measure);
  const max: Measure = { kind: "observed", name: "wait", stat: "max" };
  assertEquals(of(max), { value: wait.stats_ms.max, samples: wait.stats_ms.count });
  assertEquals(of({ ...max, name: "other" }), { value: undefined, samples: 0 });
  assertEquals(of({ kind: "counter", name: "wrong" }), { value: 3, samples: a!.count });
  assertEquals(of({ kind: "counter", name: "reverted" }), { value: 0, samples: a!.count });
  assertEquals(of(SHARE), { value: 0.0025, samples: 400 });
  assertEquals(of({ ...SHARE, of: "none" }), { value: 0, samples: 400 });
  assertEquals(of({ ...SHARE, among: "none" }), { value: undefined, samples: 0 });
  const idle = measurable({ ...scenario, count: 0, failed: 0, counters: { wrong: 2 } });
  assertEquals(of({ kind: "counter", name: "wrong" }, idle), { value: 2, samples: 0 });
  const lost = { ...scenario, observed: {}, counters: {}, count: 5, failed: 5 };
  const stuck: Measure = { kind: "counter", name: "jobs_stuck" };
  assertEquals(of(stuck, measurable(lost)), { value: undefined, samples: 5 });
  assertEquals(of(stuck, measurable({ ...lost, failed: 4 })).value, 0);
  assertEquals(of(stuck, measurable({ ...lost, counters: { polls: 1 } })).value, 0);
  const step = measurable(a!.steps.request!);
  assertEquals(of(max, step).value, undefined);
});

Deno.test("measureName() is metric and statistic, or what is counted", () => {
  assertEquals(measureName(lag("percentile", 99.9)), "lag p99.9");
  assertEquals(measureName(lag("min")), "lag min");
  assertEquals(measureName({ kind: "error_rate" }), "error_rate");
  const wait = { kind: "observed", name: "wait" } as const;
  assertEquals(measureName({ ...wait, stat: "percentile", percentile: 95 }), "wait p95");
  assertEquals(measureName({ ...wait, stat: "max" }), "wait max");
  assertEquals(measureName({ kind: "counter", name: "wrong" }), "wrong count");
  assertEquals(measureName(SHARE), "reset_share");
});

Deno.test("measureUnit() is that of the measure", () => {
  const kinds = ["error_rate", "rate", "count"] as const;
  assertEquals(kinds.map((kind) => measureUnit({ kind })), ["ratio", "per_s", "count"]);
  assertEquals(measureUnit(lag("max")), "ms");
  assertEquals(measureUnit({ kind: "observed", name: "wait", stat: "max" }), "ms");
  assertEquals(measureUnit({ kind: "counter", name: "wrong" }), "count");
  assertEquals(measureUnit(SHARE), "ratio");
});
