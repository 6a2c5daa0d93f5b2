/**
 * Runs targets one after the other. `counter` (shared with the thread that watches) says which target is under way and
 * how many cases of it have begun, so that a case that never ends can be named.
 */
import { workerData } from "node:worker_threads";
import { thread } from "../../src/pacing/thread.ts";
import type { Order } from "./order.ts";
import { runTarget } from "./run_target.ts";
import { targets } from "./targets.ts";

const { indices, cases, seed, untilMs, counter } = workerData as Order;
const shared = new Int32Array(counter);
const startedMs = Date.now();
for (const [n, index] of indices.entries()) {
  Atomics.store(shared, 0, index);
  Atomics.store(shared, 1, 0);
  const outcome = await runTarget(targets[index]!, {
    index,
    cases,
    seed,
    untilMs: startedMs + (untilMs - startedMs) * (n + 1) / indices.length,
    onCase: () => void Atomics.add(shared, 1, 1),
    onSeed: (seed) => void Atomics.store(shared, 2, seed),
  });
  thread.postMessage(outcome);
}
thread.postMessage("done");
