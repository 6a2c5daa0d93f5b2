import { assert, assertEquals } from "./assert.ts";
import { after, LONGEST_TIMER_MS, sleep, timerMs } from "../src/timer.ts";

Deno.test("a time beyond what a timer holds is waited for in parts, and is over once", async () => {
  const startedMs = performance.now();
  let calls = 0;
  await new Promise<void>((resolve) =>
    after(95, () => {
      calls++;
      resolve();
    }, 20)
  );
  assert(performance.now() - startedMs >= 94, `over after ${performance.now() - startedMs} ms`);
  await sleep(50);
  assertEquals(calls, 1);
});

Deno.test("a timer of 30 days does not fire now, and can be cleared", async () => {
  let fired = false;
  const timer = after(30 * 86_400_000, () => fired = true);
  await sleep(20);
  timer.clear();
  assert(!fired);
});

Deno.test("a timer in several parts can be cleared in a later one", async () => {
  let fired = false;
  const timer = after(60, () => fired = true, 10);
  await sleep(30);
  timer.clear();
  await sleep(60);
  assert(!fired);
});

Deno.test("sleep of 30 days ends when it is told to, and at once when it was told before", async () => {
  const told = new AbortController();
  const sleeping = sleep(30 * 86_400_000, told.signal);
  told.abort();
  await sleeping;
  await sleep(30 * 86_400_000, told.signal);
});

Deno.test("timerMs() is what setTimeout holds: not below 0, not above 31 bits", () => {
  assertEquals([-1, 0, 12.5, LONGEST_TIMER_MS + 1, Infinity].map((ms) => timerMs(ms)), [
    0,
    0,
    12.5,
    2_147_483_647,
    2_147_483_647,
  ]);
});
