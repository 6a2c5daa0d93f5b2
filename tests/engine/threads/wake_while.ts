import { type WakeupMemory, wakeupRound } from "../../../src/pacing/wakeup.ts";

const NEVER = 2n ** 62n;

/** Is a wake-up thread until a second and a half after its first worker set a deadline, which is the load's beginning. */
export function wakeWhile(memory: WakeupMemory): void {
  let untilMs = Infinity;
  while (performance.now() < untilMs) {
    if (untilMs === Infinity && Atomics.load(memory.deadlines, 0) < NEVER) {
      untilMs = performance.now() + 1_500;
    }
    wakeupRound(memory);
  }
}
