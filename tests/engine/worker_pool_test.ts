/** Which threads are lost, when, and why: the pool's seconds are counted by who calls watch(), here as many as wanted. */
import os from "node:os";
import process from "node:process";
import type { ToWorker } from "../../src/engine/messages.ts";
import {
  STARTING_S,
  type ThreadLimits,
  threadLimits,
  WorkerPool,
} from "../../src/engine/worker_pool.ts";
import { createWakeupMemory, wakeupRound } from "../../src/pacing/wakeup.ts";
import { sleep } from "../../src/timer.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../assert.ts";

type Lost = readonly [thread: number | "wakeup", reason: string];

const SILENT_S = 5;
const scriptOf = (name: string): URL => new URL(`./threads/${name}.ts`, import.meta.url);

/** A pool whose workers do as they are told; `lost` are those that were given up. */
class Watched {
  readonly memory = createWakeupMemory(2);
  readonly pool: WorkerPool;
  readonly lost: Lost[] = [];
  readonly #signs: number[] = [];
  #heard = Promise.withResolvers<void>();

  constructor(workers: number, limits: Partial<ThreadLimits> = {}) {
    const script = scriptOf("misbehaving_thread");
    this.pool = new WorkerPool(workers, this.memory, { script, silentS: SILENT_S, ...limits });
  }

  start(): void {
    this.pool.startWorkers({
      onMessage: (worker) => this.#hear(() => this.#signs.push(worker)),
      onLost: (...lost) => this.#hear(() => this.lost.push(lost)),
    });
  }

  /** Tells each worker what to do; resolves when all have given a sign of having heard it. */
  async tell(...misdeeds: string[]): Promise<void> {
    const before = this.#signs.length;
    this.pool.post((worker) => ({ kind: "stop", misdeed: misdeeds[worker] }) as ToWorker);
    await this.until(() => this.#signs.length >= before + misdeeds.length);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#heard.promise;
  }

  watch(seconds: number): void {
    for (let second = 0; second < seconds; second++) this.pool.watch();
  }

  #hear(note: () => void): void {
    note();
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    this.pool.end();
  }
}

for (
  const [misdeed, reason] of [
    ["throw", "failed: thrown late"],
    ["reject", "failed: rejected late"],
    ["exit", "ended before it was done"],
    ["memory", "ran out of memory, at 67.1 MB of its own"],
  ] as const
) {
  Deno.test(`a worker's end (${misdeed}) is told once, with its reason, and is nobody else's`, async () => {
    using watched = new Watched(2, { heapBytes: 64 * 2 ** 20 });
    watched.start();
    await watched.tell("nothing", misdeed);
    await watched.until(() => watched.lost.length > 0);
    watched.pool.lose(1, "again");
    await watched.tell("nothing");
    assertEquals(watched.lost, [[1, reason]]);
  });
}

Deno.test("a worker that loops is lost at the last of its silent seconds, and a sign begins them anew", async () => {
  using watched = new Watched(1);
  watched.start();
  await watched.tell("nothing");
  watched.watch(SILENT_S - 1);
  await watched.tell("loop");
  watched.watch(SILENT_S - 1);
  assertEquals(watched.lost, []);
  watched.watch(1);
  assertEquals(watched.lost, [[0, "gave no sign of life for 5 s: it hangs or loops"]]);
});

Deno.test("a worker that gave no sign yet has two minutes more, for its modules", () => {
  using watched = new Watched(1);
  watched.start();
  watched.watch(STARTING_S + SILENT_S - 1);
  assertEquals([STARTING_S, watched.lost], [120, []]);
  watched.watch(1);
  assertEquals(watched.lost.length, 1);
});

for (
  const [end, act] of [
    ["lost", (pool: WorkerPool) => pool.lose(0, "for a test")],
    ["ended with the pool", (pool: WorkerPool) => pool.end()],
  ] as const
) {
  Deno.test(`a worker that is ${end} does nothing any more`, async () => {
    using watched = new Watched(1);
    const channel = new BroadcastChannel("chatter");
    let heard = 0;
    const first = new Promise<void>((resolve) => {
      channel.onmessage = () => {
        heard++;
        resolve();
      };
    });
    watched.start();
    await watched.tell("chatter");
    await first;
    act(watched.pool);
    // It says something every 5 ms for as long as it is there.
    let before = -1;
    for (let tries = 0; tries < 50 && heard > before; tries++) {
      before = heard;
      await sleep(200);
    }
    channel.close();
    assertEquals(heard, before);
  });
}

Deno.test("a worker that is done may be silent for as long as it likes", async () => {
  using watched = new Watched(1);
  watched.start();
  await watched.tell("done");
  watched.watch(1_000);
  watched.pool.loseAll("for another reason");
  assertEquals(watched.lost, []);
});

Deno.test("a process that has taken too much memory loses its workers, and the reason has the amount", () => {
  using watched = new Watched(2, { rssBytes: 1 });
  watched.start();
  watched.watch(1);
  assertEquals(watched.lost.map(([worker]) => worker), [0, 1]);
  for (const [, reason] of watched.lost) {
    assertMatch(reason, /^was ended, as the generator had taken [\d.]+ MB of memory$/);
  }
});

Deno.test("a wake-up thread that does not beat is lost after its silent seconds, and one that beats is not", async () => {
  using watched = new Watched(1, { wakeupScript: scriptOf("still_wakeup") });
  await watched.pool.startWakeup();
  watched.start();
  for (let second = 0; second < 3 * SILENT_S; second++) {
    wakeupRound(watched.memory);
    watched.watch(1);
  }
  watched.watch(SILENT_S - 1);
  assertEquals(watched.lost, []);
  watched.watch(10);
  assertEquals(watched.lost, [["wakeup", "gave no sign of life for 5 s"]]);
});

Deno.test("a wake-up thread that cannot be started is told with its reason", async () => {
  using watched = new Watched(1, { wakeupScript: scriptOf("no_such_thread") });
  const error = await assertRejects(() => watched.pool.startWakeup(), Error) as Error;
  assert(error.message.startsWith("wake-up thread: "), error.message);
});

Deno.test("what nobody caught in a thread is told in a line, and the runtime prints no stack of it", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", scriptOf("crashing_pool").pathname],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([out, err, code], ["failed: rejected late\nfailed: thrown late", "", 0]);
});

Deno.test("the heaps of all workers together leave half of the host's memory, the process a quarter", () => {
  const memory = Math.min(os.totalmem(), process.constrainedMemory?.() || Infinity);
  const limits = [1, 2, 1_000].map((workers) => threadLimits(workers));
  for (const [at, workers] of [1, 2, 1_000].entries()) {
    const { heapBytes, rssBytes, silentS, lastGraceMs } = limits[at]!;
    assert(heapBytes > 0 && heapBytes * workers <= memory / 2);
    assertEquals([rssBytes / memory, silentS, lastGraceMs], [0.75, 15, 3_000]);
  }
  assertEquals(limits[2]!.heapBytes, memory / 2_000);
});
