import { Worker } from "node:worker_threads";
import {
  createWakeupMemory,
  endWakeupThread,
  readBeats,
  readStalls,
  runWakeupThread,
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
    assert(clock.nowUs() < startUs + 3_600_000_000);
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

const NEVER = 2n ** 62n;

interface StoppedTime {
  nowUs: number;
  /** How much too late the waits end. */
  lateUs: number;
  /** How long the rounds wanted to wait. */
  readonly waitsUs: number[];
}

/** Time stands still, but for the waits of the wake-up thread's rounds. */
function withStoppedTime(use: (time: StoppedTime) => void): void {
  const time: StoppedTime = { nowUs: 1_000_000, lateUs: 0, waitsUs: [] };
  const { wait } = Atomics;
  Object.defineProperty(performance, "timeOrigin", { value: 0, configurable: true });
  Object.defineProperty(performance, "now", {
    value: () => time.nowUs / 1000,
    configurable: true,
  });
  Atomics.wait = (_array: unknown, _index: number, _value: unknown, ms = 0): "timed-out" => {
    const us = Math.round(ms * 1000);
    time.waitsUs.push(us);
    time.nowUs += us + time.lateUs;
    return "timed-out";
  };
  try {
    use(time);
  } finally {
    Atomics.wait = wait;
    Reflect.deleteProperty(performance, "now");
    Reflect.deleteProperty(performance, "timeOrigin");
  }
}

/** The rounds of the wake-up thread on this one, until `sleeping` has ended. */
async function roundsUntil(sleeping: Promise<unknown>, memory: WakeupMemory): Promise<void> {
  let over = false;
  void sleeping.then(() => over = true);
  while (!over) {
    wakeupRound(memory);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

Deno.test("a round wakes the workers whose deadlines have come, to the microsecond, and no others", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(5);
    time.nowUs = 1_000_000.5;
    memory.deadlines.set([1_000_001n, 1_000_000n, NEVER, 999_000n, 1_005_000n]);
    wakeupRound(memory);
    assertEquals([...memory.wakes], [0, 1, 0, 1, 0]);
    assertEquals([...memory.deadlines], [1_000_001n, NEVER, NEVER, NEVER, 1_005_000n]);
  });
});

Deno.test("a round waits for the earliest deadline of those to come, and 20 ms at the most", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(3);
    memory.deadlines.set([1_009_000n, 1_004_000n, 1_006_000n]);
    for (let round = 0; round < 5; round++) wakeupRound(memory);
    assertEquals(time.waitsUs, [4_000, 2_000, 3_000, 20_000, 20_000]);
    assertEquals([...memory.wakes], [1, 1, 1]);
    memory.deadlines[2] = BigInt(time.nowUs + 30_000);
    for (let round = 0; round < 3; round++) wakeupRound(memory);
    assertEquals(time.waitsUs.slice(5), [20_000, 10_000, 20_000]);
    assertEquals(readBeats(memory), 8);
  });
});

Deno.test("the following instant takes the place of a deadline that has come, and is due in its turn", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(2);
    memory.deadlines.set([999_000n, NEVER]);
    memory.following.set([1_003_000n, 1_001_000n]);
    wakeupRound(memory);
    assertEquals([...memory.deadlines], [1_003_000n, NEVER]);
    assertEquals([...memory.following], [NEVER, 1_001_000n]);
    wakeupRound(memory);
    assertEquals([[...memory.wakes], memory.deadlines[0]], [[2, 0], NEVER]);
    assertEquals(time.waitsUs, [3_000, 20_000]);
  });
});

Deno.test("a following instant that has passed too wakes again at once", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(1);
    memory.deadlines.set([998_000n]);
    memory.following.set([999_000n]);
    wakeupRound(memory);
    assertEquals([memory.wakes[0], time.waitsUs], [1, []]);
    wakeupRound(memory);
    assertEquals([memory.wakes[0], time.waitsUs], [2, [20_000]]);
  });
});

Deno.test("a deadline that its worker sets while the one before is replaced is not lost", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(1);
    memory.deadlines.set([999_000n]);
    memory.following.set([1_008_000n]);
    const { exchange } = Atomics;
    Atomics.exchange = ((array: BigInt64Array, index: number, value: bigint): bigint => {
      Atomics.store(memory.deadlines, 0, 1_002_000n);
      return exchange(array, index, value);
    }) as typeof Atomics.exchange;
    try {
      wakeupRound(memory);
    } finally {
      Atomics.exchange = exchange;
    }
    assertEquals([memory.deadlines[0], time.waitsUs], [1_002_000n, [2_000]]);
  });
});

Deno.test("a wait that ends 50 ms late or more is a stall, told by when it should have ended and by how long", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(1);
    for (const lateUs of [STALL_US - 1, STALL_US, 0, 80_000]) {
      time.lateUs = lateUs;
      wakeupRound(memory);
    }
    assertEquals(readStalls(memory), [
      { atUs: 1_000_000 + 40_000 + STALL_US - 1, durationUs: STALL_US },
      { atUs: 1_000_000 + 80_000 + 2 * STALL_US - 1, durationUs: 80_000 },
    ]);
  });
});

Deno.test("the first 256 stalls are told, and those after them change none", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(1);
    time.lateUs = 60_000;
    for (let round = 0; round < 300; round++) wakeupRound(memory);
    const stalls = readStalls(memory);
    assertEquals([stalls.length, memory.control[1]], [256, 256]);
    assertEquals(stalls.at(-1), { atUs: 1_020_000 + 255 * 80_000, durationUs: 60_000 });
  });
});

Deno.test("the wake-up thread goes round until it is told to end", () => {
  withStoppedTime((time) => {
    const memory = createWakeupMemory(1);
    const { wait } = Atomics;
    Atomics.wait = ((array: Int32Array, index: number, value: number, ms: number) => {
      if (time.waitsUs.length === 2) endWakeupThread(memory);
      return wait(array, index, value, ms);
    }) as typeof Atomics.wait;
    runWakeupThread(memory);
    assertEquals(readBeats(memory), 3);
    runWakeupThread(memory);
    assertEquals(readBeats(memory), 3);
  });
});

Deno.test("the wake-up thread is woken for an earlier deadline and for its end, and for no later deadline", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  const startUs = clock.nowUs();
  const abort = new AbortController();
  const heard = (): Promise<string> => {
    const { value } = Atomics.waitAsync(memory.event, 0, Atomics.load(memory.event, 0));
    return Promise.resolve(value);
  };
  // A wait for a notification alone does not keep the event loop going.
  const patience = setTimeout(() => {}, 60_000);
  const sleeping = [];
  for (const us of [9_000_000, 8_000_000]) {
    const waiting = heard();
    sleeping.push(clock.sleepUntil(startUs + us, abort.signal));
    assertEquals(await waiting, "ok");
  }
  sleeping.push(clock.sleepUntil(startUs + 8_500_000, abort.signal));
  assertEquals(memory.event[0], 2);
  const waiting = heard();
  endWakeupThread(memory);
  assertEquals([await waiting, memory.event[0]], ["ok", 3]);
  clearTimeout(patience);
  abort.abort();
  await Promise.all(sleeping);
});

Deno.test("a worker's deadline is its earliest sleeper's, rounded up, and the following instant the next one known", async () => {
  const memory = createWakeupMemory(3);
  const clock = new WakeupClock(memory, 1);
  const startUs = Math.ceil(clock.nowUs()) + 3_600_000_000;
  const abort = new AbortController();
  const first = new AbortController();
  const sleeping: Promise<void>[] = [];
  const sleep = (us: number, thenUs?: number, { signal } = abort): void => {
    sleeping.push(clock.sleepUntil(startUs + us, signal, thenUs && startUs + thenUs));
    assertEquals([0, 2].map((other) => memory.deadlines[other]), [NEVER, NEVER]);
  };
  const told = (): number[] =>
    [memory.deadlines, memory.following].map((instants) =>
      instants[1] === NEVER ? Infinity : Number(instants[1]) - startUs
    );
  sleep(30_000);
  assertEquals(told(), [30_000, Infinity]);
  sleep(9_999.5, undefined, first);
  assertEquals(told(), [10_000, 30_000]);
  sleep(20_000);
  assertEquals(told(), [10_000, 20_000]);
  // Its wake still comes, and finds nobody; what follows are those who are left.
  first.abort();
  sleep(40_000);
  assertEquals(told(), [10_000, 30_000]);
  sleep(5_000, 7_000);
  assertEquals(told(), [5_000, 7_000]);
  sleep(4_000, 90_000);
  assertEquals(told(), [4_000, 5_000]);
  abort.abort();
  await Promise.all(sleeping);
});

Deno.test("a sleep that is over before it begins sets no deadline", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  await clock.sleepUntil(clock.nowUs());
  await clock.sleepUntil(clock.nowUs() - 1_000_000, new AbortController().signal);
  await clock.sleepUntil(clock.nowUs() + 3_600_000_000, AbortSignal.abort());
  assertEquals([memory.deadlines[0], memory.event[0]], [NEVER, 0]);
});

Deno.test("a thousand sleeps leave no listener on their signal, whether they end or are cut short", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: unknown, options: unknown): void => {
    listeners.add(listener);
    add(type as "abort", listener as () => void, options as AddEventListenerOptions);
  };
  signal.removeEventListener = (type: string, listener: unknown): void => {
    listeners.delete(listener);
    remove(type as "abort", listener as () => void);
  };
  const atUs = clock.nowUs() + 50_000;
  const sleeping = Array.from({ length: 1_000 }, () => clock.sleepUntil(atUs, signal));
  const long = clock.sleepUntil(atUs + 3_600_000_000, signal);
  await roundsUntil(Promise.all(sleeping), memory);
  assertEquals(listeners.size, 1);
  abort.abort();
  await long;
});

Deno.test("a worker waits for its wakes once, however many sleep", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  const { waitAsync } = Atomics;
  let waits = 0;
  Atomics.waitAsync = ((...given: Parameters<typeof waitAsync>) => {
    waits++;
    return waitAsync(...given);
  }) as typeof waitAsync;
  try {
    const instantUs = clock.nowUs() + 100_000;
    const sleeping = Array.from({ length: 50 }, () => clock.sleepUntil(instantUs));
    assertEquals(waits, 1);
    await roundsUntil(Promise.all(sleeping), memory);
  } finally {
    Atomics.waitAsync = waitAsync;
  }
});

Deno.test("who sleeps until the same instant is woken in the order of asking", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  const instantUs = Math.ceil(clock.nowUs()) + 20_000;
  const woken: number[] = [];
  const sleeping = [0, 1, 2].map((n) => clock.sleepUntil(instantUs).then(() => woken.push(n)));
  while (clock.nowUs() < instantUs);
  Atomics.add(memory.wakes, 0, 1);
  Atomics.notify(memory.wakes, 0);
  await Promise.all(sleeping);
  assertEquals(woken, [0, 1, 2]);
});

Deno.test("a wake wakes those whose instants have come, and the others' deadline is set anew", async () => {
  const memory = createWakeupMemory(1);
  const clock = new WakeupClock(memory, 0);
  const startUs = Math.ceil(clock.nowUs());
  const abort = new AbortController();
  let lateWoken = false;
  const late = clock.sleepUntil(startUs + 3_600_000_000, abort.signal);
  void late.then(() => lateWoken = true);
  const early = [1_000, 2_000].map((us) => clock.sleepUntil(startUs + us));
  // By a wake that is not the thread's, and tells of nothing that follows.
  while (clock.nowUs() < startUs + 2_000);
  memory.deadlines[0] = NEVER;
  memory.following[0] = NEVER;
  Atomics.add(memory.wakes, 0, 1);
  Atomics.notify(memory.wakes, 0);
  await Promise.all(early);
  assertEquals([lateWoken, memory.deadlines[0]], [false, BigInt(startUs + 3_600_000_000)]);
  abort.abort();
  await late;
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
