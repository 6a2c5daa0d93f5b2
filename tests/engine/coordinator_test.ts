import { type LoadOutcome, runLoad } from "../../src/engine/coordinator.ts";
import type { ThreadLimits } from "../../src/engine/worker_pool.ts";
import type { RunState } from "../../src/metrics/run_state.ts";
import { sleep } from "../../src/timer.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { planOf } from "./plans.ts";

interface Wanted {
  readonly name?: string;
  readonly workers?: number;
  readonly load?: string;
  readonly gracefulStop?: string;
  readonly warmup?: string;
  readonly path?: string;
  readonly limits?: Partial<ThreadLimits>;
  /** Softly interrupted so long after the first second of load, and hard so long. */
  readonly interruptMs?: readonly [number, number?];
  readonly onState?: (state: RunState) => void;
}

const MISBEHAVING = new URL("./threads/misbehaving.ts", import.meta.url);

/** The load against a server that answers at once, or never at /never. */
async function load(wanted: Wanted): Promise<LoadOutcome> {
  const abandoned = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: abandoned.signal },
    ({ url }) => url.endsWith("/never") ? new Promise<Response>(() => {}) : new Response("ok"),
  );
  const plan = planOf(`
name: ${wanted.name ?? "fine"}
target: { base_url: "http://127.0.0.1:${server.addr.port}" }
workers: ${wanted.workers ?? 1}
warmup: ${wanted.warmup ?? "off"}
graceful_stop: ${wanted.gracefulStop ?? "1s"}
scenarios:
  one: { flow: http_request, with: { path: ${wanted.path ?? "/"} }, ${
    wanted.load ?? "rate: 40/s, duration: 4s"
  } }
`);
  const soft = new AbortController();
  const hard = new AbortController();
  const [softMs, hardMs] = wanted.interruptMs ?? [];
  const done = new AbortController();
  const abortAfter = (ms: number | undefined, which: AbortController): void => {
    if (ms === undefined) return;
    void sleep(ms, done.signal).then(() => done.signal.aborted || which.abort());
  };
  let seconds = 0;
  try {
    return await runLoad({
      plan,
      workers: wanted.workers ?? 1,
      runId: "test",
      interrupt: { soft: soft.signal, hard: hard.signal },
      onProgress: (state) => {
        wanted.onState?.(state);
        if (seconds++ > 0) return;
        abortAfter(softMs, soft);
        abortAfter(hardMs, hard);
      },
      ...(wanted.limits && { threadLimits: wanted.limits }),
    });
  } finally {
    done.abort();
    abandoned.abort();
    await server.finished.catch(() => {});
  }
}

function ran(outcome: LoadOutcome): LoadOutcome & { kind: "ran" } {
  assert(outcome.kind === "ran", JSON.stringify(outcome));
  return outcome;
}

Deno.test("a worker that is lost leaves the slices that it had told, and the reason", async () => {
  const silentS = 3;
  const beganMs = performance.now();
  const outcome = ran(
    await load({
      name: "loop",
      load: "rate: 40/s, duration: 30s",
      limits: { script: MISBEHAVING, silentS },
    }),
  );
  const [lost, ...others] = outcome.lost;
  assertEquals([lost?.worker, others.length, outcome.interrupted], [0, 0, false]);
  assertMatch(lost!.reason, /^gave no sign of life for 3 s: it hangs or loops$/);
  assert(lost!.atUs > outcome.startedUs && lost!.atUs <= outcome.endedUs, `${lost!.atUs}`);
  const [total] = outcome.totals;
  const told = total!.iterations.count;
  // Of 1200; the worker told 35 at least before it did what it did.
  assert(told >= 35 && told < 1000, `${told} iterations`);
  assertEquals(total!.steps[0]!.count, told);
  assertEquals(total!.timeSeries.slices.reduce((sum, { count }) => sum + count, 0), told);
  assertEquals(total!.iterations.durations.response_time?.count, told);
  assertEquals(outcome.workers.map(({ index }) => index), [0]);
  // Silence is no time in which load was sent; the watch looks once a second.
  const lastedS = (outcome.endedUs - outcome.startedUs) / 1e6;
  const tookS = (performance.now() - beganMs) / 1000;
  assert(lastedS < tookS - (silentS - 1), `${lastedS} s of ${tookS} s`);
  assert(outcome.loadEndUs <= outcome.endedUs);
});

Deno.test("when one of two workers is lost the other ends its load and is counted whole", async () => {
  const outcome = ran(
    await load({
      name: "throw",
      workers: 2,
      load: "rate: 40/s, duration: 30s",
      limits: { script: MISBEHAVING },
    }),
  );
  assertEquals(outcome.lost.map(({ worker }) => worker), [0]);
  const [total] = outcome.totals;
  const count = total!.iterations.count;
  // Statuses are told at a worker's end: these are the other one's alone. The lost one told 35 iterations at least.
  const answered = total!.steps[0]!.statuses["200"] ?? 0;
  assert(answered > 0 && count - answered >= 35, `${answered} answers of ${count}`);
  assert(count < 1000 && outcome.endedUs - outcome.startedUs < 25_000_000, "the load went on");
});

Deno.test("a worker that is lost before the clock starts means no load, and says which scenario", async () => {
  const outcome = await load({
    name: "throw-preparing",
    path: "/never",
    warmup: "{ requests: 1 }",
    limits: { script: MISBEHAVING },
  });
  assert(outcome.kind === "not_prepared", JSON.stringify(outcome));
  assertEquals([outcome.scenario, outcome.failure.class], ["one", "client"]);
  assertEquals(
    outcome.failure.message,
    "Worker 0 of the generator failed: thrown late while the scenario was prepared",
  );
});

Deno.test("a worker that does not end after the last word is given up, with its slices", async () => {
  const outcome = ran(
    await load({
      name: "loop",
      load: "rate: 40/s, duration: 60s",
      limits: { script: MISBEHAVING, silentS: 60, lastGraceMs: 500 },
      interruptMs: [1_900, 2_000],
    }),
  );
  assert(outcome.interrupted);
  assertMatch(outcome.lost[0]!.reason, /^did not end within 0.5 s of being told to$/);
  assert(outcome.totals[0]!.iterations.count >= 35);
});

Deno.test("without the wake-up thread the load ends at once, whole so far, and says so", async () => {
  const wakeupScript = new URL("./threads/dying_wakeup.ts", import.meta.url);
  const outcome = ran(
    await load({ load: "rate: 200/s, duration: 60s", limits: { wakeupScript } }),
  );
  const [lost, ...others] = outcome.lost;
  assertEquals([lost?.worker, others], [undefined, []]);
  assertMatch(lost!.reason, /^died: the wake-up thread is dead$/);
  // What the worker had recorded is all there, statuses included.
  const { steps: [step] } = outcome.totals[0]!;
  assert(step!.count >= 20 && step!.count < 10_000, `${step!.count} requests`);
  assertEquals(step!.statuses, { "200": step!.count });
});

Deno.test("a run whose duration and graceful_stop no timer holds sends until it is interrupted", async () => {
  const outcome = ran(
    await load({
      load: "rate: 40/s, duration: 30d",
      gracefulStop: "30d",
      interruptMs: [300],
    }),
  );
  const { count } = outcome.totals[0]!.iterations;
  assert(outcome.interrupted && count >= 30, `${count} iterations`);
  assertEquals(outcome.lost, []);
});

Deno.test("a graceful_stop that no timer holds still ends on the second signal", async () => {
  const outcome = ran(
    await load({
      load: "rate: 10/s, duration: 30d, timeout: 30d",
      path: "/never",
      gracefulStop: "30d",
      interruptMs: [10, 300],
    }),
  );
  const { count, interrupted } = outcome.totals[0]!.iterations;
  assert(interrupted >= 2 && count === 0, JSON.stringify({ count, interrupted }));
});

Deno.test("a limit of one connection on two workers is one: the other worker has no part in the scenario", async () => {
  const outcome = ran(
    await load({
      workers: 2,
      load: "rate: 20/s, duration: 1s, max_connections: 1",
    }),
  );
  const [total] = outcome.totals;
  assertEquals([total!.iterations.count, outcome.workers.length, outcome.lost], [20, 2, []]);
  assertEquals(total!.steps[0]!.newConnections, 1);
  assertEquals(outcome.prepared.length, 1);
});

Deno.test("how the run stands is told once a second and at its end, with what it took of this host", async () => {
  const states: RunState[] = [];
  const outcome = ran(
    await load({ load: "rate: 40/s, duration: 3s", onState: (state) => states.push(state) }),
  );
  const first = states[0]!;
  const last = states.at(-1)!;
  assertEquals([first.plan, first.plannedS, first.note], ["fine", 3, undefined]);
  assertMatch(first.target, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert(first.elapsedS > 0.8 && first.elapsedS < 30, `${first.elapsedS}`);
  if (first.elapsedS < 3) {
    assertEquals([first.scenarios[0]!.state, first.scenarios[0]!.targetRate], ["running", 40]);
  }
  assert(last.elapsedS >= 2.9 && last.elapsedS < 30, `${last.elapsedS}`);
  // A second that this thread had no turn in is told of with the next.
  assert(states.length >= 2 && states.length <= last.elapsedS + 2, `${states.length} states`);
  for (const { cpuShare } of states) {
    assert(cpuShare !== undefined && cpuShare >= 0 && cpuShare < 2, `${cpuShare}`);
  }
  const { startedUs, endedUs, loadEndUs, processCpuUs, hostCpuShare, maxRssBytes } = outcome;
  assertEquals([outcome.interrupted, outcome.causes, outcome.lost], [false, [], []]);
  assert(loadEndUs - startedUs <= 3_000_000 && loadEndUs <= endedUs && endedUs > startedUs + 2.9e6);
  assert(processCpuUs > 0 && processCpuUs < 100 * (endedUs - startedUs), `${processCpuUs}`);
  assert(hostCpuShare === undefined || (hostCpuShare > 0 && hostCpuShare <= 1), `${hostCpuShare}`);
  assert(maxRssBytes > 10_000_000, `${maxRssBytes}`);
  const [ended] = outcome.scenarioEndedUs;
  assert(ended! > startedUs + 2.9e6 && ended! <= endedUs + 1_000, `${ended! - startedUs}`);
  const [{ wallUs, cpuUs, stalls }] = outcome.workers as [typeof outcome.workers[number]];
  assert(cpuUs > 0 && cpuUs < wallUs * 1.1 && wallUs > 2.9e6, `${cpuUs} of ${wallUs}`);
  assert(stalls.every(({ atUs }) => atUs >= startedUs));
});

Deno.test(
  "a load leaves no timer behind, whether it ended by itself or was ended",
  { sanitizeOps: true, sanitizeResources: true },
  async () => {
    const gracefulStop = "1h";
    const whole = ran(await load({ load: "rate: 40/s, duration: 300ms", gracefulStop }));
    assertEquals(whole.totals[0]!.iterations.count, 12);
    const ended = await load({ load: "users: 1, duration: 1h", gracefulStop, interruptMs: [1] });
    assert(ran(ended).interrupted);
  },
);

Deno.test("a run that is being ended says so while the last are awaited", async () => {
  const notes: (string | undefined)[] = [];
  await load({
    load: "rate: 10/s, duration: 30s",
    path: "/never",
    interruptMs: [100],
    gracefulStop: "1500ms",
    onState: ({ note, scenarios }) =>
      notes.push(note && `${note}, ${scenarios[0]!.state}, ${scenarios[0]!.inFlight > 0}`),
  });
  assertEquals(notes[0], undefined);
  assert(notes.includes("ending: no new arrivals, draining, true"), notes.join("; "));
});
