/** A wake-up thread until its first worker has had some load, which begins with the first deadline; and then it dies. */
import { thread } from "../../../src/pacing/thread.ts";
import { type WakeupMemory, wakeupRound } from "../../../src/pacing/wakeup.ts";

const NEVER = 2n ** 62n;
const LOAD_MS = 600;

thread.on("message", (data) => {
  const memory = data as WakeupMemory;
  thread.postMessage("running");
  let untilMs = Infinity;
  while (performance.now() < untilMs) {
    const hasBegun = Atomics.load(memory.deadlines, 0) < NEVER;
    if (untilMs === Infinity && hasBegun) untilMs = performance.now() + LOAD_MS;
    wakeupRound(memory);
  }
  throw new Error("the wake-up thread is dead");
});
