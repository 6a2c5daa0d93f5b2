/** Entry of the alarm thread: a Worker that does nothing but wake others in time. */
import { thread } from "./thread.ts";
import { type AlarmMemory, runAlarmThread } from "./wakeup.ts";

thread.on("message", (memory) => {
  thread.postMessage("running");
  runAlarmThread(memory as AlarmMemory);
});
