import { newRunId, type RunOutcome, runPlan } from "../../src/engine/run.ts";
import { sleep } from "../../src/timer.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

interface Wanted {
  readonly probe?: boolean;
  /** After the first second of load. */
  readonly interruptMs?: number;
}

function run(text: string, { probe = false, interruptMs }: Wanted = {}): Promise<RunOutcome> {
  const soft = new AbortController();
  let seconds = 0;
  return runPlan({
    plan: planOf(text),
    version: "0",
    stack: { name: "none", description: "" },
    interrupt: { soft: soft.signal, hard: new AbortController().signal },
    probe,
    onProgress: () => {
      if (seconds++ > 0 || interruptMs === undefined) return;
      void sleep(interruptMs).then(() => soft.abort());
    },
    onNotUndone: () => {},
    onNote: () => {},
  });
}

const plan = (port: number, load: string, more = ""): string => `
target: { base_url: "http://127.0.0.1:${port}" }
warmup: off
scenarios: { one: { flow: http_request, with: { path: / }, ${load}${more} } }
`;

Deno.test("a run that is interrupted has offered the arrivals that were due by then, not those of the plan", async () => {
  await withServer(() => new Response("ok"), async (port) => {
    const outcome = await run(plan(port, "rate: 100/s, duration: 60s"), { interruptMs: 500 });
    assert(outcome.kind === "ran");
    const [scenario] = outcome.run.scenarios;
    const lastedS = (scenario!.loadEndUs - scenario!.startUs) / 1e6;
    assert(lastedS > 1 && lastedS < 20, `${lastedS} s`);
    // 100 each second: what is due at the end itself may be on either side.
    assert(Math.abs(scenario!.offered! - lastedS * 100) <= 1, `${scenario!.offered}, ${lastedS} s`);
    assert(outcome.run.interrupted);
  });
});

Deno.test("a run that comes to its end has offered all arrivals of its plan", async () => {
  await withServer(() => new Response("ok"), async (port) => {
    const outcome = await run(plan(port, "rate: 30/s, duration: 1s"));
    assert(outcome.kind === "ran");
    const { offered, total } = outcome.run.scenarios[0]!;
    assertEquals([offered, total.iterations.count], [30, 30]);
  });
});

Deno.test("a limiter that the load meets and the probe does not is named in the run's notes", async () => {
  let requests = 0;
  const limited = (): Response =>
    requests++ < 5
      ? new Response("ok")
      : new Response('{"error":"Rate limit exceeded"}', { status: 429 });
  await withServer(limited, async (port) => {
    const outcome = await run(plan(port, "rate: 30/s, duration: 1s"), { probe: true });
    assert(outcome.kind === "ran");
    const notes = outcome.run.notes!.filter((note) => note.includes("429"));
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0]!, "CERTCTL_RATE_LIMIT_ENABLED=false");
  });
});

Deno.test("users of a server that is away pause, the open model does not", async () => {
  const port = closedPort();
  const closed = await run(plan(port, "users: 2, duration: 2s"));
  assert(closed.kind === "ran");
  const { total } = closed.run.scenarios[0]!;
  // 0, 100, 300, 700, 1500 ms: five each, and fewer where a refusal takes its time.
  const { count, failures } = total.iterations;
  assert(count >= 4 && count <= 10, `${count} iterations`);
  assertEquals(failures.map((each) => each.class), ["connect_refused"]);
  assertEquals(total.counters["pauses_after_refusal"], count);
  const open = await run(plan(port, "rate: 40/s, duration: 1s"));
  assert(open.kind === "ran");
  assertEquals(open.run.scenarios[0]!.total.iterations.count, 40);
  assertEquals(open.run.scenarios[0]!.total.counters, {});
});

Deno.test("a flow that cannot be prepared means that no load was sent, with or without a probe", async () => {
  const text = `
target: { base_url: "http://127.0.0.1:${closedPort()}" }
scenarios:
  enroll: { flow: acme_enroll, with: { directory: /directory }, rate: 1/s, duration: 1s }
`;
  for (const probe of [true, false]) {
    const outcome = await run(text, { probe });
    assert(outcome.kind === "not_ready", outcome.kind);
    assertEquals(outcome.probes.map(({ failure }) => failure?.class), ["connect_refused"]);
  }
});

Deno.test("a run's name has the second of its start in it, and is its own", () => {
  const fromS = Math.floor(Date.now() / 1000);
  const [one, other] = [newRunId(), newRunId()];
  const [, seconds] = /^lt([0-9a-z]{6})[0-9a-z]{1,4}$/.exec(one) ?? [];
  const startS = parseInt(seconds ?? "", 36);
  assert(startS >= fromS && startS <= Date.now() / 1000, one);
  assert(one !== other, one);
});

Deno.test("a run tells of each scenario its instants, its warm-up and its target, and the server's own figures", async () => {
  let answered = 0;
  const answer = ({ url }: Request): Response => {
    if (url.endsWith("/version")) return new Response('{"version":"7"}');
    if (!url.endsWith("/metrics")) return new Response("ok");
    answered++;
    return new Response(`# TYPE asked_total counter\nasked_total ${answered}\n`);
  };
  await withServer(answer, async (port) => {
    const outcome = await run(`
name: told
target: { base_url: "http://127.0.0.1:${port}" }
workers: 1
warmup: { requests: 2, rehearsal: 0s }
server_metrics: { url: "http://127.0.0.1:${port}/metrics" }
scenarios:
  users: { flow: http_request, with: { path: / }, users: 1, think_time: 100ms, duration: 1s }
  later:
    flow: http_request
    with: { path: / }
    rate: 20/s
    duration: 1s
    start_after: 500ms
    max_connections: 1
`);
    assert(outcome.kind === "ran", JSON.stringify(outcome));
    const { run: { scenarios: [users, later], startedUs, endedUs, ...told } } = outcome;
    assertEquals([told.version, told.plan.name, told.stack.name], ["0", "told", "none"]);
    assertEquals([told.interrupted, told.target], [false, { lab: false, version: "7" }]);
    assertEquals([users!.offered, later!.offered], [undefined, 20]);
    assertEquals([later!.warmupRequests, later!.openedConnections], [2, 1]);
    assertEquals(later!.startUs, startedUs + 500_000);
    // The run ends with the last answer, which may come before the last arrival's turn is over.
    const lastedUs = later!.loadEndUs - later!.startUs;
    assert(lastedUs > 900_000 && lastedUs <= 1_000_000, `${lastedUs}`);
    assertEquals([users!.startUs, users!.loadEndUs], [startedUs, startedUs + 1_000_000]);
    assert(later!.endUs >= later!.loadEndUs && later!.endUs <= endedUs + 1_000);
    assertEquals(answered, 2);
    assertEquals([told.serverMetrics?.problem, told.serverMetrics?.counters[0]?.delta], [null, 1]);
    assertEquals(told.workers.map(({ index }) => index), [0]);
  });
});

Deno.test("a token that a server says back under load is hidden before a worker tells of it", async () => {
  const token = "tok-4711-of-the-plan";
  const answer = ({ headers }: Request): Response =>
    new Response(`no: ${headers.get("x-key")} and ${btoa(token)}`, { status: 500 });
  await withServer(answer, async (port) => {
    const outcome = await run(`
target: { base_url: "http://127.0.0.1:${port}", token: ${token}, headers: { x-key: ${token} } }
warmup: off
scenarios: { one: { flow: http_request, with: { path: / }, rate: 20/s, duration: 300ms } }
`);
    assert(outcome.kind === "ran");
    const [failure] = outcome.run.scenarios[0]!.total.steps[0]!.failures;
    assertEquals(failure?.sample, "expected 200, got 500: no: *** and ***=");
  });
});

Deno.test("an interrupted probe starts nothing", async () => {
  const soft = AbortSignal.abort();
  const outcome = await runPlan({
    plan: planOf(plan(closedPort(), "rate: 1/s, duration: 1s")),
    version: "0",
    stack: { name: "none", description: "" },
    interrupt: { soft, hard: new AbortController().signal },
    probe: true,
    onProgress: () => {},
    onNotUndone: () => {},
    onNote: () => {},
  });
  assertEquals(outcome, { kind: "not_started" });
});

Deno.test("what is to be known of this host is told before anything is sent, a proxy that is not used for one", async () => {
  const before = Deno.env.get("HTTPS_PROXY");
  Deno.env.set("HTTPS_PROXY", "http://proxy.invalid:3128");
  const notes: string[] = [];
  const signal = AbortSignal.abort();
  try {
    const outcome = await runPlan({
      plan: planOf(`
target: { base_url: "https://server.invalid" }
scenarios:
  only: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`),
      version: "0",
      stack: { name: "none", description: "" },
      interrupt: { soft: signal, hard: signal },
      probe: false,
      onProgress: () => {},
      onNotUndone: () => {},
      onNote: (note) => void notes.push(note),
    });
    assertEquals(outcome.kind, "not_started");
  } finally {
    if (before === undefined) Deno.env.delete("HTTPS_PROXY");
    else Deno.env.set("HTTPS_PROXY", before);
  }
  assertEquals(notes.some((note) => note.includes("HTTPS_PROXY")), true, notes.join());
});
