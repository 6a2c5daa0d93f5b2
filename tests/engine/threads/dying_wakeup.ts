/** A wake-up thread until its first worker has been woken so often, whatever time that takes; and then it dies. */
import { thread } from "../../../src/pacing/thread.ts";
import { type WakeupMemory, wakeupRound } from "../../../src/pacing/wakeup.ts";

const WAKES = 60;

thread.on("message", (data) => {
  const memory = data as WakeupMemory;
  thread.postMessage("running");
  while (Atomics.load(memory.wakes, 0) < WAKES) wakeupRound(memory);
  throw new Error("the wake-up thread is dead");
});
