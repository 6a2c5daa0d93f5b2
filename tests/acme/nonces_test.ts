import fc from "fast-check";
import { NoncePool } from "../../src/acme/nonces.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("NoncePool ignores a nonce that only fills memory", () => {
  const pool = new NoncePool();
  pool.put("a".repeat(1025));
  assertEquals(pool.size, 0);
  pool.put("a".repeat(1024));
  assertEquals(pool.size, 1);
});

Deno.test("NoncePool hands out the newest first, and nothing when it is empty", () => {
  const pool = new NoncePool();
  pool.put("a");
  pool.put("b");
  assertEquals([pool.take(), pool.take(), pool.take()], ["b", "a", undefined]);
});

Deno.test("NoncePool never hands a nonce out twice and never holds more than its capacity", () => {
  const operations = fc.array(fc.oneof(fc.constant("take"), fc.nat(30).map(String)), {
    maxLength: 400,
  });
  fc.assert(fc.property(operations, fc.integer({ min: 1, max: 5 }), (steps, capacity) => {
    const pool = new NoncePool(capacity);
    const given: string[] = [];
    const taken = new Set<string>();
    const firstPut = new Map<string, number>();
    for (const step of steps) {
      if (step !== "take") {
        if (!firstPut.has(step)) firstPut.set(step, given.length);
        given.push(step);
        pool.put(step);
        assertEquals(pool.size <= capacity, true);
        continue;
      }
      const nonce = pool.take();
      if (nonce === undefined) continue;
      const others = new Set(given.slice(firstPut.get(nonce)));
      // Again only after four times the capacity of others, when it is long forgotten.
      if (taken.has(nonce)) assert(others.size > capacity * 4, nonce);
      taken.add(nonce);
    }
  }));
});

Deno.test("NoncePool drops the oldest when it is full", () => {
  const pool = new NoncePool(2);
  for (const nonce of ["a", "b", "c"]) pool.put(nonce);
  assertEquals([pool.take(), pool.take(), pool.take()], ["c", "b", undefined]);
});

Deno.test("NoncePool keeps 1,024 nonces unless it is told otherwise, and remembers four times as many as it keeps", () => {
  const pool = new NoncePool();
  for (let n = 0; n < 1_100; n++) pool.put(`n${n}`);
  assertEquals(pool.size, 1_024);
  const small = new NoncePool(1);
  for (const nonce of ["a", "b", "c", "d", "a"]) small.put(nonce);
  assertEquals(small.take(), "d");
  for (const nonce of ["e", "a"]) small.put(nonce);
  assertEquals(small.take(), "a");
});

Deno.test("NoncePool ignores a nonce that it has had, and what is no base64url", () => {
  const pool = new NoncePool();
  for (const nonce of ["a", "a", undefined, "", "a b", "ü", 'x"y']) pool.put(nonce);
  assertEquals(pool.take(), "a");
  pool.put("a");
  assertEquals(pool.take(), undefined);
});
