/** A program whose workers end by what nobody caught: it prints why they are lost, and nothing else should. */
import { WorkerPool } from "../../../src/engine/worker_pool.ts";
import type { ToWorker } from "../../../src/engine/messages.ts";
import { createWakeupMemory } from "../../../src/pacing/wakeup.ts";

const MISDEEDS = ["throw", "reject"];
const script = new URL("./misbehaving_thread.ts", import.meta.url);
const pool = new WorkerPool(MISDEEDS.length, createWakeupMemory(MISDEEDS.length), { script });
const reasons: string[] = [];
pool.startWorkers({
  onMessage: () => {},
  onLost: (_, reason) => {
    reasons.push(reason);
    if (reasons.length < MISDEEDS.length) return;
    Deno.stdout.writeSync(new TextEncoder().encode(reasons.sort().join("\n")));
    // What the runtime prints of a thread that it ends comes after its last message.
    setTimeout(() => pool.end(), 200);
  },
});
pool.post((worker) => ({ kind: "stop", misdeed: MISDEEDS[worker] }) as unknown as ToWorker);
