import fc from "fast-check";
import { addressOf, labelOf, Queue } from "../../src/deploy/target.ts";
import { assert, assertEquals } from "../assert.ts";
import { settle } from "../virtual_clock.ts";

const NEVER = new AbortController().signal;

Deno.test("what is taken is nobody else's until it is given back, and goes to who waits longest", async () => {
  const queue = new Queue(["a", "b"]);
  assertEquals([await queue.take(NEVER), await queue.take(NEVER)], ["a", "b"]);
  const got: (string | undefined)[] = [];
  for (const n of [1, 2]) void queue.take(NEVER).then((one) => got.push(`${n}${one}`));
  await settle();
  assertEquals(got, []);
  queue.giveBack("b");
  queue.giveBack("a");
  await settle();
  assertEquals(got, ["1b", "2a"]);
});

Deno.test("who gives up waiting takes nothing from those behind", async () => {
  const queue = new Queue(["a"]);
  await queue.take(NEVER);
  const gone = new AbortController();
  const first = queue.take(gone.signal);
  const second = queue.take(NEVER);
  gone.abort();
  assertEquals(await first, undefined);
  queue.giveBack("a");
  assertEquals(await second, "a");
  assertEquals(await queue.take(gone.signal), undefined);
});

Deno.test("however takers come, go and give back, one thing is with one of them at a time", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.record({ turns: fc.nat(5), givesUp: fc.boolean() }), { maxLength: 30 }),
    async (count, takers) => {
      const queue = new Queue(Array.from({ length: count }, (_, n) => n));
      const held = new Set<number>();
      let served = 0;
      await Promise.all(takers.map(async ({ turns, givesUp }) => {
        const signal = new AbortController();
        if (givesUp) queueMicrotask(() => signal.abort());
        const one = await queue.take(signal.signal);
        if (one === undefined) return assert(givesUp);
        assert(!held.has(one));
        held.add(one);
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        held.delete(one);
        served++;
        queue.giveBack(one);
      }));
      assert(served >= takers.filter(({ givesUp }) => !givesUp).length);
      const left = new Set<unknown>();
      for (let n = 0; n < count; n++) left.add(await queue.take(NEVER));
      assertEquals(left.size, count);
    },
  ));
});

Deno.test("a target's label says where it is, and as what it is asked", () => {
  const label = (given: { url: string; connect_to?: string; name?: string }): string =>
    labelOf(given);
  assertEquals(label({ url: "https://web-1.test/" }), "web-1.test:443");
  assertEquals(label({ url: "https://127.0.0.1:9443" }), "127.0.0.1:9443");
  assertEquals(label({ url: "https://[::1]:9443" }), "::1:9443");
  const elsewhere = { url: "https://web-1.test", connect_to: "127.0.0.1:9443" };
  assertEquals(label(elsewhere), "127.0.0.1:9443 web-1.test");
  assertEquals(label({ ...elsewhere, name: "web one" }), "web one");
  assertEquals(addressOf({ url: "https://a.test", connect_to: "[::1]:1" }), {
    hostname: "::1",
    port: 1,
  });
});
