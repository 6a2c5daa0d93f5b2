/**
 * Runs targets one after the other. `counter` (shared with the thread that watches) says which target is under way and
 * how many cases of it have begun, so that a case that never ends can be named.
 */
import { workerData } from "node:worker_threads";
import { thread } from "../../src/pacing/thread.ts";
import { CHUNK, type Order, type Outcome } from "./order.ts";
import { targets } from "./targets.ts";
import type { AnyTarget } from "./target.ts";

/** Of a target whose share others have used up. */
const LEAST_MS = 50;

const order = workerData as Order;
const chosen = order.indices.map((index) => [index, targets[index]!] as const);
const startedMs = Date.now();
for (const [n, [index, target]] of chosen.entries()) {
  const untilMs = startedMs + (order.untilMs - startedMs) * (n + 1) / chosen.length;
  thread.postMessage(await runTarget(index, target, order, untilMs));
}
thread.postMessage("done");

async function runTarget(
  index: number,
  target: AnyTarget,
  { cases, seed, counter }: Order,
  untilMs: number,
): Promise<Outcome> {
  const shared = new Int32Array(counter);
  Atomics.store(shared, 0, index);
  Atomics.store(shared, 1, 0);
  const onCase = (): void => void Atomics.add(shared, 1, 1);
  const startedMs = Date.now();
  let done = 0;
  for (let chunk = 0; done < cases && (chunk === 0 || Date.now() < untilMs); chunk++) {
    const numRuns = Math.min(CHUNK, cases - done);
    Atomics.store(shared, 2, seed + chunk);
    try {
      const parameters = { numRuns, seed: seed + chunk, includeErrorInReport: true };
      const interruptAfterTimeLimit = Math.max(untilMs - Date.now(), LEAST_MS);
      await target.run({ ...parameters, interruptAfterTimeLimit }, onCase);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const tookMs = Date.now() - startedMs;
      return { index, cases: Atomics.load(shared, 1), tookMs, problem, seed: seed + chunk };
    }
    done += numRuns;
  }
  return { index, cases: Atomics.load(shared, 1), tookMs: Date.now() - startedMs };
}
