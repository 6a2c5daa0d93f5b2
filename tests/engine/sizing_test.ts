import { connectionsNeeded, share, workerCount } from "../../src/engine/sizing.ts";
import type { Load, Plan, Scenario } from "../../src/plan/plan.ts";
import { assertEquals } from "../assert.ts";

function scenario(load: Load, steps = ["request"], maxConnections?: number): Scenario {
  return {
    name: "s",
    load,
    steps,
    ...(maxConnections && { maxConnections }),
  } as unknown as Scenario;
}

function open(rate: number): Load {
  return { model: "open", stages: [{ durationMs: 1_000, from: rate, to: rate }], maxInFlight: 100 };
}

function closed(users: number, thinkTimeMs: number): Load {
  return { model: "closed", stages: [{ durationMs: 1_000, from: users, to: users }], thinkTimeMs };
}

function plan(workers: Plan["workers"], ...scenarios: Scenario[]): Plan {
  return { workers, scenarios } as unknown as Plan;
}

Deno.test("the contract's load needs one thread, ten thousand requests per second two", () => {
  assertEquals(workerCount(plan("auto", scenario(open(50)), scenario(open(50))), 8), 1);
  assertEquals(workerCount(plan("auto", scenario(open(10_000))), 8), 2);
});

Deno.test("threads are never more than the cores, unless the plan says so", () => {
  assertEquals(workerCount(plan("auto", scenario(open(1_000_000))), 2), 2);
  assertEquals(workerCount(plan(5, scenario(open(1))), 2), 5);
});

Deno.test("every step of a flow is a request", () => {
  assertEquals(workerCount(plan("auto", scenario(open(6_000), ["a", "b", "c"])), 8), 3);
});

Deno.test("a closed model needs a connection for each of its users, shared out over the threads", () => {
  assertEquals(connectionsNeeded(scenario(closed(100, 1_000)), 2, 3), 50);
});

Deno.test("an open model needs the connections that are busy at once, twice over", () => {
  assertEquals(connectionsNeeded(scenario(open(1_000)), 1, 10), 21);
  assertEquals(connectionsNeeded(scenario(open(1_000), ["request"], 4), 1, 10), 4);
});

Deno.test("a share of a limit is never nothing", () => {
  assertEquals([share(10, 4), share(1, 4)], [2, 1]);
});
