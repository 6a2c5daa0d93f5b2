import {
  connectionsNeeded,
  mostArrivals,
  requestsPerSecond,
  shareOfScenario,
  workerCount,
} from "../../src/engine/sizing.ts";
import type { LoadProfile, OpenProfile, Plan, Scenario } from "../../src/plan/plan.ts";
import fc from "fast-check";
import { arrivalSequence } from "../../src/plan/arrival_sequence.ts";
import { createArrivals } from "../../src/pacing/arrivals.ts";
import { partOf, type WorkerShare } from "../../src/worker_share.ts";
import { assert, assertEquals } from "../assert.ts";

const ALONE: WorkerShare = { index: 0, count: 1 };

function scenario(load: LoadProfile, steps = ["request"], maxConnections?: number): Scenario {
  return {
    name: "s",
    load,
    steps,
    ...(maxConnections && { maxConnections }),
  } as unknown as Scenario;
}

function open(rate: number): OpenProfile {
  return {
    model: "open",
    stages: [{ durationMs: 1_000, from: rate, to: rate }],
    maxInFlight: 100,
    arrivals: "even",
    seed: 1,
    phase: 0,
  };
}

function closed(users: number, thinkTimeMs: number): LoadProfile {
  return { model: "closed", stages: [{ durationMs: 1_000, from: users, to: users }], thinkTimeMs };
}

function plan(workers: Plan["workers"], ...scenarios: Scenario[]): Plan {
  return { workers, scenarios } as unknown as Plan;
}

Deno.test("the contract's load needs one worker, ten thousand requests per second two", () => {
  assertEquals(workerCount(plan("auto", scenario(open(50)), scenario(open(50))), 8), 1);
  assertEquals(workerCount(plan("auto", scenario(open(10_000))), 8), 2);
});

Deno.test("workers are never more than the cores, unless the plan says so", () => {
  assertEquals(workerCount(plan("auto", scenario(open(1_000_000))), 2), 2);
  assertEquals(workerCount(plan(5, scenario(open(1))), 2), 5);
});

Deno.test("every step of a flow is a request", () => {
  assertEquals(workerCount(plan("auto", scenario(open(6_000), ["a", "b", "c"])), 8), 3);
});

Deno.test("a closed model needs a connection for each of its users, shared out over the workers", () => {
  assertEquals(connectionsNeeded(scenario(closed(100, 1_000)), { index: 1, count: 2 }, 3), 50);
  assertEquals(connectionsNeeded(scenario(closed(5, 1_000)), { index: 1, count: 2 }, 3), 3);
});

Deno.test("an open model needs the connections that are busy at once, twice over", () => {
  assertEquals(connectionsNeeded(scenario(open(1_000)), ALONE, 10), 21);
  assertEquals(connectionsNeeded(scenario(open(1_000), ["request"], 4), ALONE, 10), 4);
});

Deno.test("Poisson arrivals need what their peaks ask for: more connections where few are busy, and a worker more near the limit", () => {
  const poisson = (rate: number): OpenProfile => ({ ...open(rate), arrivals: "poisson" });
  // One busy on average, and five at once now and then.
  assertEquals(connectionsNeeded(scenario(open(100)), ALONE, 10), 3);
  assertEquals(connectionsNeeded(scenario(poisson(100)), ALONE, 10), 6);
  assertEquals(connectionsNeeded(scenario(poisson(10_000)), ALONE, 10), 201);
  assertEquals(requestsPerSecond(scenario(poisson(10_000), ["a", "b"])), 20_800);
  assertEquals(workerCount(plan("auto", scenario(poisson(7_900))), 8), 2);
});

Deno.test("no second of ten thousand has more Poisson arrivals than are sized for", () => {
  const load: OpenProfile = {
    ...open(25),
    stages: [{ durationMs: 10_000_000, from: 25, to: 25 }],
    arrivals: "poisson",
  };
  const seconds = new Map<number, number>();
  const next = arrivalSequence({ name: "s", load });
  for (let at = next(); at !== undefined; at = next()) {
    const second = Math.floor(at / 1e6);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  const most = Math.max(...seconds.values());
  assert(most > 38 && most <= mostArrivals(load, 1) + 3, `${most} of ${mostArrivals(load, 1)}`);
});

const counts = fc.integer({ min: 1, max: 16 });

function sharesOf(limited: Scenario, count: number): (WorkerShare | undefined)[] {
  return Array.from({ length: count }, (_, index) => shareOfScenario(limited, { index, count }));
}

Deno.test("a limit is carried by no more workers than it has, each with a part of it, and all of it is in force", () => {
  fc.assert(fc.property(counts, counts, counts, (connections, inFlight, workers) => {
    const load: LoadProfile = { ...open(1_000), maxInFlight: inFlight };
    const carried = sharesOf(scenario(load, ["request"], connections), workers)
      .filter((share) => share !== undefined);
    assertEquals(carried.length, Math.min(workers, connections, inFlight));
    for (const limit of [connections, inFlight]) {
      const parts = carried.map((share) => partOf(limit, share));
      assertEquals(parts.reduce((sum, part) => sum + part, 0), limit);
      assert(Math.min(...parts) >= 1, `${parts}`);
    }
  }));
});

Deno.test("places are shared out like any limit: nobody carries a scenario without one", () => {
  const three = { ...scenario(open(100)), places: 3 };
  const carried = sharesOf(three, 5).filter((share) => share !== undefined);
  assertEquals(carried, [0, 1, 2].map((index) => ({ index, count: 3 })));
  assertEquals(sharesOf(three, 2).map((share) => share?.count), [2, 2]);
});

Deno.test("the workers that carry a scenario take each of its arrivals once, the others none", () => {
  const few = scenario({ ...open(100), maxInFlight: 3 });
  const taken = sharesOf(few, 4).flatMap((share) => share ? indexes(few, share) : []);
  assertEquals(taken.sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => n));
  assertEquals(sharesOf(few, 4)[3], undefined);
});

Deno.test("users are carried by no more workers than they are", () => {
  assertEquals(sharesOf(scenario(closed(2, 0)), 3), [
    { index: 0, count: 2 },
    { index: 1, count: 2 },
    undefined,
  ]);
});

function indexes({ load }: Scenario, share: WorkerShare): number[] {
  const arrivals = createArrivals({ name: "example", load }, share);
  const taken: number[] = [];
  while (arrivals.peekUs() !== undefined) taken.push(arrivals.take().index);
  return taken;
}

Deno.test("users ask as often as their think time lets them, and with 5 ms for each answer", () => {
  assertEquals(requestsPerSecond(scenario(closed(100, 500), ["a", "b"])), 400);
  assertEquals(requestsPerSecond(scenario(closed(100, 0), ["a", "b"])), 20_000);
  assertEquals(requestsPerSecond(scenario(closed(100, 5))), 20_000);
  assertEquals(requestsPerSecond(scenario(open(30), ["a", "b"])), 60);
});

Deno.test("a worker more is one for what eight thousand requests per second leave over", () => {
  const workers = (...rates: number[]): number =>
    workerCount(plan("auto", ...rates.map((rate) => scenario(open(rate)))), 8);
  assertEquals([workers(8_000), workers(8_001), workers(8_000, 8_000), workers(0.1)], [1, 2, 2, 1]);
});

Deno.test("connections before the clock starts: 256 of a scenario and worker at most, one at least", () => {
  assertEquals(connectionsNeeded(scenario(closed(10_000, 0)), ALONE, 1), 256);
  assertEquals(connectionsNeeded(scenario(open(1)), { index: 0, count: 4 }, 1), 1);
  const limited = scenario(open(1_000), ["request"], 5);
  assertEquals([0, 1].map((index) => connectionsNeeded(limited, { index, count: 2 }, 100)), [3, 2]);
});
