import { hasInventoryOwner, InventorySetup } from "../../src/engine/inventory.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import type { SetupState } from "../../src/metrics/run_state.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { type LabClient, withLab } from "../lab/harness.ts";
import { planOf } from "./plans.ts";

function planAt(baseUrl: string, flow = "create_certificate"): Plan {
  return planOf(`
name: test
target: { base_url: "${baseUrl}", token: ${DEFAULT_TOKEN}, tls: { insecure_skip_verify: true } }
scenarios:
  list: { flow: list_certificates, rate: 1/s, duration: 1s }
  made: { flow: ${flow}, rate: 1/s, duration: 1s }
`);
}

async function archived({ fetch }: LabClient): Promise<number> {
  const answer = await fetch("/api/v1/certificates?status=Archived&per_page=1");
  return (await answer.json()).total;
}

Deno.test("an inventory is made as the plan creates certificates, told of, and removed", async () => {
  await withLab({}, async (client) => {
    const told: SetupState[] = [];
    const never = new AbortController().signal;
    const setup = new InventorySetup({
      plan: planAt(client.lab.addresses.api),
      rows: 60,
      keep: false,
      interrupt: { soft: never, hard: never },
      onProgress: (state) => void told.push(state),
    });
    const made = await setup.make();
    assert(made.kind === "made");
    const { before, created } = made.inventory;
    assertEquals(before + created, 60);
    assertEquals(told.at(-1)?.scenario, "inventory");
    assertEquals([told.at(-1)?.done, told.at(-1)?.of], [created, created]);
    assertEquals(await setup.undo(), []);
    assertEquals(await archived(client), created);
  });
});

Deno.test("an interrupt ends the making, and what was made until then is removed", async () => {
  await withLab({}, async (client) => {
    const soft = new AbortController();
    const setup = new InventorySetup({
      plan: planAt(client.lab.addresses.api),
      rows: 100_000,
      keep: false,
      interrupt: { soft: soft.signal, hard: new AbortController().signal },
      onProgress: ({ kind, done }) => kind === "set-up" && done === 50 && soft.abort(),
    });
    assertEquals((await setup.make()).kind, "interrupted");
    assertEquals(await setup.undo(), []);
    // The lab's own rows are 32.
    const { total } = await (await client.fetch("/api/v1/certificates?per_page=1")).json();
    assertEquals(await archived(client), total - 32);
    assert(total < 1000, String(total));
  });
});

Deno.test("what went wrong is told with what was attempted", async () => {
  const never = new AbortController().signal;
  const interrupt = { soft: never, hard: never };
  const plan = planAt("http://127.0.0.1:1");
  const setup = new InventorySetup({ plan, rows: 10, keep: true, interrupt, onProgress: () => {} });
  const made = await setup.make();
  assert(made.kind === "failed");
  assertEquals(made.failure.class, "connect_refused");
  assertMatch(made.failure.message, /^Counting the certificates that there are: /);
});

Deno.test("only a scenario that creates certificates says whose they are", () => {
  assertEquals(hasInventoryOwner(planAt("http://127.0.0.1:1")), true);
  assertEquals(hasInventoryOwner(planAt("http://127.0.0.1:1", "list_certificates")), false);
});
