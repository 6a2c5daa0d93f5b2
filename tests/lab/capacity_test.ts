import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { AGENT_ID } from "../../src/lab/api/seed.ts";
import { Capacity, type CapacityLimit } from "../../src/lab/capacity.ts";
import { randomOf } from "../../src/random.ts";
import { responseQuantile } from "../queueing.ts";
import { AcmeClient } from "./acme/client.ts";
import { VirtualClock } from "../virtual_clock.ts";
import { ask, certificateRequest, certificateSigningRequest, until, withLab } from "./harness.ts";

const REQUEST = { server: "api", method: "GET", path: "/health" } as const;

/** What each of so many arrivals, evenly spaced, is told: the wait in ms, or the status. */
async function evenly(limit: CapacityLimit, perS: number, count: number): Promise<number[]> {
  const clock = new VirtualClock();
  const capacity = new Capacity({ limits: [limit] }, clock);
  const told: number[] = [];
  for (let n = 0; n < count; n++) {
    const admission = capacity.admit(REQUEST)!;
    told.push("refused" in admission ? admission.refused : admission.doneMs - clock.nowUs() / 1000);
    await clock.advance(1_000_000 / perS);
  }
  return told;
}

Deno.test("a rate lets through what it says, and refuses the rest as certctl's limiter does", async () => {
  const told = await evenly({ rate: { perS: 137, burst: 2 } }, 1000, 10_000);
  assertAlmostEquals(told.filter((each) => each === 0).length, 1370, 2);
  assertEquals(new Set(told), new Set([0, 429]));
  assertEquals(new Set(await evenly({ rate: { perS: 137, burst: 2 } }, 136, 2000)), new Set([0]));
});

Deno.test("a rate that queues makes the rest wait for their turn, in order", async () => {
  const told = await evenly({ rate: { perS: 100, burst: 1, beyond: "queue" } }, 200, 401);
  // Each comes 5 ms after the one before, and has its turn 10 ms after it.
  told.forEach((waitMs, n) => assertAlmostEquals(waitMs, 5 * n, 1e-6));
});

Deno.test("on a clock, those who wait are let go at M/M/c's times", async () => {
  const clock = new VirtualClock();
  const station = { servers: 2, serviceMs: 10 };
  const capacity = new Capacity({ limits: [{ station }] }, clock);
  const random = randomOf(5);
  const tookMs: number[] = [];
  const call = async (): Promise<void> => {
    const startedUs = clock.nowUs();
    const admission = capacity.admit(REQUEST)!;
    assert("doneMs" in admission);
    await capacity.wait(admission.doneMs);
    tookMs.push((clock.nowUs() - startedUs) / 1000);
  };
  const calls: Promise<void>[] = [];
  for (let n = 0; n < 10_000; n++) {
    await clock.advance(-1e6 / 140 * Math.log(1 - random()));
    calls.push(call());
  }
  await clock.advance(60_000_000);
  await Promise.all(calls);
  const p95Ms = tookMs.sort((a, b) => a - b)[0.95 * tookMs.length]!;
  const expectedMs = responseQuantile({ servers: 2, arrivals: 0.14, serviceRate: 0.1 }, 0.95);
  assert(Math.abs(p95Ms / expectedMs - 1) < 0.05, `p95 ${p95Ms} ms, in theory ${expectedMs} ms`);
});

Deno.test("the first limit that matches a request holds it, and what none matches is free", () => {
  const capacity = new Capacity({
    limits: [
      {
        method: "POST",
        prefix: "/api",
        station: { servers: 1, serviceMs: 7, service: "constant" },
      },
      { server: "api", prefix: "/api", rate: { perS: 1, burst: 1 } },
    ],
  }, new VirtualClock());
  const admit = (method: string, path: string) => capacity.admit({ server: "api", method, path });
  assertEquals(admit("POST", "/api/v1/certificates"), { doneMs: 7 });
  assertEquals(admit("POST", "/api/v1/certificates"), { doneMs: 14 });
  assertEquals(admit("GET", "/api/v1/certificates"), { doneMs: 0 });
  assertEquals(admit("GET", "/api/v1/certificates"), { refused: 429 });
  assertEquals(admit("GET", "/health"), undefined);
});

Deno.test("a rate comes before a station", () => {
  const rate = { perS: 10, burst: 1, beyond: "queue" } as const;
  const station = { servers: 1, serviceMs: 30, service: "constant" } as const;
  const capacity = new Capacity({ limits: [{ rate, station }] }, new VirtualClock());
  const done = [1, 2, 3].map(() => capacity.admit(REQUEST));
  assertEquals(done, [{ doneMs: 30 }, { doneMs: 130 }, { doneMs: 230 }]);
});

Deno.test("over HTTP: the lab answers what its limit allows, 429 and 503 beyond", async () => {
  const limits: CapacityLimit[] = [
    { prefix: "/health", rate: { perS: 0.001, burst: 3 } },
    { prefix: "/ready", station: { servers: 1, serviceMs: 60_000, queue: 0, service: "constant" } },
  ];
  await withLab({ capacity: { limits } }, async (client) => {
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await ask(client, "GET /health")).status);
    assertEquals(statuses, [200, 200, 200, 429, 429]);
    const patience = new AbortController();
    // It or one of the questions below is the one that is served, for a minute.
    const first = client.fetch("/ready", { signal: patience.signal })
      .then((response) => response.body?.cancel(), () => {});
    await until("the queue is full", async () => {
      const response = await client.fetch("/ready", { signal: AbortSignal.timeout(1000) })
        .catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 503;
    });
    assertEquals((await ask(client, "GET /api/v1/version")).status, 200);
    patience.abort();
    await first;
  });
});

Deno.test("over HTTP: an answer takes its service time at least, one after the other", async () => {
  const station = { servers: 1, serviceMs: 25, service: "constant" } as const;
  await withLab({ capacity: { limits: [{ prefix: "/health", station }] } }, async (client) => {
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => ask(client, "GET /health")));
    const tookMs = performance.now() - startedMs;
    assert(tookMs >= 8 * 25 - 1, `8 answers of 25 ms each took ${tookMs} ms`);
  });
});

Deno.test("a slow signer signs for the API and ACME alike, one after the other, and its wait is in the server's metrics", async () => {
  const signer = { servers: 1, serviceMs: 40, service: "constant" } as const;
  await withLab({ capacity: { signer } }, async (client) => {
    const certificate = await ask(
      client,
      "POST /api/v1/certificates",
      certificateRequest("slow.test"),
    );
    const body = {
      csr_pem: await certificateSigningRequest("slow.test"),
      certificate_id: certificate.body.id,
    };
    const acme = await AcmeClient.register(client);
    const order = await acme.newOrder("a.test");
    const startedMs = performance.now();
    const issue = () => ask(client, `POST /api/v1/agents/${AGENT_ID}/csr`, body);
    const [finished, ...answers] = await Promise.all([
      acme.finish(order, ["a.test"]),
      issue(),
      issue(),
      issue(),
    ]);
    const tookMs = performance.now() - startedMs;
    assertEquals(finished.leaf.subject, "CN=a.test");
    assertEquals(answers.map(({ status }) => status), [202, 202, 202]);
    assert(tookMs >= 4 * 40 - 1, `4 signatures of 40 ms each took ${tookMs} ms`);
    const metrics = await (await client.fetch("/api/v1/metrics/prometheus")).text();
    const [, sumS] = /certctl_issuance_duration_seconds_sum\{[^}]*\} ([\d.]+)/.exec(metrics)!;
    assert(Number(sumS) >= 4 * 0.039, `issuance took ${sumS} s in all`);
  });
});

Deno.test("whom the signer's queue has no room for gets an error, and no certificate", async () => {
  const signer = { servers: 1, serviceMs: 60_000, service: "constant", queue: 0 } as const;
  await withLab({ capacity: { signer } }, async (client) => {
    const { body: certificate } = await ask(
      client,
      "POST /api/v1/certificates",
      certificateRequest("full.test"),
    );
    const body = {
      csr_pem: await certificateSigningRequest("full.test"),
      certificate_id: certificate.id,
    };
    const path = `/api/v1/agents/${AGENT_ID}/csr`;
    const patience = new AbortController();
    const request = (signal: AbortSignal) =>
      client.fetch(path, { method: "POST", body: JSON.stringify(body), signal });
    const first = request(patience.signal).then((response) => response.body?.cancel(), () => {});
    await until("the signer's queue is full", async () => {
      const response = await request(AbortSignal.timeout(1000)).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 500;
    });
    assertEquals(
      (await ask(client, `GET /api/v1/certificates/${certificate.id}/versions`)).body.data,
      null,
    );
    patience.abort();
    await first;
  });
});
