import { Worker } from "node:worker_threads";
import {
  createWakeupMemory,
  endWakeupThread,
  readBeats,
  readStalls,
  STALL_US,
  WakeupClock,
  type WakeupMemory,
  wakeupRound,
} from "../../src/pacing/wakeup.ts";
import { assert, assertEquals } from "../assert.ts";

async function withWakeup(
  workers: number,
  use: (clocks: WakeupClock[], memory: WakeupMemory) => Promise<void>,
): Promise<void> {
  const memory = createWakeupMemory(workers);
  const thread = new Worker(new URL("../../src/pacing/wakeup_thread.ts", import.meta.url));
  await new Promise((resolve) => {
    thread.once("message", resolve);
    thread.postMessage(memory);
  });
  try {
    await use(
      Array.from({ length: workers }, (_, worker) => new WakeupClock(memory, worker)),
      memory,
    );
  } finally {
    endWakeupThread(memory);
    thread.terminate();
  }
}

Deno.test("the wake-up clock never wakes a sleeper early, and wakes them in order", async () => {
  await withWakeup(1, async ([clock]) => {
    assert(clock !== undefined);
    const startUs = clock.nowUs();
    const woken: number[] = [];
    await Promise.all([30_000, 10_000, 20_000].map(async (us) => {
      await clock.sleepUntil(startUs + us);
      assert(clock.nowUs() >= startUs + us, "woken early");
      woken.push(us);
    }));
    assertEquals(woken, [10_000, 20_000, 30_000]);
  });
});

Deno.test("a thousand short sleeps in a row all end", async () => {
  await withWakeup(2, async (clocks) => {
    await Promise.all(clocks.map(async (clock) => {
      for (let n = 0; n < 1_000; n++) await clock.sleepUntil(clock.nowUs() + (n % 7) * 50);
    }));
  });
});

Deno.test("an aborted sleep ends at once, and the others go on", async () => {
  await withWakeup(1, async ([clock]) => {
    assert(clock !== undefined);
    const abort = new AbortController();
    const startUs = clock.nowUs();
    const long = clock.sleepUntil(startUs + 3_600_000_000, abort.signal);
    const short = clock.sleepUntil(startUs + 20_000);
    abort.abort();
    await long;
    assert(clock.nowUs() - startUs < 3_000_000);
    await short;
  });
});

Deno.test("stalls are told one by one, each with its instant and its length, the first 256 of them", () => {
  const memory = createWakeupMemory(1);
  memory.stalls.set([1_000, 60_000, 2_000, 70_000, 3_000, 80_000]);
  memory.control[1] = 3;
  assertEquals(readStalls(memory), [
    { atUs: 1_000, durationUs: 60_000 },
    { atUs: 2_000, durationUs: 70_000 },
    { atUs: 3_000, durationUs: 80_000 },
  ]);
  memory.control[1] = 10_000;
  assertEquals(readStalls(memory).length, 256);
});

Deno.test("each round of the wake-up thread is a beat, and a round in time is no stall", () => {
  const memory = createWakeupMemory(1);
  const before = readBeats(memory);
  // A busy host may be late by itself; then the round says so.
  const startedMs = performance.now();
  for (let round = 0; round < 3; round++) wakeupRound(memory);
  assertEquals(readBeats(memory), before + 3);
  if (performance.now() - startedMs < STALL_US / 1000) assertEquals(readStalls(memory), []);
});

Deno.test("a sleeper that says when it will sleep next does not wake the wake-up thread for it", async () => {
  await withWakeup(1, async ([clock], { event }) => {
    assert(clock !== undefined);
    const startUs = clock.nowUs();
    // On a busy host a sleep may begin after its end, and the next must be told of.
    let late = 0;
    for (let n = 1; n <= 20; n++) {
      const instantUs = startUs + n * 10_000;
      if (clock.nowUs() >= instantUs) late++;
      await clock.sleepUntil(instantUs, undefined, instantUs + 10_000);
      assert(clock.nowUs() >= instantUs, "woken early");
    }
    assert(Atomics.load(event, 0) <= 1 + late, `${Atomics.load(event, 0)} events, ${late} late`);
  });
});

Deno.test("a wake that comes before the sleeper listens again is not missed", async () => {
  await withWakeup(1, async ([clock], { wakes }) => {
    assert(clock !== undefined);
    const startUs = clock.nowUs();
    const first = clock.sleepUntil(startUs + 1_000, undefined, startUs + 2_000);
    // Both instants pass while this thread does not run its promises.
    while (Atomics.load(wakes, 0) < 2);
    await first;
    await clock.sleepUntil(clock.nowUs() + 1_000);
  });
});
