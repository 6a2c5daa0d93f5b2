/** What is told of a machine's clocks: of one that is wrong by the lab's, and where nobody was asked. */
import { nowUs, wallAheadUs } from "../../src/clock.ts";
import { ShardClocks } from "../../src/engine/shard_clocks.ts";
import type { ClockOffset, ShardFacts } from "../../src/metrics/run.ts";
import { assert, assertEquals } from "../assert.ts";
import { withLab } from "../lab/harness.ts";
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

/** Of a machine whose clock is set so far ahead of that of the server, which is this host's. */
async function readAhead(url: string, aheadUs: number): Promise<ClockOffset> {
  const asked = planOf(`
target: { base_url: "${url}", tls: { insecure_skip_verify: true } }
scenarios:
  only: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`);
  const machine = new ShardClocks({
    plan: asked,
    shard: { index: 1, count: 2 },
    wallAheadUs: () => wallAheadUs() + aheadUs,
    signal: new AbortController().signal,
  });
  await machine.readBefore(nowUs() + 40e6);
  const { before, note } = machine.facts(0).target;
  assert(before !== undefined, note);
  return before;
}

/** On a host that is busy with other things an answer may take too long for a closer bound. */
const TRIES = 5;
const CLOSE_US = 10_000;
/** What reading the host's own clock is wrong by. */
const OWN_US = 500;

Deno.test("a clock that is 250 ms wrong by the lab's is read within 10 ms, and never wrong by more than is told", async () => {
  await withLab({}, async ({ lab: { addresses: { api } } }) => {
    const readClosely = async (aheadUs: number): Promise<void> => {
      const bounds: number[] = [];
      while (bounds.length < TRIES) {
        const { offsetUs, boundUs } = await readAhead(api, aheadUs);
        const wrongUs = Math.abs(offsetUs - aheadUs);
        assert(wrongUs <= boundUs + OWN_US, `${offsetUs} +- ${boundUs} of ${aheadUs}`);
        bounds.push(boundUs);
        if (boundUs > CLOSE_US) continue;
        assert(wrongUs <= CLOSE_US, `${offsetUs} of ${aheadUs}`);
        return;
      }
      throw new Error(`No reading of ${TRIES} was known to 10 ms: ${bounds.join(", ")} us`);
    };
    await Promise.all([readClosely(250_000), readClosely(-250_000)]);
  });
});
