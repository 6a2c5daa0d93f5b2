import { EMPTY_SERIES } from "../../src/metrics/merge.ts";
import { PartialRecording } from "../../src/metrics/partial.ts";
import { ScenarioRecorder } from "../../src/metrics/recorder.ts";
import { ScenarioTotals } from "../../src/metrics/totals.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "./exchanges.ts";

/** A recorder with `perSecond` requests in each of `seconds`, every fifth a failure. */
function recorded(seconds: number, perSecond: number): ScenarioRecorder {
  const recorder = new ScenarioRecorder({ steps: ["get"], startUs: 0 });
  for (let i = 0; i < seconds * perSecond; i++) {
    const startedUs = Math.floor((i * 1e6) / perSecond);
    const endedUs = startedUs + 1000 + i;
    const failure = i % 5 === 0 ? { class: "status_5xx" as const, message: "HTTP 503" } : undefined;
    recorder.step(0, startedUs, exchangeOf({ startedUs, endedUs }), failure);
    recorder.iteration({ plannedUs: startedUs, startedUs, endedUs, failure });
  }
  recorder.dropped(3, 0);
  return recorder;
}

Deno.test("the slices of a lost worker count as its recording would, in counts and response times", () => {
  const partial = new PartialRecording(1);
  const recorder = recorded(4, 20);
  partial.add(recorder.takeSlices(2_000_000));
  partial.add(recorder.takeSlices(10_000_000));
  const whole = recorder.finish();
  const { iterations, steps, dropped } = partial.recording();
  assertEquals([iterations.count, iterations.failed, dropped], [80, 16, 3]);
  assertEquals([steps[0]!.count, steps[0]!.failed], [80, 16]);
  assertEquals(iterations.durations.response_time, whole.iterations.durations.response_time);
  assertEquals(steps[0]!.durations.response_time, whole.steps[0]!.durations.response_time);
});

Deno.test("the slices of a lost worker are in the course once", () => {
  const totals = new ScenarioTotals(["get"]);
  const partial = new PartialRecording(1);
  const batch = recorded(2, 20).takeSlices(10_000_000);
  totals.addSlices(batch);
  partial.add(batch);
  totals.addRecording(partial.recording());
  const total = totals.total();
  assertEquals(total.timeSeries.slices.reduce((sum, { count }) => sum + count, 0), 40);
  assertEquals([total.iterations.count, totals.progress(3).count], [40, 40]);
});

Deno.test("a worker that was lost before its first slice has counted nothing, and has no response time", () => {
  const { iterations, steps, dropped } = new PartialRecording(2).recording();
  assertEquals([iterations, ...steps], [EMPTY_SERIES, EMPTY_SERIES, EMPTY_SERIES]);
  assertEquals(dropped, 0);
});
