import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { ScenarioRecorder } from "../../src/metrics/recorder.ts";
import { addSlices, MAX_SLICES, SliceSeries } from "../../src/metrics/slices.ts";
import { ScenarioTotals } from "../../src/metrics/totals.ts";
import type { SeriesRecording, Slice } from "../../src/metrics/recording.ts";
import { exchangeOf, peerOf } from "./exchanges.ts";

const second = (n: number): number => n * 1_000_000;

function sliceOf(startS: number, count = 1, us = 1000): Slice {
  const responseTime = new Histogram();
  for (let i = 0; i < count; i++) responseTime.record(us);
  return {
    second: startS,
    count,
    failed: 0,
    dropped: 0,
    maxLagUs: startS,
    responseTime: responseTime.toData(),
  };
}

function interrupted(atUs: number): Parameters<ScenarioRecorder["iteration"]>[0] {
  const failure = { class: "interrupted", message: "" } as const;
  return { plannedUs: atUs, startedUs: atUs, endedUs: atUs, failure };
}

/** Arrivals shared out over recorders as workers do, everything else alike. */
function record(recorders: readonly ScenarioRecorder[], times: readonly number[]): void {
  times.forEach((us, i) => {
    const recorder = recorders[i % recorders.length]!;
    const [plannedUs, startedUs] = [second(i / 10), second(i / 10) + 7];
    const failure = i % 5 === 0 ? { class: "status_5xx", message: "no" } as const : undefined;
    const exchange = exchangeOf({
      startedUs,
      endedUs: startedUs + us,
      certificate: peerOf(`p${i % 3}`),
      protocol: i % 2 === 0 ? "h2" : "http/1.1",
      reused: i % 3 !== 0,
      connectUs: i % 3 === 0 ? 40 : undefined,
      bytesReceived: us,
      bytesSent: i,
    });
    recorder.step(0, plannedUs, exchange, failure);
    if (i % 11 === 0) recorder.dropped(2, plannedUs);
    recorder.iteration({ plannedUs, startedUs, endedUs: exchange.endedUs, failure });
    if (i % 13 === 0) recorder.iteration(interrupted(startedUs));
    recorder.observe("wait", us);
    recorder.count("tries");
  });
}

function totalsOf(workers: number, times: readonly number[]): ScenarioTotals {
  const recorders = Array.from(
    { length: workers },
    () => new ScenarioRecorder({ steps: ["get"], startUs: 0 }),
  );
  record(recorders, times);
  const totals = new ScenarioTotals(["get"]);
  for (const recorder of recorders) totals.addSlices(recorder.takeSlices(second(3)));
  for (const recorder of recorders) totals.addRecording(structuredClone(recorder.finish()));
  return totals;
}

/** All that is counted, without the samples of failures, which are those of any worker. */
function countsOf(series: SeriesRecording): unknown {
  const { durations: _d, failures, ...counts } = series;
  return { ...counts, failures: failures.map((tally) => [tally.class, tally.count]) };
}

Deno.test("ScenarioTotals of several workers are those of one, to the last count", () => {
  const times = fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, fc.integer({ min: 2, max: 4 }), (values, workers) => {
      const [one, many] = [totalsOf(1, values).total(), totalsOf(workers, values).total()];
      assertEquals(many.iterations.durations, one.iterations.durations);
      assertEquals(many.steps[0]!.durations, one.steps[0]!.durations);
      assertEquals(many.steps[0]!.statuses, one.steps[0]!.statuses);
      assertEquals(countsOf(many.iterations), countsOf(one.iterations));
      assertEquals(countsOf(many.steps[0]!), countsOf(one.steps[0]!));
      assertEquals([many.dropped, many.otherPeerExchanges], [one.dropped, one.otherPeerExchanges]);
      assertEquals(many.counters, one.counters);
      assertEquals(many.customMetrics, one.customMetrics);
      assertEquals(
        many.peers.map((p) => p.exchanges).toSorted(),
        one.peers.map((p) => p.exchanges).toSorted(),
      );
    }),
    { numRuns: 50 },
  );
});

Deno.test("ScenarioTotals' slices hold what the recordings hold", () => {
  const { iterations, timeSeries } = totalsOf(2, [1000, 2000, 900_000, 40, 40, 40]).total();
  const sum = Histogram.from(...timeSeries.slices.map((slice) => slice.responseTime)).toData();
  assertEquals(sum, iterations.durations.response_time);
});

Deno.test("ScenarioTotals.progress() gives the rate of the last whole seconds and p95 so far", () => {
  const totals = new ScenarioTotals(["get"]);
  for (let s = 0; s < 10; s++) {
    totals.addSlices({ scenario: [sliceOf(s, s < 5 ? 100 : 50)], steps: [] });
  }
  const progress = totals.progress(11);
  assertEquals([progress.count, progress.ratePerS, progress.p95Us], [750, 50, 1000]);
  assertEquals(progress.history.length, 10);
  assertEquals(progress.history.at(-1), { second: 9, count: 50, failed: 0, p95Us: 1000 });
});

Deno.test("ScenarioTotals.progress() counts a second without a finish as zero, once it has begun", () => {
  const totals = new ScenarioTotals(["get"]);
  totals.addSlices({ scenario: [sliceOf(10, 10)], steps: [] });
  assertEquals(totals.progress(12).ratePerS, 10);
  assertEquals(totals.progress(16).ratePerS, 2);
  assertEquals(totals.progress(100).ratePerS, 0);
  assertEquals(new ScenarioTotals([]).progress(0).ratePerS, 0);
});

Deno.test("ScenarioTotals.progress() does not look at a second that is still being handed over", () => {
  const totals = new ScenarioTotals(["get"]);
  for (let s = 0; s < 8; s++) totals.addSlices({ scenario: [sliceOf(s, 50)], steps: [] });
  assertEquals([8, 9].map((now) => totals.progress(now).ratePerS), [50, 50]);
});

Deno.test("ScenarioTotals.progress() tells the newest failure", () => {
  const recorder = new ScenarioRecorder({ steps: [], startUs: 0 });
  const iteration = { plannedUs: 0, startedUs: 0, endedUs: 5 };
  recorder.iteration({ ...iteration, failure: { class: "status_4xx", message: "old" } });
  recorder.iteration({ ...iteration, failure: { class: "timeout", message: "new" } });
  const totals = new ScenarioTotals([]);
  totals.addSlices(recorder.takeSlices(second(1)));
  totals.addSlices({ scenario: [sliceOf(1)], steps: [] });
  assertEquals(totals.progress(2).newestFailure?.message, "new");
});

Deno.test("SliceSeries adds the slices of several workers", () => {
  const series = new SliceSeries();
  for (const slice of [sliceOf(1, 2), sliceOf(0), sliceOf(1, 3)]) series.add(slice);
  assertEquals(series.timeSeries().slices.map((s) => [s.second, s.count]), [[0, 1], [1, 5]]);
});

Deno.test("SliceSeries never holds more than its bound, loses nothing, and doubles its width", () => {
  const seconds = fc.array(fc.nat(5000), { maxLength: 400 });
  fc.assert(fc.property(seconds, fc.integer({ min: 2, max: 20 }), (added, max) => {
    const series = new SliceSeries(max);
    for (const s of added) series.add(sliceOf(s));
    const { slices, widthS } = series.timeSeries();
    assert(slices.length <= max);
    assert(Number.isInteger(Math.log2(widthS)));
    assert(slices.every((slice) => slice.second % widthS === 0));
    assertEquals(slices.reduce((n, slice) => n + slice.responseTime.count, 0), added.length);
    const last = Math.max(0, ...added);
    assert(widthS === 1 || last >= (widthS / 2) * max);
    assert(last < widthS * max);
  }));
});

Deno.test("SliceSeries keeps ten minutes second by second", () => {
  const series = new SliceSeries();
  for (let s = 0; s < MAX_SLICES; s++) series.add(sliceOf(s));
  assertEquals(series.timeSeries().widthS, 1);
  series.add(sliceOf(MAX_SLICES));
  assertEquals(series.timeSeries().widthS, 2);
});

Deno.test("ScenarioTotals.progress() adds up what finished, failed and was dropped, and has the worst lag", () => {
  const totals = new ScenarioTotals(["get"]);
  assertEquals(totals.progress(5), {
    count: 0,
    failed: 0,
    dropped: 0,
    maxLagUs: 0,
    ratePerS: 0,
    p50Us: 0,
    p95Us: 0,
    p99Us: 0,
    newestFailure: undefined,
    history: [0, 1, 2, 3].map((s) => ({ second: s, count: 0, failed: 0, p95Us: 0 })),
  });
  const times = new Histogram();
  for (let us = 1; us <= 100; us++) times.record(us);
  const slice = { ...sliceOf(2, 100), responseTime: times.toData(), failed: 3, dropped: 2 };
  totals.addSlices({ scenario: [{ ...slice, maxLagUs: 70 }], steps: [] });
  totals.addSlices({ scenario: [{ ...slice, maxLagUs: 40 }], steps: [] });
  const { history, newestFailure: _, ...sums } = totals.progress(4);
  assertEquals(sums, {
    count: 200,
    failed: 6,
    dropped: 4,
    maxLagUs: 70,
    ratePerS: 200,
    p50Us: 50,
    p95Us: 95,
    p99Us: 99,
  });
  assertEquals(history.at(-1), { second: 2, count: 200, failed: 6, p95Us: 95 });
});

Deno.test("ScenarioTotals.progress() remembers one minute, and its rate five seconds", () => {
  const totals = new ScenarioTotals(["get"]);
  for (let s = 0; s < 100; s++) totals.addSlices({ scenario: [sliceOf(s, s)], steps: [] });
  const { history, ratePerS } = totals.progress(101);
  assertEquals([history.length, history[0]?.second, history[0]?.count], [60, 40, 40]);
  assertEquals(history.at(-1)?.second, 99);
  assertEquals(ratePerS, (95 + 96 + 97 + 98 + 99) / 5);
});

Deno.test("ScenarioTotals keep the slices of each step apart, of steps that there are", () => {
  const totals = new ScenarioTotals(["a", "b"]);
  totals.addSlices({
    scenario: [],
    steps: [[sliceOf(0, 3)], [sliceOf(0, 4), sliceOf(1, 5)], [sliceOf(0)]],
  });
  const { stepTimeSeries, timeSeries } = totals.total();
  assertEquals(stepTimeSeries.map(({ slices }) => slices.map(({ count }) => count)), [[3], [4, 5]]);
  assertEquals([timeSeries.slices, timeSeries.widthS], [[], 1]);
});

Deno.test("addSlices() starts where the first does, and has the newer failure, or the one that there is", () => {
  const of = (message?: string): Slice => ({
    ...sliceOf(3),
    ...(message !== undefined && { newestFailure: { class: "reset", message } }),
  });
  const newest = (a: Slice, b: Slice): string | undefined => addSlices(a, b).newestFailure?.message;
  assertEquals(
    [newest(of("a"), of("b")), newest(of("a"), of()), newest(of(), of("b")), newest(of(), of())],
    ["b", "a", "b", undefined],
  );
  assertEquals(addSlices(sliceOf(3, 1), sliceOf(2, 4)).second, 3);
});

Deno.test("addSlices() adds every count, and has the worse lag of the two", () => {
  const of = (n: number, maxLagUs: number): Slice => (
    { ...sliceOf(3, n), failed: 2 * n, dropped: 3 * n, maxLagUs }
  );
  for (const [x, y] of [[5, 9], [9, 5]] as const) {
    const { count, failed, dropped, maxLagUs, responseTime } = addSlices(of(3, x), of(4, y));
    assertEquals([count, failed, dropped, maxLagUs, responseTime.count], [7, 14, 21, 9, 7]);
  }
});
