import { openScenario, type ScenarioSetting } from "../../src/engine/scenario_flow.ts";
import { timerClock } from "../../src/timer.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { planOf } from "./plans.ts";

/** A server that answers every request, and counts the connections that are open. */
async function withConnections(
  use: (port: number, open: () => number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const answer = new TextEncoder().encode("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  const serve = async (connection: Deno.Conn): Promise<void> => {
    connections.add(connection);
    const bytes = new Uint8Array(4_096);
    while (await connection.read(bytes).catch(() => null) !== null) await connection.write(answer);
    connections.delete(connection);
    connection.close();
  };
  const accepting = (async () => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  try {
    await use(listener.addr.port, () => connections.size);
  } finally {
    for (const connection of connections) connection.close();
    listener.close();
    await accepting;
  }
}

function settingOf(port: number, flow: string): ScenarioSetting {
  const plan = planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios: { one: { ${flow}, rate: 1/s, duration: 1s } }
`);
  const { signal } = new AbortController();
  const share = { index: 0, count: 1 };
  const [scenario] = plan.scenarios;
  const setting = { plan, scenario: scenario!, share, clock: timerClock, signal };
  return { ...setting, runId: "test", made: undefined };
}

/** Resolves once it is so; a test's own time is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("connections of a scenario's load, and those of its preparation, are closed with it", async () => {
  await withConnections(async (port, open) => {
    const enroll = settingOf(port, "flow: acme_enroll, with: { directory: /directory }");
    const { flow, client, close } = await openScenario(enroll);
    assertEquals((await flow.prepare?.(1))?.class, "status_4xx");
    await until(() => open() === 1);
    const url = new URL(`http://127.0.0.1:${port}/`);
    const request = { method: "GET", url, headers: {} };
    assertEquals((await client.send(request, { timeoutMs: 10_000 })).status, 404);
    await until(() => open() === 2);
    await close();
    await until(() => open() === 0);
  });
});

Deno.test("a flow that cannot be made rejects, and leaves nothing open", async () => {
  const setting = settingOf(1, "flow: http_request, with: { path: / }");
  const thrower = (): never => {
    throw new Error("no such thing");
  };
  const faulty = new Proxy({}, { get: thrower, ownKeys: thrower });
  const scenario = { ...setting.scenario, with: faulty };
  const error = await assertRejects(() => openScenario({ ...setting, scenario }), Error);
  assert(error instanceof Error && error.message === "no such thing");
});
