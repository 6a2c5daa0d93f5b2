import { type AlarmMemory, alarmRound } from "../../../src/pacing/wakeup.ts";

const NEVER = 2n ** 62n;

/** Is an alarm thread until a second and a half after its first shard set a deadline, which is the load's beginning. */
export function wakeWhile(memory: AlarmMemory): void {
  let untilMs = Infinity;
  while (performance.now() < untilMs) {
    if (untilMs === Infinity && Atomics.load(memory.deadlines, 0) < NEVER) {
      untilMs = performance.now() + 1_500;
    }
    alarmRound(memory);
  }
}
