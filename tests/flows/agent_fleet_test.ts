import { assert, assertEquals, assertMatch } from "@std/assert";
import { agentFleet } from "../../src/flows/agent_fleet.ts";
import { catalogue } from "../../src/flows/catalogue.ts";
import { isFailure } from "../../src/http/failure.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import { type LoadedPlan, loadPlan } from "../../src/plan/load_plan.ts";
import { plannedRequests } from "../../src/plan/planned.ts";
import { effectiveYaml } from "../../src/plan/effective.ts";
import { type LabClient, withLab } from "../lab/harness.ts";
import { type SetUp, setUp } from "./with_setup.ts";

async function withFleet(
  options: Record<string, unknown>,
  lab: LabOptions,
  test: (up: SetUp, client: LabClient) => Promise<void>,
): Promise<void> {
  await withLab(lab, async (client) => {
    const { api, caPem } = client.lab.addresses;
    const tls = { insecureSkipVerify: false, caPem };
    const up = await setUp(agentFleet, options, {
      target: { baseUrl: api, token: DEFAULT_TOKEN, tls },
    });
    if (isFailure(up)) throw new Error(up.message);
    try {
      await test(up, client);
    } finally {
      up.close();
    }
  });
}

interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly last_heartbeat_at: string;
}

async function agents({ fetch }: LabClient): Promise<AgentRow[]> {
  const { data } = await (await fetch("/api/v1/agents?per_page=500")).json();
  return (data as AgentRow[]).filter(({ name }) => name.startsWith("run1-"));
}

Deno.test("a fleet is registered before the clock, asks agent by agent over connections of their own, and is retired afterwards", async () => {
  await withFleet({ agents: 6 }, {}, async (up, client) => {
    assertEquals(up.progress.at(-1), "6/6 agents registered");
    assertEquals((await agents(client)).length, 6);
    const flow = await up.flow();
    // A round of heartbeats and two of looks for work.
    const iterations = Array.from({ length: 18 }, (_, n) => up.iteration(n));
    const began = new Date().toISOString();
    const before = client.lab.counts().api.connections;
    for (const each of iterations) assertEquals(await flow.run(each), undefined);
    const steps = iterations.flatMap((each) => each.stepNames());
    assertEquals(steps.filter((step) => step === "heartbeat").length, 6);
    assertEquals(steps.filter((step) => step === "work").length, 12);
    assert((await agents(client)).every((agent) => agent.last_heartbeat_at >= began));
    const opened = client.lab.counts().api.connections - before;
    assert(opened >= 6 && opened <= 8, `${opened} connections`);
    assertEquals(await up.undo(), {});
    assertEquals((await agents(client)).length, 0);
  });
});

Deno.test("a fleet may share its connections", async () => {
  await withFleet({ agents: 6, connections: "shared" }, {}, async (up, client) => {
    const flow = await up.flow();
    const before = client.lab.counts().api.connections;
    for (let n = 0; n < 18; n++) assertEquals(await flow.run(up.iteration(n)), undefined);
    assert(client.lab.counts().api.connections - before <= 2);
  });
});

Deno.test("certctl as shipped answers every look for work with 500, and that is what the fleet sees", async () => {
  await withFleet({ agents: 3 }, { asShipped: ["work_500"] }, async (up) => {
    const flow = await up.flow();
    const failures = [];
    for (let n = 0; n < 9; n++) failures.push(await flow.run(up.iteration(n)));
    const failed = failures.filter((failure) => failure?.class === "status_5xx");
    assertEquals(failed.length, 6);
  });
});

function load(...lines: string[]): LoadedPlan {
  const text = [
    "target: { base_url: https://localhost:8443 }",
    "scenarios:",
    "  fleet:",
    "    flow: agent_fleet",
    ...lines.map((line) => `    ${line}`),
  ].join("\n");
  const readFile = Deno.readTextFileSync;
  return loadPlan({ text, source: "plan.yaml", env: {}, catalogue, readFile });
}

function complaint(...lines: string[]): string {
  const loaded = load(...lines);
  if (loaded.ok) throw new Error("the plan is taken");
  return loaded.problems.map(({ message, hint }) => `${message}; ${hint}`).join("\n");
}

Deno.test("the rate follows from the agents and their periods: a plan states the duration alone", () => {
  const loaded = load("with: { agents: 5000 }", "duration: 2m");
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
  const [scenario] = loaded.plan.scenarios;
  assertEquals(scenario?.load, {
    model: "open",
    stages: [{ durationMs: 120_000, from: 250, to: 250 }],
    maxInFlight: 10_000,
    arrivals: "even",
    seed: 1,
    phase: 0,
  });
  assertEquals(scenario?.makes, "5000 agents");
  // A heartbeat or a look for work, and not both.
  assertEquals(plannedRequests(loaded.plan).total.requests, 30_000);
  // What `check` prints is a plan, with the rate in it.
  const text = effectiveYaml(loaded.plan, catalogue);
  assertMatch(text, /rate: 250\/s/);
  const again = loadPlan({
    text,
    source: "effective.yaml",
    env: {},
    catalogue,
    readFile: Deno.readTextFileSync,
  });
  if (!again.ok) throw new Error(again.problems[0]?.message);
  assertEquals(again.plan.scenarios[0]?.load, scenario?.load);
});

Deno.test("a load beside that is refused, and a rate that is another one", () => {
  assertMatch(
    complaint("with: { agents: 100 }", "rate: 20/s", "duration: 1m"),
    /they make 5\/s; leave `rate` out/,
  );
  assertMatch(
    complaint("users: 5", "duration: 1m"),
    /the flow's options make the rate: `users` has no place/,
  );
  assertMatch(
    complaint("stages: [{ rate: 5/s, duration: 1s }]"),
    /`stages` has no place beside them/,
  );
  assertMatch(complaint("with: { agents: 5 }"), /the scenario needs a `duration`; for example/);
});
