/** What is told of a machine's clocks where nobody was asked; shard_run_test.ts asks. */
import { ShardClocks } from "../../src/engine/shard_clocks.ts";
import type { ShardFacts } from "../../src/metrics/run.ts";
import { assertEquals } from "../assert.ts";
import { planOf } from "./plans.ts";

const plan = planOf(`
target: { base_url: "http://127.0.0.1:1" }
scenarios:
  only: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`);

function clocks(count: number, startAtUs?: number): ShardClocks {
  const shard = { index: 1, count };
  const { signal } = new AbortController();
  return new ShardClocks({ plan, shard, startAtUs, wallAheadUs: () => 5_000, signal });
}

Deno.test("a machine is known by its host's name, and by the node that its engine says it is on", () => {
  const before = Deno.env.get("NODE_NAME");
  try {
    Deno.env.delete("NODE_NAME");
    const { host } = clocks(1).facts(0);
    assertEquals(host.name, Deno.hostname());
    Deno.env.set("NODE_NAME", "worker-3");
    assertEquals(clocks(1).facts(0).host, { name: Deno.hostname(), node: "worker-3" });
  } finally {
    if (before === undefined) Deno.env.delete("NODE_NAME");
    else Deno.env.set("NODE_NAME", before);
  }
});

const told = ({ index, count, startAtUs, startedUs, target, hostClock }: ShardFacts): unknown => [
  [index, count, startAtUs, startedUs],
  target,
  hostClock,
];

Deno.test("a machine that is alone asks nobody, and there is nothing to say of its clock", async () => {
  const alone = clocks(1);
  await alone.readBefore(0);
  await alone.readAfter();
  const { origin } = new URL("http://127.0.0.1:1");
  assertEquals(told(alone.facts(1_000)), [[1, 1, undefined, 6_000], { origin }, undefined]);
});

Deno.test("of one of several whose clocks were not read both reasons are told", () => {
  const note =
    "before the load: there was no time to read it; after the load: the run was interrupted";
  assertEquals(told(clocks(2, 7_000).facts(1_000)), [
    [1, 2, 7_000, 6_000],
    { origin: "http://127.0.0.1:1", note },
    undefined,
  ]);
});
