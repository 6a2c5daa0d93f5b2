import fc from "fast-check";
import { partOf, shareOfThread, threadOf, WHOLE } from "../src/worker_share.ts";
import { assert, assertEquals } from "./assert.ts";

function parts(total: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => partOf(total, { index, count }));
}

Deno.test("the parts of all workers add up to the whole, and differ by one at the most", () => {
  const counts = fc.integer({ min: 1, max: 64 });
  fc.assert(fc.property(fc.nat(1_000_000), counts, (total, count) => {
    const each = parts(total, count);
    assertEquals(each.reduce((sum, part) => sum + part, 0), total);
    assert(Math.max(...each) - Math.min(...each) <= 1, `${each}`);
  }));
  assertEquals([parts(7, 4), parts(1, 2), parts(3, 2)], [[2, 2, 2, 1], [1, 0], [2, 1]]);
});

Deno.test("every worker's part of no limit is no limit", () => {
  assertEquals(parts(Infinity, 3), [Infinity, Infinity, Infinity]);
});

Deno.test("a thread of a machine knows its place among the workers of all, and among its own", () => {
  const machine = { index: 2, count: 8 };
  const share = shareOfThread({ index: 1, count: 4 }, machine);
  assertEquals(share, { index: 10, count: 32, machine });
  assertEquals(threadOf(share), { index: 1, count: 4 });
  assertEquals(shareOfThread({ index: 1, count: 4 }, WHOLE), { index: 1, count: 4 });
  assertEquals(threadOf({ index: 1, count: 4 }), { index: 1, count: 4 });
});
