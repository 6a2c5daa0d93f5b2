import http from "node:http";
import type { AddressInfo } from "node:net";
import { nowUs, wallAheadUs } from "../../src/clock.ts";
import { type RunOptions, type RunOutcome, runPlan } from "../../src/engine/run.ts";
import { isBeforeTheClock } from "../../src/plan/before_clock.ts";
import { mostIterations } from "../../src/plan/planned.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf, withServer } from "./plans.ts";

type Told = Pick<RunOptions, "plan"> & Partial<RunOptions>;

function run(told: Told): Promise<RunOutcome> {
  const { signal } = new AbortController();
  return runPlan({
    version: "0",
    stack: { name: "none", description: "" },
    interrupt: { soft: signal, hard: signal },
    probe: false,
    onProgress: () => {},
    onNotUndone: () => {},
    onNote: () => {},
    ...told,
  });
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly atUs: number;
}

/** A server with an exact Date, which keeps a log. */
async function withLog(use: (port: number, log: Asked[]) => Promise<void>): Promise<void> {
  const log: Asked[] = [];
  const server = http.createServer((request, response) => {
    const { method = "", url: path = "", headers: { authorization } } = request;
    log.push({ method, path, authorization, atUs: nowUs() + AHEAD_US });
    response.sendDate = false;
    response.setHeader("date", new Date().toUTCString());
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as AddressInfo).port, log);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The machine's clock is set by nobody while these run. */
const AHEAD_US = wallAheadUs();

const SHARED = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}", token: t0ken }
workers: 2
warmup: off
scenarios:
  even: { flow: http_request, with: { path: "/even/{index}" }, rate: 40/s, duration: 2s }
  poisson: { flow: http_request, with: { path: "/poisson/{index}" }, rate: 30/s, duration: 2s, arrivals: poisson }
  ramp: { flow: http_request, with: { path: "/ramp/{index}" }, stages: [{ duration: 1s, rate: 30/s }, { duration: 1s, rate: 5/s }] }
  narrow: { flow: http_request, with: { path: "/narrow/{index}" }, rate: 10/s, duration: 2s, max_in_flight: 1 }
`;

function indexes(log: readonly Asked[], name: string): number[] {
  return log.filter(({ path }) => path.startsWith(`/${name}/`))
    .map(({ path }) => Number(path.split("/").at(-1))).toSorted((a, b) => a - b);
}

Deno.test("two shards begin at their instant and send each arrival once, and a clock that is wrong is read", async () => {
  await withLog(async (port, log) => {
    const plan = planOf(SHARED(port));
    const wrongUs = 250_000;
    const shardOf = (index: number, startAtUs: number, byUs: number): Promise<RunOutcome> =>
      run({
        plan,
        shard: { index, count: 2 },
        startAtUs,
        wallAheadUs: () => AHEAD_US + byUs,
      });
    let startAtUs = 0;
    let outcomes: RunOutcome[] = [];
    // A busy host is not ready so soon, and is given longer then.
    for (const leadS of [7, 20, 60]) {
      log.length = 0;
      startAtUs = Math.ceil((nowUs() + AHEAD_US) / 1e6 + leadS) * 1e6;
      outcomes = await Promise.all([shardOf(1, startAtUs, 0), shardOf(2, startAtUs, wrongUs)]);
      if (!outcomes.some(({ kind }) => kind === "late")) break;
    }
    for (const scenario of plan.scenarios) {
      const all = Array.from({ length: mostIterations(scenario)! }, (_, n) => n);
      assertEquals(indexes(log, scenario.name), all, scenario.name);
    }
    const names = plan.scenarios.map(({ name }) => name);
    const loaded = log.filter(({ path }) => names.includes(path.split("/")[1] ?? ""));
    // Nothing of it came before the instant, by the clock that was a quarter of a second too early.
    const firstUs = Math.min(...loaded.map(({ atUs }) => atUs));
    assert(firstUs >= startAtUs - wrongUs, `${(firstUs - startAtUs) / 1000} ms`);
    const evenFirst = loaded.find(({ path }) => path === "/even/0")!;
    assert(evenFirst.atUs >= startAtUs, `${(evenFirst.atUs - startAtUs) / 1000} ms`);
    // What asks for the time tells nobody's token.
    const heads = log.filter(({ method }) => method === "HEAD");
    assert(heads.length >= 20 && heads.every(({ authorization }) => authorization === undefined));
    for (const [at, outcome] of outcomes.entries()) {
      assert(outcome.kind === "ran", JSON.stringify(outcome));
      const { shards, started_at, phases } = summarize(outcome.run);
      // One at a time is the first machine's alone; the other's summary has the scenario all the same.
      const { offered, count } = phases["api"]!["narrow"]!;
      assertEquals([offered!.arrivals, count], at === 0 ? [20, 20] : [0, 0]);
      const [part] = shards!.parts;
      assertEquals(part!.started_at, shards!.start_at);
      assertEquals(Date.parse(started_at), startAtUs / 1000);
      for (const reading of [part!.clock.target.before, part!.clock.target.after]) {
        const { offset_ms, bound_ms } = reading!;
        const trueMs = at === 0 ? 0 : 250;
        assert(Math.abs(offset_ms - trueMs) <= bound_ms + 0.1, `${offset_ms} +- ${bound_ms}`);
      }
      assertEquals(part!.clock.target.note, null);
    }
  });
});

const SMALL = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}" }
workers: 1
warmup: off
scenarios: { one: { flow: http_request, with: { path: /one }, rate: 10/s, duration: 1s } }
`;

Deno.test("a shard whose instant goes by while it gets ready sends nothing of the load", async () => {
  const paths: string[] = [];
  await withServer(
    ({ url }) => (paths.push(new URL(url).pathname), new Response("ok")),
    async (port) => {
      const startAtUs = nowUs() + AHEAD_US + 20_000;
      const shard = { index: 1, count: 2 };
      const outcome = await run({ plan: planOf(SMALL(port)), shard, startAtUs });
      assert(outcome.kind === "late" && outcome.lateUs > 0, JSON.stringify(outcome));
      assertEquals(paths.filter((path) => path === "/one"), []);
    },
  );
});

Deno.test("an interrupt ends the wait, and nothing is sent", async () => {
  const paths: string[] = [];
  await withServer(
    ({ url }) => (paths.push(new URL(url).pathname), new Response("ok")),
    async (port) => {
      const soft = new AbortController();
      let leftMs = 0;
      const outcome = await run({
        plan: planOf(SMALL(port)),
        shard: { index: 1, count: 2 },
        startAtUs: nowUs() + AHEAD_US + 600e6,
        interrupt: { soft: soft.signal, hard: new AbortController().signal },
        onWaiting: (left) => {
          leftMs = left;
          soft.abort();
        },
      });
      assertEquals(outcome, { kind: "not_started" });
      assert(leftMs > 400_000 && leftMs <= 600_000, `${leftMs}`);
      assertEquals(paths.filter((path) => path === "/one"), []);
    },
  );
});

Deno.test("a shard whose instant is over when it begins asks nobody anything", async () => {
  let asked = 0;
  const answer = (): Response => {
    asked++;
    return new Response("ok");
  };
  await withServer(answer, async (port) => {
    const startAtUs = nowUs() + AHEAD_US - 1_000_000;
    const shard = { index: 1, count: 2 };
    const outcome = await run({ plan: planOf(SMALL(port)), shard, startAtUs, probe: true });
    assert(outcome.kind === "late" && outcome.lateUs >= 1_000_000, JSON.stringify(outcome));
    assertEquals(asked, 0);
  });
});

Deno.test("of a shard that was interrupted the clock is not asked for afterwards, and that is said", async () => {
  const methods: string[] = [];
  const answer = ({ method }: Request): Response => {
    methods.push(method);
    return new Response(method === "HEAD" ? null : "ok");
  };
  await withServer(answer, async (port) => {
    const soft = new AbortController();
    const outcome = await run({
      plan: planOf(SMALL(port).replace("duration: 1s", "duration: 60s")),
      shard: { index: 1, count: 2 },
      interrupt: { soft: soft.signal, hard: new AbortController().signal },
      onProgress: () => soft.abort(),
    });
    assert(outcome.kind === "ran");
    assertEquals(methods.includes("HEAD"), false);
    const note =
      "before the load: there was no time to read it; after the load: the run was interrupted";
    assertEquals(outcome.run.shard?.target.note, note);
    const { origin } = outcome.run.shard!.target;
    assertEquals(
      outcome.run.notes?.at(-1),
      `The clock of ${origin}, beside this machine's: ${note}`,
    );
  });
});

Deno.test("one machine of one asks nobody for the time, and starts when it is ready", async () => {
  let heads = 0;
  const answer = ({ method }: Request): Response => {
    if (method === "HEAD") heads++;
    return new Response(method === "HEAD" ? null : "ok");
  };
  await withServer(answer, async (port) => {
    const outcome = await run({ plan: planOf(SMALL(port)), shard: { index: 1, count: 1 } });
    assert(outcome.kind === "ran");
    const { shards, totals } = summarize(outcome.run);
    assertEquals([heads, totals.offered, shards?.count, shards?.start_at], [0, 10, 1, null]);
    const { before, after, note } = shards!.parts[0]!.clock.target;
    assertEquals([before, after, note], [null, null, null]);
  });
});

Deno.test("after a wait the load's beginning is rehearsed once more, right before the instant", async () => {
  await withLog(async (port, log) => {
    const metrics = `server_metrics: { url: "http://127.0.0.1:${port}/metrics" }`;
    const warmup = "warmup: { requests: 1, rehearsal: 300ms }";
    const text = SMALL(port).replace("warmup: off", `${metrics}\n${warmup}`)
      .replace("path: /one", 'path: "/one/{index}"');
    const startAtUs = nowUs() + AHEAD_US + 6e6;
    const outcome = await run({ plan: planOf(text), shard: { index: 1, count: 1 }, startAtUs });
    // A host that is so busy that it is not ready by then has not waited.
    if (outcome.kind === "late") return;
    assert(outcome.kind === "ran");
    const [before, load] = [true, false].map((isBefore) =>
      indexes(log, "one").filter((index) => isBeforeTheClock(index) === isBefore)
    );
    assertEquals(load, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // Numbers hold the time: those of the warm-up and of two rehearsals, seconds apart, are far apart.
    const began = before!.filter((index, n) => n === 0 || index - before![n - 1]! > 50_000);
    assertEquals(began.length, 3, `${before}`);
    assertEquals(outcome.run.scenarios[0]?.warmupRequests, before!.length);
    // At first, once more when the wait is nearly over, and after the load.
    assertEquals(log.filter(({ path }) => path === "/metrics").length, 3);
  });
});
