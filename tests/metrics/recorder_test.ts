import fc from "fast-check";
import { assertEquals, assertThrows } from "../assert.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { ScenarioRecorder } from "../../src/metrics/recorder.ts";
import { type Failure, FAILURE_CLASSES, type FailureClass } from "../../src/http/failure.ts";
import { deploymentAt } from "./deployments.ts";
import { exchangeOf, peerOf } from "./exchanges.ts";

const START = 1_700_000_000_000_000;
const at = (seconds: number): number => START + seconds * 1_000_000;
const recorder = (steps = ["get"]): ScenarioRecorder =>
  new ScenarioRecorder({ steps, startUs: START });
const failure = (name: FailureClass, message = "why"): Failure => ({ class: name, message });

Deno.test("ScenarioRecorder times a response from the planned instant and the service from the send", () => {
  const r = recorder();
  r.step(
    0,
    at(1),
    exchangeOf({ startedUs: at(1) + 300, blockedUs: 200, ttfbUs: 900, endedUs: at(1) + 1500 }),
  );
  const { durations } = r.finish().steps[0]!;
  assertEquals(durations.response_time?.maxUs, 1500);
  assertEquals(durations.service_time?.maxUs, 1000);
  assertEquals(durations.lag?.maxUs, 300);
  assertEquals(durations.blocked?.maxUs, 200);
  assertEquals(durations.ttfb?.maxUs, 900);
});

Deno.test("ScenarioRecorder has no phases of a reused connection, and no wait where nothing waited", () => {
  const r = recorder();
  r.step(0, at(0), exchangeOf({ endedUs: at(0) }));
  const step = r.finish().steps[0]!;
  assertEquals(Object.keys(step.durations), ["response_time", "service_time", "lag"]);
  assertEquals([step.newConnections, step.reusedConnections], [0, 1]);
});

Deno.test("ScenarioRecorder keeps dns, connect and handshake of a new connection apart", () => {
  const r = recorder();
  r.step(
    0,
    at(0),
    exchangeOf({ reused: false, dnsUs: 10, connectUs: 20, tlsUs: 30, endedUs: at(1) }),
  );
  const step = r.finish().steps[0]!;
  assertEquals(step.durations.dns?.maxUs, 10);
  assertEquals(step.durations.connect?.maxUs, 20);
  assertEquals(step.durations.tls_handshake?.maxUs, 30);
  assertEquals([step.newConnections, step.reusedConnections], [1, 0]);
});

Deno.test("ScenarioRecorder counts exchanges by protocol, bytes both ways, and statuses up to 999", () => {
  const r = recorder();
  const sizes = { bytesReceived: 7, bytesSent: 3 };
  for (const protocol of ["h2", "http/1.1", "h2", "h2", undefined] as const) {
    r.step(0, at(0), exchangeOf({ ...sizes, protocol, status: protocol ? 999 : 0 }));
  }
  const step = r.finish().steps[0]!;
  assertEquals(step.protocols, { "http/1.1": 1, h2: 3 });
  assertEquals([step.bytesReceived, step.bytesSent, step.statuses], [35, 15, { 999: 4 }]);
});

Deno.test("ScenarioRecorder has a lag for the first step alone", () => {
  const r = recorder(["first", "second"]);
  r.step(0, at(0), exchangeOf({ startedUs: at(0) + 5, endedUs: at(0) + 9 }));
  r.step(1, at(0) + 9, exchangeOf({ startedUs: at(0) + 10, endedUs: at(0) + 20 }));
  const [first, second] = r.finish().steps;
  assertEquals(first?.durations.lag?.maxUs, 5);
  assertEquals(second?.durations.lag, undefined);
});

Deno.test("ScenarioRecorder keeps the time that was waited for a timeout among the response times", () => {
  const r = recorder();
  const ended = { status: 0, endedUs: at(30) };
  r.step(0, at(0), exchangeOf({ ...ended, failure: failure("timeout") }));
  r.step(0, at(0), exchangeOf({ ...ended, failure: failure("connect_timeout") }));
  const step = r.finish().steps[0]!;
  assertEquals([step.count, step.failed], [2, 2]);
  assertEquals(step.durations.response_time?.count, 2);
  assertEquals(step.durations.response_time?.maxUs, 30_000_000);
  assertEquals([step.durations.failed_time, step.statuses], [undefined, {}]);
});

Deno.test("ScenarioRecorder has the time of every other failure apart, so that quick refusals make no p50", () => {
  const quick = FAILURE_CLASSES.filter((name) =>
    !["timeout", "connect_timeout", "interrupted"].includes(name)
  );
  const r = recorder();
  for (const name of quick) {
    const exchange = exchangeOf({ endedUs: at(0) + 300, ttfbUs: 200 });
    r.step(0, at(0), exchange, failure(name));
    r.iteration({
      plannedUs: at(0),
      startedUs: at(0),
      endedUs: at(0) + 300,
      failure: failure(name),
    });
  }
  r.step(0, at(0), exchangeOf({ startedUs: at(0), endedUs: at(0) + 50_000, ttfbUs: 40_000 }));
  const { steps: [step], iterations, slices } = r.finish();
  const { response_time, service_time, failed_time, ttfb } = step!.durations;
  assertEquals([step!.failed, failed_time?.count, failed_time?.maxUs], [
    quick.length,
    quick.length,
    300,
  ]);
  assertEquals(
    [response_time, service_time, ttfb].map((data) => [data?.count, data?.minUs]),
    [[1, 50_000], [1, 50_000], [1, 40_000]],
  );
  assertEquals(slices.steps[0]!.map((slice) => slice.responseTime.minUs), [50_000]);
  assertEquals(iterations.durations.response_time, undefined);
  assertEquals(iterations.durations.failed_time?.count, quick.length);
});

Deno.test("ScenarioRecorder has each one that finished in exactly one of response_time and failed_time", () => {
  const anyEnd = fc.constantFrom(undefined, ...FAILURE_CLASSES);
  fc.assert(fc.property(fc.array(anyEnd, { maxLength: 40 }), (ends) => {
    const r = recorder();
    for (const name of ends) {
      r.step(0, at(0), exchangeOf({ endedUs: at(1) }), name && failure(name));
    }
    const { count, interrupted, durations } = r.finish().steps[0]!;
    const timed = [durations.response_time, durations.failed_time].map((data) => data?.count ?? 0);
    assertEquals(timed[0]! + timed[1]!, count);
    assertEquals(count + interrupted, ends.length);
  }));
});

Deno.test("ScenarioRecorder counts failures by class with the first and the newest message", () => {
  const r = recorder();
  for (const message of ["first", "second", "third"]) {
    r.step(0, at(0), exchangeOf({ status: 500 }), failure("status_5xx", message));
  }
  r.step(0, at(0), exchangeOf({ status: 429 }), failure("rate_limited", "slow down"));
  const step = r.finish().steps[0]!;
  assertEquals(step.failures, [
    { class: "status_5xx", count: 3, sample: "first", newest: "third" },
    { class: "rate_limited", count: 1, sample: "slow down", newest: "slow down" },
  ]);
  assertEquals(step.statuses, { 429: 1, 500: 3 });
});

Deno.test("ScenarioRecorder counts what was interrupted neither as finished nor as failed", () => {
  const r = recorder();
  r.step(0, at(0), exchangeOf({ status: 0, failure: failure("interrupted") }));
  r.iteration({
    plannedUs: at(0),
    startedUs: at(0),
    endedUs: at(1),
    failure: failure("interrupted"),
  });
  const { iterations, steps } = r.finish();
  assertEquals([steps[0]!.count, steps[0]!.failed, steps[0]!.interrupted], [0, 0, 1]);
  assertEquals([iterations.count, iterations.failed, iterations.interrupted], [0, 0, 1]);
});

Deno.test("ScenarioRecorder hands over each second once, when it is over", () => {
  const r = recorder();
  const finish = (second: number): void =>
    r.iteration({ plannedUs: at(second), startedUs: at(second), endedUs: at(second) + 1000 });
  finish(0.1);
  finish(0.2);
  assertEquals(r.takeSlices(at(0.9)).scenario, []);
  finish(1.5);
  const [first, ...others] = r.takeSlices(at(1.9)).scenario;
  assertEquals(others, []);
  assertEquals([first?.second, first?.count, first?.responseTime.count], [0, 2, 2]);
  r.dropped(4, at(3.5));
  const rest = r.finish().slices.scenario;
  assertEquals(rest.map((s) => [s.second, s.count, s.dropped]), [[1, 1, 0], [3, 0, 4]]);
});

Deno.test("ScenarioRecorder's slices add up to its whole", () => {
  const r = recorder();
  for (let i = 0; i < 500; i++) {
    const plannedUs = at(i / 50);
    const exchange = exchangeOf({ startedUs: plannedUs + i, endedUs: plannedUs + i * 40 });
    r.step(0, plannedUs, exchange, i % 7 === 0 ? failure("status_4xx") : undefined);
  }
  const { steps, slices } = r.finish();
  const sum = Histogram.from(...slices.steps[0]!.map((slice) => slice.responseTime)).toData();
  assertEquals(sum, steps[0]!.durations.response_time);
  assertEquals(slices.steps[0]!.reduce((n, slice) => n + slice.failed, 0), steps[0]!.failed);
});

Deno.test("ScenarioRecorder puts an end before the open second into the open one", () => {
  const r = recorder();
  r.step(0, at(5), exchangeOf({ endedUs: at(5.1) }));
  r.step(0, at(4), exchangeOf({ endedUs: at(4.9) }));
  assertEquals(r.finish().slices.steps[0]!.map((s) => [s.second, s.count]), [[5, 2]]);
});

Deno.test("ScenarioRecorder tells the first eight certificates and counts the others", () => {
  const r = recorder();
  for (let i = 0; i < 10; i++) {
    for (let n = 0; n <= i; n++) r.step(0, at(0), exchangeOf({ certificate: peerOf(`host${i}`) }));
  }
  const { peers, otherPeerExchanges } = r.finish();
  assertEquals(peers.map((tally) => tally.exchanges), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(otherPeerExchanges, 9 + 10);
});

Deno.test("ScenarioRecorder keeps what the first answer says of its server, at most 80 characters", () => {
  const r = recorder();
  const header = (value: string | undefined) => () => value;
  r.step(0, at(0), exchangeOf({ status: 0, header: header("none") }));
  r.step(0, at(0), exchangeOf({ header: header("x".repeat(1000)) }));
  r.step(0, at(0), exchangeOf({ header: header("other") }));
  assertEquals(r.finish().server, "x".repeat(80));
  const silent = recorder();
  silent.step(0, at(0), exchangeOf());
  assertEquals("server" in silent.finish(), false);
});

Deno.test("ScenarioRecorder bounds the names that a flow can make up", () => {
  const r = recorder();
  for (let i = 0; i < 1000; i++) {
    r.observe(`wait${i}`, i);
    r.count(`retries${i}`);
    r.gauge(`jobs${i}`, i, at(1));
  }
  r.count("retries0", 4);
  r.gauge("jobs0", 7, at(2.5));
  const { customMetrics: observed, counters, gauges } = r.finish();
  assertEquals(Object.keys(observed).length, 64);
  assertEquals(Object.keys(counters).length, 64);
  assertEquals(counters.retries0, 5);
  assertEquals(Object.keys(gauges).length, 64);
  assertEquals(gauges.jobs0, [
    { second: 1, max: 0, last: 0, lastUs: 1e6 },
    { second: 2, max: 7, last: 7, lastUs: 2.5e6 },
  ]);
});

Deno.test("ScenarioRecorder refuses a step that the scenario does not have", () => {
  assertThrows(() => recorder(["a"]).step(1, 0, exchangeOf()), RangeError, "No step has index 1");
});

Deno.test("a ScenarioRecording survives a structured clone", () => {
  const r = recorder();
  r.step(0, at(0), exchangeOf({ status: 500, certificate: peerOf("a") }), failure("status_5xx"));
  r.gauge("jobs", 1, at(1));
  r.deployment(deploymentAt(at(1)));
  const recording = r.finish();
  assertEquals(recording.deployments, {
    kept: [deploymentAt(1e6)],
    verdicts: { served: 1 },
  });
  assertEquals(structuredClone(recording), recording);
});

Deno.test("ScenarioRecorder has a slice for a second in which an arrival was but late, and none where nothing was", () => {
  const r = recorder();
  r.iteration({
    plannedUs: at(0),
    startedUs: at(0) + 90,
    endedUs: at(0) + 100,
    failure: failure("interrupted"),
  });
  const [late, ...others] = r.finish().slices.scenario;
  assertEquals([late?.second, late?.count, late?.maxLagUs, others], [0, 0, 90, []]);
  const silent = recorder();
  assertEquals(silent.takeSlices(at(5)), { scenario: [], steps: [[]] });
  assertEquals(silent.finish().slices, { scenario: [], steps: [[]] });
});

Deno.test("ScenarioRecorder's slices begin anew: nothing of the second before is in the next", () => {
  const r = recorder();
  const finish = (second: number, us: number, lagUs: number, name?: FailureClass): void => {
    const plannedUs = at(second);
    const ends = { startedUs: plannedUs + lagUs, endedUs: plannedUs + us };
    r.iteration({ plannedUs, ...ends, failure: name && failure(name) });
  };
  finish(0, 3000, 70, "timeout");
  r.dropped(2, at(0));
  finish(1, 500, 20);
  const [first, second] = r.finish().slices.scenario;
  assertEquals([first?.failed, first?.dropped, first?.maxLagUs], [1, 2, 70]);
  assertEquals([second?.failed, second?.dropped, second?.maxLagUs], [0, 0, 20]);
  assertEquals([first, second].map((slice) => slice?.responseTime.sumUs), [3000, 500]);
  assertEquals([first, second].map((slice) => slice?.newestFailure?.class), ["timeout", undefined]);
});

Deno.test("ScenarioRecorder has an iteration's waits for a connection in its response, not in its service", () => {
  const r = recorder();
  r.iteration({
    plannedUs: at(0),
    startedUs: at(0) + 300,
    endedUs: at(0) + 5000,
    blockedUs: 1200,
  });
  const { response_time, service_time, lag } = r.finish().iterations.durations;
  assertEquals([response_time?.maxUs, service_time?.maxUs, lag?.maxUs], [5000, 3500, 300]);
});
