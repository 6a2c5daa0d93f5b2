import type { AcmeOptions } from "../../../src/lab/acme/options.ts";
import { assert, assertEquals } from "../../assert.ts";
import { VirtualClock } from "../../virtual_clock.ts";
import { type LabClient, withLab } from "../harness.ts";
import { AcmeClient, newKey, problemOf, type Reply } from "./client.ts";

const START_US = Date.UTC(2026, 0, 1) * 1000;
const SECOND_US = 1_000_000;

/** Limits on a clock that stands still until it is moved; what a test does not name is off. */
function withLimits(
  acme: AcmeOptions,
  test: (lab: LabClient, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const off = {
    ordersPerHour: 0,
    concurrentOrders: 0,
    keyChangesPerHour: 0,
    challengeRespondsPerHour: 0,
  };
  const clock = new VirtualClock(START_US);
  return withLab({ clock, acme: { ...off, ...acme } }, (lab) => test(lab, clock));
}

function requireLimited(reply: Reply, retryAfterSeconds: number): void {
  assertEquals(problemOf(reply), [429, "rateLimited"]);
  assertEquals(reply.headers.get("retry-after"), String(retryAfterSeconds));
  assert(reply.headers.has("replay-nonce"));
}

Deno.test("the limits are certctl's: 100 orders an hour, 5 open ones, 5 key changes, 60 responses", async () => {
  const { acmeSettings } = await import("../../../src/lab/acme/options.ts");
  const settings = acmeSettings();
  assertEquals([settings.ordersPerHour, settings.concurrentOrders], [100, 5]);
  assertEquals([settings.keyChangesPerHour, settings.challengeRespondsPerHour], [5, 60]);
});

Deno.test("an order beyond the hour's is 429, until the time that Retry-After says", async () => {
  await withLimits({ ordersPerHour: 60 }, async (lab, clock) => {
    const client = await AcmeClient.register(lab, "prof-test", "EdDSA");
    for (let order = 0; order < 60; order++) {
      assertEquals((await client.newOrder("a.test")).status, 201);
    }
    await clock.advance(15 * SECOND_US);
    requireLimited(await client.newOrder("a.test"), 45);
    await clock.advance(45 * SECOND_US);
    assertEquals((await client.newOrder("a.test")).status, 201);
    requireLimited(await client.newOrder("a.test"), 60);
    const other = await AcmeClient.register(lab, "prof-test", "EdDSA");
    assertEquals((await other.newOrder("a.test")).status, 201);
  });
});

Deno.test("a sixth open order is 429, and room is made by finishing one or by time", async () => {
  await withLimits({ concurrentOrders: 5, orderTtlMs: 600_000 }, async (lab, clock) => {
    const client = await AcmeClient.register(lab);
    const orders = [await client.newOrder("a.test")];
    await clock.advance(100 * SECOND_US);
    for (let order = 1; order < 5; order++) orders.push(await client.newOrder("a.test"));
    requireLimited(await client.newOrder("a.test"), 500);
    await client.finish(orders[4]!, ["a.test"]);
    assertEquals((await client.newOrder("a.test")).status, 201);
    requireLimited(await client.newOrder("a.test"), 500);
    await clock.advance(500 * SECOND_US);
    assertEquals((await client.newOrder("a.test")).status, 201);
    const other = await AcmeClient.register(lab);
    assertEquals((await other.newOrder("a.test")).status, 201);
  });
});

Deno.test("of many new orders at once no more than the limit are taken", async () => {
  await withLimits({ concurrentOrders: 5 }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, number) => client.newOrder(`${number}.test`)),
    );
    assertEquals(replies.filter(({ status }) => status === 201).length, 5);
    assertEquals(replies.filter(({ status }) => status === 429).length, 25);
  });
});

Deno.test("an order refused for open ones takes nothing from the hour's", async () => {
  await withLimits({ concurrentOrders: 1, ordersPerHour: 2 }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    for (let tries = 0; tries < 5; tries++) {
      assertEquals((await client.newOrder("a.test")).status, 429);
    }
    await client.finish(order, ["a.test"]);
    assertEquals((await client.newOrder("a.test")).status, 201);
  });
});

Deno.test("a sixth key change is 429, and orders are not touched by it", async () => {
  await withLimits({ keyChangesPerHour: 5, ordersPerHour: 100 }, async (lab) => {
    const client = await AcmeClient.register(lab);
    for (let change = 0; change < 5; change++) {
      assertEquals((await client.post("/key-change", {})).status, 400);
    }
    requireLimited(await client.post("/key-change", {}), 720);
    assertEquals((await client.newOrder("a.test")).status, 201);
    const other = new AcmeClient(lab, await newKey());
    await other.newAccount();
    assertEquals((await other.post("/key-change", {})).status, 400);
  });
});

Deno.test("a 61st response to a challenge is 429, and another challenge is not touched by it", async () => {
  await withLimits({ challengeRespondsPerHour: 60 }, async (lab) => {
    const client = await AcmeClient.register(lab, "prof-test", "EdDSA");
    const order = await client.newOrder("a.test", "b.test");
    const urls = await Promise.all(
      order.body.authorizations.map(async (url: string): Promise<string> =>
        (await client.post(url)).body.challenges[0].url
      ),
    );
    for (let response = 0; response < 60; response++) {
      assertEquals((await client.post(urls[0], {})).status, 200);
    }
    requireLimited(await client.post(urls[0], {}), 60);
    assertEquals((await client.post(urls[0])).status, 200, "reading is not responding");
    assertEquals((await client.post(urls[1], {})).status, 200);
  });
});

Deno.test("as shipped, 429 has no Retry-After", async () => {
  await withLimits({ concurrentOrders: 1, asShipped: true }, async (lab) => {
    const client = await AcmeClient.register(lab);
    await client.newOrder("a.test");
    const limited = await client.newOrder("a.test");
    assertEquals(problemOf(limited), [429, "rateLimited"]);
    assertEquals(limited.headers.has("retry-after"), false);
  });
});

Deno.test("what has expired is so at once, swept or not", async () => {
  await withLimits({ orderTtlMs: 60_000, gcIntervalMs: 0 }, async (lab, clock) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("a.test");
    const nonce = await client.nonce();
    await clock.advance(300 * SECOND_US);
    const late = await client.post(client.kid!, undefined, { nonce });
    assertEquals(problemOf(late), [400, "badNonce"]);
    assertEquals((await client.post(order.headers.get("location")!)).body.status, "invalid");
  });
});
