/**
 * The clock of a load thread. A timer of the event loop is a millisecond late at the median; this one is woken by a
 * thread that does nothing else (`wakeup_thread.ts`), over shared memory, and is 0.1-0.2 ms late.
 *
 * Shared memory, one slot per shard and one doorbell:
 * - `deadlines[shard]`, the next instant (microseconds, BigInt64) that the shard wants to be woken at, or NEVER;
 * - `wakes[shard]`, a counter that the alarm thread raises and notifies when that instant has come;
 * - `doorbell`, raised and notified by a shard that has set an earlier deadline;
 * - `control`, [1 to end the alarm thread, how many stalls it saw, how often it went round];
 * - `stalls`, pairs of instant and duration of the first of them: times at which the alarm thread was itself not run.
 */
import { type Clock, nowUs } from "../clock.ts";

const NEVER = 2n ** 62n;

/** A wait of the alarm thread that ends this much late means that the whole process did not run. */
export const STALL_US = 50_000;

const MAX_STALLS = 256;

/** Slots of `control`. */
const ENDED = 0;
const STALL_COUNT = 1;
const BEATS = 2;

export interface AlarmMemory {
  readonly deadlines: BigInt64Array<SharedArrayBuffer>;
  readonly wakes: Int32Array<SharedArrayBuffer>;
  readonly doorbell: Int32Array<SharedArrayBuffer>;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly stalls: Float64Array<SharedArrayBuffer>;
}

export function createAlarmMemory(shards: number): AlarmMemory {
  const deadlines = new BigInt64Array(new SharedArrayBuffer(8 * shards));
  deadlines.fill(NEVER);
  return {
    deadlines,
    wakes: new Int32Array(new SharedArrayBuffer(4 * shards)),
    doorbell: new Int32Array(new SharedArrayBuffer(4)),
    control: new Int32Array(new SharedArrayBuffer(12)),
    stalls: new Float64Array(new SharedArrayBuffer(16 * MAX_STALLS)),
  };
}

/** A gap in which the process was not run: stopped, suspended with its machine, or starved of CPU. */
export interface Stall {
  readonly atUs: number;
  readonly durationUs: number;
}

/** The stalls so far, the first `MAX_STALLS` of them. */
export function readStalls({ control, stalls }: AlarmMemory): Stall[] {
  const count = Math.min(Atomics.load(control, STALL_COUNT), MAX_STALLS);
  return Array.from({ length: count }, (_, n) => ({
    atUs: stalls[2 * n] ?? 0,
    durationUs: stalls[2 * n + 1] ?? 0,
  }));
}

/** A number that changes at least every `LONGEST_WAIT_US` for as long as the alarm thread runs. */
export function readBeats({ control }: AlarmMemory): number {
  return Atomics.load(control, BEATS);
}

export function endAlarmThread({ control, doorbell }: AlarmMemory): void {
  Atomics.store(control, ENDED, 1);
  ring(doorbell);
}

function ring(doorbell: Int32Array<SharedArrayBuffer>): void {
  Atomics.add(doorbell, 0, 1);
  Atomics.notify(doorbell, 0);
}

interface Sleeper {
  readonly instantUs: number;
  readonly wake: () => void;
}

/** A shard's side of the alarm: any number of sleepers, the earliest of which is the shard's deadline. */
export class AlarmClock implements Clock {
  readonly #memory: AlarmMemory;
  readonly #shard: number;
  readonly #sleepers: Sleeper[] = [];
  #armedUs = Infinity;
  #listening = false;

  constructor(memory: AlarmMemory, shard: number) {
    this.#memory = memory;
    this.#shard = shard;
  }

  nowUs(): number {
    return nowUs();
  }

  sleepUntil(instantUs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || instantUs <= nowUs()) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        instantUs,
        wake: () => {
          signal?.removeEventListener("abort", cancel);
          resolve();
        },
      };
      const cancel = () => {
        this.#forget(sleeper);
        resolve();
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.#insert(sleeper);
      this.#arm();
    });
  }

  #insert(sleeper: Sleeper): void {
    let at = this.#sleepers.length;
    while (at > 0 && (this.#sleepers[at - 1]?.instantUs ?? 0) > sleeper.instantUs) at--;
    this.#sleepers.splice(at, 0, sleeper);
  }

  #forget(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at >= 0) this.#sleepers.splice(at, 1);
  }

  #arm(): void {
    const first = this.#sleepers[0];
    if (first === undefined) return;
    // Before the deadline is set: a wake that comes in between must not be missed.
    if (!this.#listening) this.#listen();
    if (first.instantUs < this.#armedUs) {
      this.#armedUs = first.instantUs;
      Atomics.store(this.#memory.deadlines, this.#shard, BigInt(Math.ceil(first.instantUs)));
      ring(this.#memory.doorbell);
    }
  }

  #listen(): void {
    const { wakes } = this.#memory;
    const seen = Atomics.load(wakes, this.#shard);
    const waiting = Atomics.waitAsync(wakes, this.#shard, seen);
    this.#listening = true;
    Promise.resolve(waiting.value).then(() => this.#rouse());
  }

  #rouse(): void {
    this.#listening = false;
    this.#armedUs = Infinity;
    const now = nowUs();
    while ((this.#sleepers[0]?.instantUs ?? Infinity) <= now) this.#sleepers.shift()?.wake();
    this.#arm();
  }
}

/**
 * The alarm thread's loop: blocks until the earliest deadline or the doorbell, wakes the shards that are due, and notes
 * when it was itself not run in time (a stopped process, a suspended machine, a starved CPU).
 */
export function runAlarmThread(memory: AlarmMemory): void {
  while (Atomics.load(memory.control, ENDED) === 0) alarmRound(memory);
}

/** One round of the loop: at most `LONGEST_WAIT_US`. */
export function alarmRound(memory: AlarmMemory): void {
  const { doorbell, control } = memory;
  Atomics.add(control, BEATS, 1);
  const heard = Atomics.load(doorbell, 0);
  const earliestUs = wakeDue(memory);
  const waitUs = Math.min(earliestUs - nowUs(), LONGEST_WAIT_US);
  if (waitUs <= 0) return;
  const untilUs = nowUs() + waitUs;
  Atomics.wait(doorbell, 0, heard, waitUs / 1000);
  noteStall(memory, untilUs, nowUs() - untilUs);
}

/** Bounds the wait so that a stall is noticed also when nothing is due. */
const LONGEST_WAIT_US = 20_000;

function wakeDue({ deadlines, wakes }: AlarmMemory): number {
  let earliest = NEVER;
  for (let shard = 0; shard < deadlines.length; shard++) {
    const deadline = Atomics.load(deadlines, shard);
    if (deadline <= BigInt(Math.floor(nowUs()))) {
      // Only if it is still the one that was read: the shard may just have set another.
      Atomics.compareExchange(deadlines, shard, deadline, NEVER);
      Atomics.add(wakes, shard, 1);
      Atomics.notify(wakes, shard);
    } else if (deadline < earliest) earliest = deadline;
  }
  return Number(earliest);
}

function noteStall({ control, stalls }: AlarmMemory, atUs: number, durationUs: number): void {
  if (durationUs < STALL_US) return;
  const n = Atomics.load(control, STALL_COUNT);
  if (n >= MAX_STALLS) return;
  stalls[2 * n] = atUs;
  stalls[2 * n + 1] = durationUs;
  Atomics.store(control, STALL_COUNT, n + 1);
}
