/** A wake-up thread that wakes others until they have had a second and a half of load, and then hangs. */
import type { WakeupMemory } from "../../../src/pacing/wakeup.ts";
import { thread } from "../../../src/pacing/thread.ts";
import { wakeWhile } from "./wake_while.ts";

thread.on("message", (memory) => {
  thread.postMessage("running");
  wakeWhile(memory as WakeupMemory);
  for (;;);
});
