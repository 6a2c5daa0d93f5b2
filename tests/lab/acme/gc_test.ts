import {
  acmeSweeps,
  GarbageCollector,
  type GarbageCollectorOptions,
  GC_RUN_FAILURES,
  GC_RUNS,
  type Sweep,
} from "../../../src/lab/acme/gc.ts";
import { createAcmeSchema } from "../../../src/lab/acme/schema.ts";
import { Metrics } from "../../../src/lab/api/metrics.ts";
import { createApiSchema } from "../../../src/lab/api/schema.ts";
import { Store } from "../../../src/lab/store.ts";
import { assertEquals, assertMatch } from "../../assert.ts";
import { VirtualClock } from "../../virtual_clock.ts";
import { withLab } from "../harness.ts";
import { AcmeClient } from "./client.ts";

const MINUTE_US = 60_000_000;

function collectorOf(
  sweeps: readonly Sweep[],
  options: Partial<GarbageCollectorOptions> = {},
): { collector: GarbageCollector; metrics: Metrics; clock: VirtualClock; lines: string[] } {
  const metrics = new Metrics();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const given = { sweeps, metrics, clock, intervalMs: 60_000, log, ...options };
  return { collector: new GarbageCollector(given), metrics, clock, lines };
}

Deno.test("the collector runs once an interval, and not before the first", async () => {
  const { collector, metrics, clock } = collectorOf([{ counter: "swept", run: () => 3 }]);
  collector.start();
  await clock.advance(MINUTE_US - 1);
  assertEquals(metrics.get(GC_RUNS), 0);
  await clock.advance(3 * MINUTE_US + 1);
  assertEquals([metrics.get(GC_RUNS), metrics.get("swept")], [4, 12]);
  await collector.stop();
});

Deno.test("a collector with an interval of zero never runs, and its counters are there at zero", async () => {
  const sweeps = [{ counter: "swept", run: () => 1 }];
  const { collector, metrics, clock } = collectorOf(sweeps, { intervalMs: 0 });
  collector.start();
  await clock.advance(10 * MINUTE_US);
  assertEquals(metrics.get(GC_RUNS), 0);
  await collector.stop();
  const store = new Store();
  createApiSchema(store);
  const text = metrics.prometheus(store);
  store.close();
  for (const counter of [GC_RUNS, GC_RUN_FAILURES, "swept"]) {
    assertMatch(text, new RegExp(`^certctl_${counter}_total 0$`, "m"));
  }
});

Deno.test("a sweep that fails is counted and logged, and the others run", async () => {
  const { collector, metrics, clock, lines } = collectorOf([
    { counter: "first", run: () => 1 },
    {
      counter: "second",
      run: () => {
        throw new Error("disk is full");
      },
    },
    { counter: "third", run: () => 2 },
  ]);
  collector.start();
  await clock.advance(MINUTE_US);
  await collector.stop();
  assertEquals([metrics.get("first"), metrics.get("second"), metrics.get("third")], [1, 0, 2]);
  assertEquals([metrics.get(GC_RUNS), metrics.get(GC_RUN_FAILURES)], [1, 1]);
  assertEquals(lines, ["second: disk is full"]);
});

Deno.test("no sweep begins once the collector has stopped", async () => {
  const { collector, metrics, clock } = collectorOf([{ counter: "swept", run: () => 7 }]);
  collector.start();
  await clock.advance(MINUTE_US);
  await collector.stop();
  await clock.advance(10 * MINUTE_US);
  assertEquals([metrics.get("swept"), metrics.get(GC_RUNS)], [7, 1]);
});

Deno.test("what has expired is swept, what has not and what has ended stays", () => {
  const store = new Store();
  createAcmeSchema(store);
  store.execute(`
    INSERT INTO acme_nonces VALUES ('old', 10), ('new', 11);
    INSERT INTO acme_accounts VALUES ('a', 'p', 't', '{}', 'valid', '[]');
    INSERT INTO acme_orders (id, account_id, profile, status, expires_ms, identifiers) VALUES
      ('pending', 'a', 'p', 'pending', 10, '[]'), ('ready', 'a', 'p', 'ready', 10, '[]'),
      ('processing', 'a', 'p', 'processing', 10, '[]'), ('valid', 'a', 'p', 'valid', 10, '[]'),
      ('later', 'a', 'p', 'pending', 11, '[]');
    INSERT INTO acme_authorizations VALUES
      ('pending', 'valid', 'n', 0, 'pending', 10), ('valid', 'valid', 'n', 0, 'valid', 10),
      ('later', 'valid', 'n', 0, 'pending', 11);`);
  const swept = acmeSweeps(store, () => 10).map(({ counter, run }) => [counter, run()]);
  assertEquals(swept, [
    ["acme_gc_nonces_reaped", 1],
    ["acme_gc_authzs_expired", 1],
    ["acme_gc_orders_invalidated", 3],
  ]);
  const statuses = (table: string): unknown =>
    store.all<{ id: string; status: string }>(`SELECT id, status FROM ${table} ORDER BY rowid`)
      .map(({ id, status }) => `${id}: ${status}`);
  assertEquals(statuses("acme_orders"), [
    "pending: invalid",
    "ready: invalid",
    "processing: invalid",
    "valid: valid",
    "later: pending",
  ]);
  assertEquals(statuses("acme_authorizations"), [
    "pending: expired",
    "valid: valid",
    "later: pending",
  ]);
  store.close();
});

Deno.test("the lab sweeps by itself, and its counters are on the Prometheus endpoint", async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1) * 1000);
  const acme = { orderTtlMs: 1000, authorizationTtlMs: 1000, nonceTtlMs: 1000 };
  await withLab({ clock, acme }, async (lab) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    await client.newOrder("a.test", "b.test");
    await clock.advance(MINUTE_US);
    const text = await (await lab.fetch(lab.lab.addresses.metrics)).text();
    const values = [...text.matchAll(/^certctl_acme_(gc_\w+)_total (\d+)$/gm)]
      .map(([, name, value]) => [name, Number(value)]);
    assertEquals(Object.fromEntries(values), {
      gc_runs: 1,
      gc_run_failures: 0,
      gc_nonces_reaped: 2,
      gc_authzs_expired: 2,
      gc_orders_invalidated: 1,
    });
  });
});
