import { timerClock } from "../../src/timer.ts";
import { LoadShard } from "../../src/engine/shard.ts";
import { catalogue } from "../../src/flows/registry.ts";
import { loadPlan } from "../../src/plan/load.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals } from "../assert.ts";

/** Twenty requests in a second. */
function planOf(port: number, warmup: string): Plan {
  const text = `
target: { base_url: "http://127.0.0.1:${port}" }
warmup: ${warmup}
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 20/s, duration: 1s }
`;
  const loaded = loadPlan({
    text,
    source: "plan.yaml",
    env: {},
    catalogue,
    overrides: {},
    readFile: () => "",
  });
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.plan;
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
  const shard = new LoadShard({
    plan: planOf(port, warmup),
    shard: { index: 0, count: 1 },
    clock: timerClock,
    runId: "test",
  });
  try {
    const [prepared] = await shard.prepare();
    const before = requests;
    const { recordings } = await shard.run(timerClock.nowUs());
    const recorded = recordings[0]?.iterations.count ?? 0;
    return { before, told: prepared?.warmupRequests ?? 0, after: requests - before, recorded };
  } finally {
    await shard.close();
    await server.shutdown();
  }
}

Deno.test("a rehearsal sends the load's beginning before the clock starts, told and in no count", async () => {
  const with500ms = await countsOf("{requests: 1, rehearsal: 500ms}");
  const without = await countsOf("{requests: 1}");
  // Ten are due in half a second; a busy host may send fewer.
  assert(with500ms.before >= without.before + 3, JSON.stringify([with500ms, without]));
  for (const { before, told, after, recorded } of [with500ms, without]) {
    assertEquals([told, after, recorded], [before, 20, 20]);
  }
});

Deno.test("without warm-up nothing is sent before the clock starts", async () => {
  assertEquals(await countsOf("off"), { before: 0, told: 0, after: 20, recorded: 20 });
});
