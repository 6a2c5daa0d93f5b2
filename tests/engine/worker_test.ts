import { timerClock } from "../../src/timer.ts";
import { LoadWorker } from "../../src/engine/worker.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals } from "../assert.ts";
import { issue } from "../http/certificates.ts";
import { closedPort, planOf } from "./plans.ts";

/** Twenty requests in a second. */
function twenty(port: number, warmup: string): Plan {
  return planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
warmup: ${warmup}
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 20/s, duration: 1s }
`);
}

function workerOf(plan: Plan): LoadWorker {
  return new LoadWorker({ plan, share: { index: 0, count: 1 }, clock: timerClock, runId: "test" });
}

/** How many requests had come before the clock was started, what was told of them, and what came and was recorded afterwards. */
async function countsOf(
  warmup: string,
): Promise<{ before: number; told: number; after: number; recorded: number }> {
  let requests = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    requests++;
    return new Response("ok");
  });
  const { port } = server.addr;
  const worker = workerOf(twenty(port, warmup));
  try {
    const [prepared] = await worker.prepare();
    const before = requests;
    const { scenarios } = await worker.run(timerClock.nowUs());
    const recorded = scenarios[0]?.recording.iterations.count ?? 0;
    return { before, told: prepared?.warmupRequests ?? 0, after: requests - before, recorded };
  } finally {
    await worker.close();
    await server.shutdown();
  }
}

Deno.test("a rehearsal sends the load's beginning before the clock starts, told and in no count", async () => {
  const with500ms = await countsOf("{requests: 1, rehearsal: 500ms}");
  const without = await countsOf("{requests: 1}");
  // Ten are due in half a second; a busy host may send fewer.
  assert(with500ms.before > without.before, JSON.stringify([with500ms, without]));
  for (const { before, told, after, recorded } of [with500ms, without]) {
    assertEquals([told, after, recorded], [before, 20, 20]);
  }
});

Deno.test("undici measures a scenario with all phases, over the connections that were warmed up", async () => {
  const certificate = await issue();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    cert: certificate.certPem,
    key: certificate.keyPem,
  }, () => new Response("ok"));
  const { port } = server.addr;
  const text = (url: string): string => `
target: { base_url: "https://localhost:${port}", tls: { insecure_skip_verify: true } }
warmup: { requests: 3 }
scenarios:
  kept: { flow: http_request, client: undici, with: { path: / }, rate: 20/s, duration: 500ms }
  fresh: { flow: tls_handshake, client: undici, with: { url: "${url}" }, rate: 20/s, duration: 500ms }
`;
  const worker = workerOf(planOf(text(`https://localhost:${port}/`)));
  try {
    await worker.prepare();
    const { scenarios } = await worker.run(timerClock.nowUs());
    const [kept, fresh] = scenarios.map(({ recording }) => recording);
    assertEquals([kept?.iterations.count, kept?.iterations.failed], [10, 0]);
    assertEquals(kept?.steps[0]?.newConnections, 0);
    assertEquals([fresh?.iterations.count, fresh?.iterations.failed], [10, 0]);
    const { dns, connect, tls_handshake: tls, ttfb } = fresh!.steps[0]!.durations;
    assertEquals([dns, connect, tls, ttfb].map((each) => each?.count), [10, 10, 10, 10]);
  } finally {
    await worker.close();
    await server.shutdown();
  }
});

Deno.test("without warm-up nothing is sent before the clock starts", async () => {
  assertEquals(await countsOf("off"), { before: 0, told: 0, after: 20, recorded: 20 });
});

Deno.test("what a rehearsal drops is in no count of the run", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return new Response("ok");
  });
  const text = `
target: { base_url: "http://127.0.0.1:${server.addr.port}" }
warmup: { requests: 1, rehearsal: 300ms }
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 100/s, duration: 1s, max_in_flight: 1 }
`;
  const worker = workerOf(planOf(text));
  try {
    await worker.prepare();
    assertEquals(worker.tick(), []);
    const { scenarios } = await worker.run(timerClock.nowUs());
    const { iterations, dropped } = scenarios[0]!.recording;
    assertEquals(iterations.count + dropped, 100);
    assertEquals(worker.tick(), []);
  } finally {
    await worker.close();
    await server.shutdown();
  }
});

Deno.test("a wait for one of few connections is in no service time, and the loop's lateness is sampled", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return new Response("ok");
  });
  const text = `
target: { base_url: "http://127.0.0.1:${server.addr.port}" }
warmup: off
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 20/s, duration: 1s, max_connections: 1 }
`;
  const worker = workerOf(planOf(text));
  try {
    await worker.prepare();
    const { scenarios, loopDelay, wallUs } = await worker.run(timerClock.nowUs());
    const { response_time: response, service_time: service } =
      scenarios[0]!.recording.iterations.durations;
    // Twenty in a row, 100 ms each: the last waits for almost a second.
    assert(Histogram.from(response!).maxUs > 700_000);
    assert(
      Histogram.from(service!).maxUs < Histogram.from(response!).maxUs / 2,
      `${Histogram.from(service!).maxUs}`,
    );
    // Every 10 ms, on a busy host less often.
    assert(loopDelay.count >= 5, `${loopDelay.count} samples in ${wallUs} us`);
  } finally {
    await worker.close();
    await server.shutdown();
  }
});

Deno.test("scenarios are prepared in the plan's order, each told before, and one that fails says so", async () => {
  const worker = workerOf(planOf(`
target: { base_url: "http://127.0.0.1:${closedPort()}" }
warmup: { requests: 2, rehearsal: 1s }
scenarios:
  first: { flow: http_request, with: { path: / }, users: 1, duration: 1s }
  second: { flow: acme_enroll, with: { directory: /directory }, rate: 1/s, duration: 1s }
`));
  const told: string[] = [];
  const [first, second, ...others] = await worker.prepare((name) => told.push(name));
  await worker.close();
  assertEquals([told, others], [["first", "second"], []]);
  assertEquals(first, { scenario: "first", warmupRequests: 2, connections: 0 });
  const { failure, ...nothing } = second!;
  assertEquals(nothing, { scenario: "second", warmupRequests: 0, connections: 0 });
  assertEquals(failure?.class, "connect_refused");
});

Deno.test("a worker tells its CPU and wall time, and its loop's worst delay", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    // One core for a tenth of a second, in this very thread.
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs);
    return new Response("ok");
  });
  const worker = workerOf(planOf(`
target: { base_url: "http://127.0.0.1:${server.addr.port}" }
warmup: off
scenarios: { one: { flow: http_request, with: { path: / }, rate: 4/s, duration: 1s } }
`));
  try {
    await worker.prepare();
    const beganUs = timerClock.nowUs();
    const { cpuUs, wallUs, maxLoopDelayUs, loopDelay } = await worker.run(timerClock.nowUs());
    const tookUs = timerClock.nowUs() - beganUs;
    assert(wallUs > 750_000 && wallUs <= tookUs, `${wallUs} of ${tookUs}`);
    assert(cpuUs > 0 && cpuUs <= wallUs * 1.1, `${cpuUs} of ${wallUs}`);
    // The watch sleeps for up to 10 ms of the hundred.
    assert(maxLoopDelayUs > 50_000 && maxLoopDelayUs < wallUs, `${maxLoopDelayUs}`);
    assertEquals(Histogram.from(loopDelay).maxUs, maxLoopDelayUs);
  } finally {
    await worker.close();
    await server.shutdown();
  }
});

for (const [word, counted] of [["stop", 1], ["kill", 0]] as const) {
  Deno.test(`${word} ends a worker's arrivals; what is in flight is ${counted ? "awaited" : "cut off"}`, async () => {
    const started = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
      started.resolve();
      await new Promise((resolve) => setTimeout(resolve, 700));
      return new Response("ok");
    });
    const worker = workerOf(planOf(`
target: { base_url: "http://127.0.0.1:${server.addr.port}" }
warmup: off
scenarios: { one: { flow: http_request, with: { path: / }, users: 1, duration: 60s } }
`));
    try {
      await worker.prepare();
      const running = worker.run(timerClock.nowUs());
      await started.promise;
      assertEquals(worker.tick().map(({ at, inFlight }) => [at, inFlight]), [[0, 1]]);
      worker[word]();
      const [scenario] = (await running).scenarios;
      const { count, interrupted } = scenario!.recording.iterations;
      assertEquals([count, interrupted], [counted, 1 - counted]);
    } finally {
      await worker.close();
      await server.shutdown();
    }
  });
}
