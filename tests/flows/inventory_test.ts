import { assert, assertEquals, assertMatch } from "../assert.ts";
import { createCertificate } from "../../src/flows/create_certificate.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import {
  type InventoryOptions,
  inventoryPoints,
  makeInventory,
  type RowOptions,
} from "../../src/flows/inventory.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import type { Inventory } from "../../src/inventory.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import { certificateRequest, type LabClient, withLab } from "../lab/harness.ts";
import { type SetUp, setUp } from "./with_setup.ts";

async function made(
  { lab }: LabClient,
  options: InventoryOptions,
  token = DEFAULT_TOKEN,
): Promise<SetUp | Failure> {
  const definition = {
    ...createCertificate,
    setup: (context) => makeInventory(context, options),
  } as FlowDefinition<RowOptions>;
  const { api, caPem } = lab.addresses;
  const target = { baseUrl: api, token, tls: { insecureSkipVerify: false, caPem } };
  return await setUp(definition, {}, { scenario: "inventory", target });
}

async function withInventory(
  options: InventoryOptions,
  test: (up: SetUp, client: LabClient) => Promise<void>,
  lab: LabOptions = {},
): Promise<void> {
  await withLab(lab, async (client) => {
    const up = await made(client, options);
    if (isFailure(up)) throw new Error(up.message);
    try {
      await test(up, client);
    } finally {
      up.close();
    }
  });
}

async function total({ fetch }: LabClient, query = ""): Promise<number> {
  return (await (await fetch(`/api/v1/certificates?per_page=1${query}`)).json()).total;
}

Deno.test("what there is is counted, the rest created, and both ends are timed", async () => {
  await withLab({}, async (client) => {
    const { length } = await Promise.all(
      [1, 2, 3].map((n) => client.post("/api/v1/certificates", certificateRequest(`web-${n}`))),
    );
    const there = await total(client);
    assertEquals(length, 3);
    const up = await made(client, { rows: there + 40, keep: false });
    assert(!isFailure(up));
    const inventory = up.made as Inventory;
    assertEquals([inventory.rows, inventory.before, inventory.created], [there + 40, there, 40]);
    assertEquals(inventory.points.map(({ rows }) => rows), [there, there + 40]);
    const [first, last] = inventory.points;
    assertEquals([first!.createP50Ms, first!.createMaxMs], [null, null]);
    assert(first!.listP50Ms! > 0 && last!.createP50Ms! > 0);
    assert(last!.listMaxMs! >= last!.listP50Ms! && last!.createMaxMs! >= last!.createP50Ms!);
    assertEquals(await total(client), there + 40);
    assertEquals(up.progress.at(-1), "40/40 certificates created");
    up.close();
  });
});

Deno.test("all rows are removed again, and none of another's", async () => {
  await withInventory({ rows: 60, keep: false }, async (up, client) => {
    const { before, created } = up.made as Inventory;
    assertEquals(before + created, 60);
    assertEquals(up.undone, ["certificates run1-inventory-0.loadtest.example.com and on"]);
    assertEquals(await up.undo(), {});
    assertEquals(await total(client, "&status=Archived"), created);
  });
});

Deno.test("rows that are kept have nothing to undo, and a second time creates what is missing alone", async () => {
  await withInventory({ rows: 50, keep: true }, async (up, client) => {
    assertEquals(up.undone, []);
    const again = await made(client, { rows: 50, keep: true });
    assert(!isFailure(again));
    const { before, created, points } = again.made as Inventory;
    assertEquals([before, created, points.length], [50, 0, 1]);
    again.close();
  });
});

Deno.test("what a limiter refuses is asked again", async () => {
  const limits = [{ rate: { perS: 100, burst: 30 } }];
  await withInventory({ rows: 60, keep: true }, ({ made }, { lab }) => {
    const { before, created } = made as Inventory;
    assertEquals(before + created, 60);
    // A count, two looks of twenty lists, the rows, and what was refused.
    assert(lab.counts().api.requests > 1 + 40 + created, JSON.stringify(lab.counts()));
    return Promise.resolve();
  }, { capacity: { limits } });
});

Deno.test("a server that refuses the token is told with what was attempted", async () => {
  await withLab({}, async (client) => {
    const failure = await made(client, { rows: 10, keep: false }, "wrong");
    assert(isFailure(failure));
    assertEquals(failure.class, "status_4xx");
    assertMatch(failure.message, /^Counting the certificates that there are: .*401/);
  });
});

Deno.test("points are 1, 2 and 5 of each power of ten, and both ends", () => {
  assertEquals(inventoryPoints(0, 50_000), [0, 1000, 2000, 5000, 10_000, 20_000, 50_000]);
  assertEquals(inventoryPoints(1500, 2001), [1500, 2000, 2001]);
  assertEquals(inventoryPoints(40, 60), [40, 60]);
  assertEquals(inventoryPoints(60, 60), [60]);
  assertEquals(inventoryPoints(70, 60), [70]);
});
