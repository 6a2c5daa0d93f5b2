/** Entry of the wake-up thread, which does nothing but wake others in time. */
import { thread } from "./thread.ts";
import { runWakeupThread, type WakeupMemory } from "./wakeup.ts";

thread.on("message", (memory) => {
  thread.postMessage("running");
  runWakeupThread(memory as WakeupMemory);
});
