import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { TokenBuckets } from "../../src/lab/bucket.ts";

const perHour = (limit: number): TokenBuckets =>
  new TokenBuckets({ capacity: limit, refillPerSecond: limit / 3600 });

const countAllowed = (buckets: TokenBuckets, key: string, calls: number, nowMs = 0): number =>
  Array.from({ length: calls }, () => buckets.take(key, nowMs)).filter((it) => it.allowed).length;

Deno.test("a bucket with a limit of zero is off", () => {
  assertEquals(countAllowed(perHour(0), "a", 10_000), 10_000);
});

Deno.test("a bucket gives its capacity and no more at one instant", () => {
  assertEquals(countAllowed(perHour(100), "a", 250), 100);
});

Deno.test("a key's bucket is not touched by another key", () => {
  const buckets = perHour(5);
  countAllowed(buckets, "a", 5);
  assertEquals(buckets.take("a", 0).allowed, false);
  assertEquals(countAllowed(buckets, "b", 6), 5);
});

Deno.test("a bucket is refilled evenly over time, up to its capacity", () => {
  const buckets = perHour(60);
  countAllowed(buckets, "a", 60);
  assertEquals(buckets.take("a", 59_000).allowed, false);
  assertEquals(buckets.take("a", 60_000).allowed, true);
  assertEquals(buckets.take("a", 60_000).allowed, false);
  assertEquals(countAllowed(buckets, "a", 1000, 100 * 3_600_000), 60);
});

Deno.test("a refusal tells when the next token is there", () => {
  const buckets = perHour(60);
  countAllowed(buckets, "a", 60);
  const refusal = buckets.take("a", 15_000);
  assert(!refusal.allowed);
  assertAlmostEquals(refusal.retryAfterMs, 45_000, 1e-3);
  assert(buckets.take("a", 15_000 + refusal.retryAfterMs + 1e-3).allowed);
});

Deno.test("many callers at once share the capacity exactly", async () => {
  const buckets = perHour(500);
  const caller = async (): Promise<number> => {
    let allowed = 0;
    for (let call = 0; call < 200; call++) {
      if (buckets.take("a", 0).allowed) allowed++;
      await Promise.resolve();
    }
    return allowed;
  };
  const counts = await Promise.all(Array.from({ length: 200 }, caller));
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 500);
});

Deno.test("a clock that goes back gives no tokens and takes none", () => {
  const buckets = perHour(2);
  countAllowed(buckets, "a", 2, 3_600_000);
  assertEquals(buckets.take("a", 0).allowed, false);
  assertEquals(buckets.take("a", 3_600_000 + 1_800_000).allowed, true);
});

Deno.test("never more than capacity plus refill in any sequence of calls", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), steps, (limit, pausesMs) => {
    const buckets = perHour(limit);
    let nowMs = 0;
    let allowed = 0;
    for (const pauseMs of pausesMs) {
      nowMs += pauseMs;
      if (buckets.take("a", nowMs).allowed) allowed++;
    }
    assert(allowed <= limit + nowMs / 3_600_000 * limit + 1e-6);
  }));
});

Deno.test("waiting as long as the refusal says is enough, and less is not", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 50 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), pauses, (limit, pausesMs) => {
    const buckets = perHour(limit);
    let nowMs = 0;
    for (const pauseMs of pausesMs) buckets.take("a", nowMs += pauseMs);
    while (buckets.take("a", nowMs).allowed);
    const refusal = buckets.take("a", nowMs);
    assert(!refusal.allowed);
    assert(!buckets.take("a", nowMs + refusal.retryAfterMs * 0.99).allowed);
    assert(buckets.take("a", nowMs + refusal.retryAfterMs + 0.01).allowed);
  }));
});

Deno.test("full buckets are forgotten when there are many keys", () => {
  const buckets = perHour(3600);
  for (let key = 0; key < 50_000; key++) buckets.take(`key ${key}`, key * 10);
  assert(buckets.size < 20_001, `kept ${buckets.size}`);
});
