import { ScenarioRunner } from "../../src/engine/scenario_runner.ts";
import { warmUp } from "../../src/engine/warmup.ts";
import { createScope, type StepRecorder } from "../../src/engine/iteration.ts";
import type { ScenarioRecording } from "../../src/metrics/recording.ts";
import type { Flow } from "../../src/flows/flow.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { HttpClient } from "../../src/http/http.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { numbersBefore } from "../../src/plan/before_clock.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { WorkerShare } from "../../src/worker_share.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { VirtualClock } from "../virtual_clock.ts";
import { planOf } from "./plans.ts";

/** When the clock of the run starts. */
const START_US = 10_000_000;

interface Wanted {
  readonly load: string;
  readonly warmup?: string;
  readonly share?: WorkerShare;
  readonly method?: string;
  /** Of an answer, in two halves: the wait for a connection and the server. */
  readonly blockedUs?: number;
  readonly serviceUs?: number;
  readonly failure?: Failure;
  readonly prepare?: Flow["prepare"];
}

/** Numbers of what comes before the clock. */
const WARMUP = numbersBefore(START_US);

interface SetUp {
  readonly clock: VirtualClock;
  readonly runner: ScenarioRunner;
  readonly kill: AbortController;
  /** Of the iterations, as they were sent. */
  readonly ids: string[];
  readonly closed: () => number;
}

/** A scenario's runner on a virtual clock, with a server that is not there. */
function setUp(wanted: Wanted): SetUp {
  const { load, warmup = "off", share = { index: 0, count: 1 }, method = "GET", failure } = wanted;
  const { blockedUs = 0, serviceUs = 0, prepare } = wanted;
  const plan: Plan = planOf(`
target: { base_url: "http://127.0.0.1:1" }
warmup: ${warmup}
scenarios: { one: { flow: http_request, with: { path: /, method: ${method} }, ${load} } }
`);
  const clock = new VirtualClock(START_US);
  const kill = new AbortController();
  const ids: string[] = [];
  let closed = 0;
  const client: HttpClient = {
    send: async (request) => {
      const startedUs = clock.nowUs();
      await clock.sleepUntil(startedUs + blockedUs + serviceUs);
      const endedUs = clock.nowUs();
      const reused = ids.length > 1;
      const connected = reused ? {} : { connectUs: 1 };
      const given = failure === undefined ? {} : { failure, status: 0 };
      return exchangeOf({ request, startedUs, endedUs, blockedUs, reused, ...connected, ...given });
    },
    open: () => Promise.resolve(0),
    close: () => {},
  };
  const request = { method: "GET", url: new URL("http://127.0.0.1:1/"), headers: {} };
  const flow: Flow = {
    run: async (iteration) => {
      ids.push(`${iteration.id} ${iteration.index} ${iteration.user}`);
      return (await iteration.step("request", request, { status: [200] })).failure;
    },
    ...(prepare && { prepare }),
  };
  const runner = new ScenarioRunner({
    plan,
    scenario: plan.scenarios[0]!,
    at: 3,
    share,
    clock,
    runId: "run",
    made: undefined,
    signal: kill.signal,
  }, {
    flow,
    client,
    close: () => {
      closed++;
      return Promise.resolve();
    },
  });
  return { clock, runner, kill, ids, closed: () => closed };
}

interface Ran {
  readonly recording: ScenarioRecording;
  readonly endedUs: number;
  readonly at: number;
}

/** The whole load in a minute of the clock. */
async function ran({ clock, runner }: SetUp): Promise<Ran> {
  const load = runner.load(START_US);
  const running = load.run(new AbortController().signal);
  await clock.advance(60_000_000);
  await running;
  return load.result();
}

function maxUs(recording: ScenarioRecording, name: "response_time" | "service_time"): number {
  return Histogram.from(recording.iterations.durations[name]!).maxUs;
}

Deno.test("open model: response time from the planned instant, service time without the wait for a connection", async () => {
  const at = setUp({
    load: "rate: 10/s, duration: 500ms, start_after: 2s",
    blockedUs: 20_000,
    serviceUs: 130_000,
  });
  const { recording, endedUs, at: place } = await ran(at);
  assertEquals([recording.iterations.count, recording.steps[0]!.count, place], [5, 5, 3]);
  assertEquals(Math.round(maxUs(recording, "response_time") / 1_000), 150);
  assertEquals(Math.round(maxUs(recording, "service_time") / 1_000), 130);
  assertEquals(Math.round((endedUs - START_US) / 1_000), 2_550);
  // Seconds are those of the run, not of the scenario.
  assertEquals(recording.slices.scenario.map(({ second, count }) => [second, count]), [[2, 5]]);
  assertEquals(at.ids, [0, 1, 2, 3, 4].map((n) => `run-3-${n} ${n} undefined`));
});

Deno.test("open model: an arrival that could not be sent in time is late by that, not sooner", async () => {
  const at = setUp({ load: "rate: 10/s, duration: 1s", serviceUs: 10_000 });
  const load = at.runner.load(START_US);
  const running = load.run(new AbortController().signal);
  await at.clock.advance(350_000);
  at.clock.jump(400_000);
  await at.clock.advance(1_000_000);
  await running;
  const { recording } = load.result();
  // Due at 400 ms, sent at 750 ms.
  assertEquals(Math.round(maxUs(recording, "response_time") / 1_000), 360);
  assertEquals(Math.round(maxUs(recording, "service_time") / 1_000), 10);
});

Deno.test("a worker sends its share, with its part of max_in_flight, and the rest of it is dropped", async () => {
  const at = setUp({
    load: "rate: 100/s, duration: 100ms, max_in_flight: 5",
    share: { index: 1, count: 2 },
    serviceUs: 10_000_000,
  });
  const { recording } = await ran(at);
  assertEquals(at.ids, ["run-3-1 1 undefined", "run-3-3 3 undefined"]);
  assertEquals([recording.iterations.count, recording.dropped], [2, 3]);
  assertEquals(recording.slices.scenario[0]!.dropped, 3);
});

Deno.test("a tick tells what is in flight and the seconds that are over, each once", async () => {
  const { clock, runner } = setUp({ load: "rate: 10/s, duration: 2s", serviceUs: 150_000 });
  const load = runner.load(START_US);
  assertEquals(load.tick().inFlight, 0);
  const running = load.run(new AbortController().signal);
  await clock.advance(1_120_000);
  const { at, inFlight, slices } = load.tick();
  assertEquals([at, inFlight, slices.scenario.map(({ count }) => count)], [3, 2, [9]]);
  assertEquals(load.tick().slices.scenario, []);
  await clock.advance(2_000_000);
  await running;
  assertEquals(load.tick().inFlight, 0);
});

Deno.test("a stop ends new arrivals alone", async () => {
  const { clock, runner, ids } = setUp({ load: "rate: 10/s, duration: 2s", serviceUs: 250_000 });
  const load = runner.load(START_US);
  const stop = new AbortController();
  const running = load.run(stop.signal);
  await clock.advance(450_000);
  stop.abort();
  await clock.advance(1_000_000);
  await running;
  assertEquals([ids.length, load.result().recording.iterations.count], [5, 5]);
});

Deno.test("closed model: users are timed from their sends, and pauses after refusals are counted", async () => {
  const load = "users: 2, duration: 1s";
  const refused: Failure = { class: "connect_refused", message: "nobody" };
  const { recording } = await ran(setUp({ load, serviceUs: 1, failure: refused }));
  // 0, 100, 300 and 700 ms.
  const { count, failed } = recording.iterations;
  assertEquals([count, failed, recording.counters], [8, 8, { pauses_after_refusal: 8 }]);
  const answered: Failure = { class: "timeout", message: "late" };
  const slow = await ran(setUp({ load, serviceUs: 250_000, failure: answered }));
  assertEquals([slow.recording.iterations.count, slow.recording.counters], [8, {}]);
  assertEquals(Math.round(maxUs(slow.recording, "response_time") / 1_000), 250);
  const at = setUp({ load, serviceUs: 600_000 });
  await ran(at);
  assertEquals(at.ids, [
    "run-3-0 0 0",
    "run-3-1 1 1",
    "run-3-2 2 0",
    "run-3-3 3 1",
  ]);
});

Deno.test("open model: a refusal makes nobody pause", async () => {
  const failure: Failure = { class: "connect_refused", message: "nobody" };
  const { recording } = await ran(setUp({ load: "rate: 40/s, duration: 1s", failure }));
  assertEquals([recording.iterations.failed, recording.counters], [40, {}]);
});

Deno.test("a flow prepares for its worker's part of the iterations, rounded up, and its failure is made legible", async () => {
  const asked: number[] = [];
  const prepare = (iterations: number): Promise<Failure> => {
    asked.push(iterations);
    return Promise.resolve({ class: "client", message: "no\u001b[31m account" });
  };
  const share = { index: 1, count: 3 };
  const { runner } = setUp({ load: "rate: 10/s, duration: 1s", share, prepare });
  const failure = await runner.prepare();
  assertEquals([asked, failure?.class], [[4], "client"]);
  assertEquals(failure?.message.includes("\u001b"), false);
  const nothing = setUp({ load: "rate: 10/s, duration: 1s" });
  assertEquals(await nothing.runner.prepare(), undefined);
});

Deno.test("a rehearsal is the load's beginning under names of its own, and ends in time", async () => {
  const at = setUp({
    load: "rate: 10/s, duration: 10s",
    warmup: "{ requests: 1, rehearsal: 350ms }",
    share: { index: 0, count: 1 },
    serviceUs: 1_000,
  });
  const rehearsing = at.runner.rehearse();
  await at.clock.advance(1_000_000);
  assertEquals(await rehearsing, { requests: 4, connections: 1 });
  assertEquals(at.ids[3], `run-3-r0-3 ${WARMUP.rehearsal + 3} undefined`);
});

Deno.test("a rehearsal is no longer than the load, and none where the plan wants none", async () => {
  const short = setUp({
    load: "rate: 10/s, duration: 200ms",
    warmup: "{ requests: 1, rehearsal: 5s }",
    serviceUs: 1_000,
  });
  const rehearsing = short.runner.rehearse();
  await short.clock.advance(300_000);
  assertEquals((await rehearsing).requests, 2);
  const none = setUp({
    load: "rate: 10/s, duration: 1s",
    warmup: "{ requests: 1, rehearsal: 0s }",
  });
  assertEquals(await none.runner.rehearse(), { requests: 0, connections: 0 });
  assertEquals(none.ids, []);
});

Deno.test("what is not idempotent is neither warmed up nor rehearsed", async () => {
  const { runner, ids } = setUp({
    load: "users: 2, duration: 1s",
    warmup: "{ requests: 5, rehearsal: 1s }",
    method: "POST",
  });
  assertEquals(await runner.warmUp(), { requests: 0, connections: 0 });
  assertEquals(await runner.rehearse(), { requests: 0, connections: 0 });
  assertEquals(ids, []);
});

Deno.test("warm-up goes through the flow under names of its own, each once, and counts new connections that were made", async () => {
  const { runner, ids } = setUp({
    load: "users: 2, duration: 1s",
    warmup: "{ requests: 5, rehearsal: 0s }",
    share: { index: 1, count: 2 },
  });
  assertEquals(await runner.warmUp(), { requests: 5, connections: 1 });
  assertEquals(ids, [0, 1, 2, 3, 4].map((n) => `run-3-w1-${n} ${WARMUP.warmup(1) + n} undefined`));
  const failure: Failure = { class: "connect_refused", message: "nobody" };
  const away = setUp({
    load: "users: 1, duration: 1s",
    warmup: "{ requests: 3, rehearsal: 0s }",
    failure,
  });
  assertEquals(await away.runner.warmUp(), { requests: 3, connections: 0 });
});

Deno.test("what is not idempotent is warmed up as often as its scenario says, over all workers together", async () => {
  const warmedUp = async (requests: number, index: number): Promise<number> => {
    const { runner } = setUp({
      load: `users: 40, duration: 1s, warmup: { requests: ${requests}, rehearsal: 0s }`,
      method: "POST",
      share: { index, count: 2 },
    });
    return (await runner.warmUp()).requests;
  };
  assertEquals([await warmedUp(1, 0), await warmedUp(1, 1)], [1, 0]);
  assertEquals([await warmedUp(7, 0), await warmedUp(7, 1)], [4, 3]);
});

Deno.test("warm-up sends no more than its first request when the run is killed meanwhile", async () => {
  const at = setUp({ load: "users: 1, duration: 1s", warmup: "{ requests: 50, rehearsal: 0s }" });
  at.kill.abort();
  assertEquals((await at.runner.warmUp()).requests, 1);
});

Deno.test("a warm-up without requests sends none, and one whose flow sends nothing ends", async () => {
  const { scenarios: [scenario] } = planOf(`
target: { base_url: "http://127.0.0.1:1" }
scenarios: { one: { flow: http_request, with: { path: / }, users: 3, duration: 1s } }
`);
  let ran = 0;
  const flow: Flow = {
    run: () => {
      ran++;
      return Promise.resolve(undefined);
    },
  };
  const scopeOf = (recorder: StepRecorder) =>
    createScope({
      steps: ["request"],
      client: {} as HttpClient,
      recorder,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
      idPrefix: "w-",
      firstIndex: 0,
    });
  const share = { index: 0, count: 1 };
  const warmed = (requests: number) =>
    warmUp({
      scenario: { ...scenario!, warmup: { requests, durationMs: 60_000, rehearsalMs: 0 } },
      share,
      flow,
      scopeOf,
    });
  assertEquals([await warmed(0), ran], [{ requests: 0, connections: 0 }, 0]);
  // One, then three at a time.
  assertEquals([await warmed(5), ran], [{ requests: 0, connections: 0 }, 7]);
});

Deno.test("closing a runner closes its flow and its connections", async () => {
  const { runner, closed } = setUp({ load: "users: 2, duration: 1s" });
  await runner.close();
  assertEquals(closed(), 1);
});
