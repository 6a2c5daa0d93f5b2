import { Collector } from "../../src/engine/collector.ts";
import type { ScenarioTick, Tick, WorkerResult } from "../../src/engine/messages.ts";
import type { Failure } from "../../src/http/failure.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { ScenarioRecorder } from "../../src/metrics/recorder.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { planOf } from "./plans.ts";

const PLAN = planOf(`
target: { base_url: "http://127.0.0.1:1" }
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 40/s, duration: 10s, start_after: 2s }
  two: { flow: http_request, with: { path: / }, users: 6, duration: 4s }
  enroll: { flow: acme_enroll, with: { directory: /directory }, rate: 1/s, duration: 1s }
`);

const LIMITED: Failure = {
  class: "rate_limited",
  message: 'expected 200, got 429: {"error":"Rate limit exceeded"}',
};

/** A recorder of a scenario that has seen `count` iterations of 5 ms end in each of the first two seconds. */
function recorderOf(at: number, count: number, failure?: Failure, step = 0): ScenarioRecorder {
  const { steps } = PLAN.scenarios[at]!;
  const recorder = new ScenarioRecorder({ steps, startUs: 0 });
  for (const startedUs of [100_000, 1_100_000]) {
    const endedUs = startedUs + 5_000;
    for (let n = 0; n < count; n++) {
      recorder.step(step, startedUs, exchangeOf({ startedUs, endedUs }), failure);
      recorder.iteration({ plannedUs: startedUs, startedUs, endedUs, failure });
    }
  }
  return recorder;
}

function tick(cpuShare: number, ...scenarios: ScenarioTick[]): Tick {
  return { kind: "tick", cpuShare, scenarios };
}

/** In a tick at 2.0 s. */
function ofScenario(at: number, inFlight: number, count: number, failure?: Failure): ScenarioTick {
  return { at, inFlight, slices: recorderOf(at, count, failure).takeSlices(2_000_000) };
}

function done(result: Partial<WorkerResult>): { kind: "done"; result: WorkerResult } {
  const loopDelay = new Histogram().toData();
  const whole = { scenarios: [], loopDelay, maxLoopDelayUs: 0, cpuUs: 0, wallUs: 0, ...result };
  return { kind: "done", result: whole };
}

Deno.test("a scenario waits for its start, runs, and is over after its end", () => {
  const collector = new Collector(PLAN, 1);
  const at = (elapsedMs: number): unknown[] =>
    collector.states(elapsedMs, false).slice(0, 2).map(({ state, targetRate, users }) => [
      state,
      targetRate ?? users,
    ]);
  assertEquals(at(0), [["waiting", 0], ["running", 6]]);
  assertEquals(at(1_999), [["waiting", 0], ["running", 6]]);
  assertEquals(at(2_000), [["running", 40], ["running", 6]]);
  assertEquals(at(4_000), [["running", 40], ["running", 0]]);
  assertEquals(at(4_001), [["running", 40], ["done", 0]]);
  assertEquals(at(11_999), [["running", 40], ["done", 0]]);
  assertEquals(at(12_001), [["done", 0], ["done", 0]]);
});

Deno.test("an open scenario has a rate and no users, a closed one users and no rate", () => {
  const [open, closed] = new Collector(PLAN, 1).states(3_000, false);
  assertEquals([open!.name, open!.targetRate, "users" in open!], ["one", 40, false]);
  assertEquals([closed!.name, closed!.users, "targetRate" in closed!], ["two", 6, false]);
});

Deno.test("what is in flight is that of all workers, scenario by scenario, and drains when no more comes", () => {
  const collector = new Collector(PLAN, 2);
  collector.add(0, tick(0.1, ofScenario(0, 2, 0), ofScenario(1, 3, 0)), 1);
  collector.add(1, tick(0.1, ofScenario(1, 1, 0)), 1);
  const at = (elapsedMs: number, stopping: boolean): unknown[] =>
    collector.states(elapsedMs, stopping).map(({ state, inFlight }) => [state, inFlight]);
  assertEquals(at(3_000, false), [["running", 2], ["running", 4], ["done", 0]]);
  assertEquals(at(5_000, false), [["running", 2], ["draining", 4], ["done", 0]]);
  assertEquals(at(3_000, true), [["draining", 2], ["draining", 4], ["done", 0]]);
  assertEquals(collector.states(3_000, true)[0]!.targetRate, 0);
  collector.add(1, done({}), 2);
  assertEquals(at(5_000, false)[1], ["draining", 3]);
});

Deno.test("progress is that of the slices that came, up to the last whole second but one", () => {
  const collector = new Collector(PLAN, 2);
  collector.add(0, tick(0, ofScenario(1, 0, 3)), 1);
  collector.add(1, tick(0, ofScenario(1, 0, 4)), 1);
  const progress = (elapsedMs: number): unknown => {
    const { count, history } = collector.states(elapsedMs, false)[1]!.progress;
    return [count, history.map((second) => second.count)];
  };
  assertEquals(progress(2_999), [14, [7]]);
  assertEquals(progress(3_000), [14, [7, 7]]);
});

Deno.test("totals are those of the workers' recordings, with the seconds that they had told before", () => {
  const collector = new Collector(PLAN, 2);
  for (const [worker, count] of [[0, 3], [1, 4]] as const) {
    const recorder = recorderOf(0, count);
    collector.add(worker, tick(0, { at: 0, inFlight: 1, slices: recorder.takeSlices(1e6) }), 1);
    const recording = recorder.finish();
    const endedUs = 1_000_000 * (3 - worker);
    collector.add(worker, done({ scenarios: [{ at: 0, recording, endedUs }] }), 2);
  }
  const [one, two] = collector.totals();
  assertEquals([one!.iterations.count, one!.steps[0]!.count, two!.iterations.count], [14, 14, 0]);
  assertEquals(one!.timeSeries.slices.map(({ count }) => count), [7, 7]);
  assertEquals(collector.scenarioEndedUs(), [3_000_000, 0, 0]);
});

Deno.test("for a lost worker stands what it had told, and no more", () => {
  const collector = new Collector(PLAN, 2);
  collector.add(0, tick(0, ofScenario(0, 5, 3), ofScenario(1, 5, 2)), 1);
  collector.add(1, tick(0, ofScenario(0, 5, 10)), 1);
  collector.addLost(0);
  const [one, two] = collector.totals();
  assertEquals([one!.iterations.count, two!.iterations.count], [6, 4]);
  assertEquals(one!.timeSeries.slices.map(({ count }) => count), [13, 13]);
});

Deno.test("a known cause is told once, whether a tick or a result brings it", () => {
  const ticked = new Collector(PLAN, 1);
  ticked.add(0, tick(0, ofScenario(1, 0, 2, LIMITED), ofScenario(0, 0, 1, LIMITED)), 1);
  assertEquals(ticked.causes.length, 1);
  assertStringIncludes(ticked.causes[0]!, "CERTCTL_RATE_LIMIT_ENABLED=false");
  const ended = new Collector(PLAN, 1);
  const recording = recorderOf(1, 2, LIMITED).finish();
  ended.add(0, done({ scenarios: [{ at: 1, recording, endedUs: 1 }] }), 1);
  assertEquals(ended.causes, ticked.causes);
  const fine = new Collector(PLAN, 1);
  fine.add(0, tick(0, ofScenario(1, 0, 2)), 1);
  assertEquals(fine.causes, []);
});

Deno.test("a cause is that of the scenario and the step in which it came", () => {
  const broken: Failure = { class: "status_5xx", message: "expected 200, got 500" };
  const finalize = PLAN.scenarios[2]!.steps.indexOf("finalize");
  for (const [step, causes] of [[finalize, 1], [finalize - 1, 0]] as const) {
    const ticked = new Collector(PLAN, 1);
    const slices = recorderOf(2, 1, broken, step).takeSlices(2_000_000);
    ticked.add(0, tick(0, { at: 2, inFlight: 0, slices }), 1);
    assertEquals(ticked.causes.length, causes);
    const ended = new Collector(PLAN, 1);
    const recording = recorderOf(2, 1, broken, step).finish();
    ended.add(0, done({ scenarios: [{ at: 2, recording, endedUs: 1 }] }), 1);
    assertEquals(ended.causes.length, causes);
  }
});

Deno.test("the CPU share is that of the busiest worker that still sends", () => {
  const collector = new Collector(PLAN, 3);
  assertEquals(collector.cpuShare, 0);
  collector.add(0, tick(0.9), 1);
  collector.add(1, tick(0.4), 1);
  assertEquals(collector.cpuShare, 0.9);
  collector.add(0, done({}), 2);
  assertEquals(collector.cpuShare, 0.4);
});

Deno.test("a worker's facts are its result's; without one the time to its last sign, and its last CPU share of that", () => {
  const collector = new Collector(PLAN, 4);
  const delays = new Histogram();
  delays.record(700);
  const loopDelay = delays.toData();
  const whole = done({ wallUs: 9_000, cpuUs: 800, loopDelay, maxLoopDelayUs: 700 });
  collector.add(0, tick(0.9), 1_000_000);
  collector.add(0, whole, 5_000_000);
  collector.add(1, tick(0.25), 3_000_000);
  collector.add(2, { kind: "preparing", scenario: "one" }, 900_000);
  const none = { cpuUs: 0, eventLoopDelay: undefined, maxEventLoopDelayUs: 0 };
  assertEquals(collector.workerFacts(1_000_000), [
    { index: 0, wallUs: 9_000, cpuUs: 800, eventLoopDelay: loopDelay, maxEventLoopDelayUs: 700 },
    { ...none, index: 1, wallUs: 2_000_000, cpuUs: 500_000 },
    { ...none, index: 2, wallUs: 0 },
    { ...none, index: 3, wallUs: 0 },
  ]);
});

Deno.test("it is known what each worker prepares and has prepared, and when it gave its last sign", () => {
  const collector = new Collector(PLAN, 2);
  assertEquals([collector.preparing(1), collector.signUs(1), collector.lastSignUs()], [
    "one",
    undefined,
    0,
  ]);
  collector.add(1, { kind: "preparing", scenario: "two" }, 70);
  assertEquals([collector.preparing(0), collector.preparing(1)], ["one", "two"]);
  const prepared = (scenario: string) => ({ scenario, warmupRequests: 1, connections: 1 });
  collector.add(1, { kind: "prepared", scenarios: [prepared("two")] }, 90);
  collector.add(0, { kind: "prepared", scenarios: [prepared("one"), prepared("two")] }, 80);
  assertEquals(collector.prepared.map(({ scenario }) => scenario), ["one", "two", "two"]);
  assertEquals([collector.signUs(0), collector.signUs(1), collector.lastSignUs()], [80, 90, 90]);
  assertThrows(() => collector.signUs(2), RangeError, "No worker 2 of 2");
});

Deno.test("of machines that share a run each shows what is due of its own part", () => {
  const dueOn = (index: number, count: number): (number | undefined)[] =>
    new Collector(PLAN, 1, { index, count }).states(2_500, false).slice(0, 2)
      .map(({ targetRate, users }) => targetRate ?? users);
  assertEquals(dueOn(0, 4), [10, 1.5]);
  // Six users are six machines' at most.
  assertEquals(dueOn(7, 8)[1], 0);
});
