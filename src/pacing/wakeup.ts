/**
 * The clock of a worker. A timer of the event loop is a millisecond late at the median; this one is woken by a
 * thread that does nothing else (`wakeup_thread.ts`), over shared memory, and is 0.1-0.2 ms late.
 *
 * Shared memory, one slot per worker and one event:
 * - `deadlines[worker]`, the next instant (microseconds, BigInt64) that the worker wants to be woken at, or NEVER;
 * - `following[worker]`, what takes the deadline's place once that has come: the wake-up thread knows how long to wait
 *   without being woken itself for every arrival;
 * - `wakes[worker]`, a counter that the wake-up thread raises and notifies when that instant has come;
 * - `event`, raised and notified by a worker that has set an earlier deadline;
 * - `control`, [1 to end the wake-up thread, how many stalls it saw, how often it went round];
 * - `stalls`, pairs of instant and duration of the first of them: times at which the wake-up thread was itself not run.
 */
import { type Clock, nowUs } from "../clock.ts";

const NEVER = 2n ** 62n;

/** A wait of the wake-up thread that ends this much late means that the whole process did not run. */
export const STALL_US = 50_000;

const MAX_STALLS = 256;

/** Slots of `control`. */
const ENDED = 0;
const STALL_COUNT = 1;
const BEATS = 2;

export interface WakeupMemory {
  readonly deadlines: BigInt64Array<SharedArrayBuffer>;
  readonly following: BigInt64Array<SharedArrayBuffer>;
  readonly wakes: Int32Array<SharedArrayBuffer>;
  readonly event: Int32Array<SharedArrayBuffer>;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly stalls: Float64Array<SharedArrayBuffer>;
}

export function createWakeupMemory(workers: number): WakeupMemory {
  const instants = (): BigInt64Array<SharedArrayBuffer> =>
    new BigInt64Array(new SharedArrayBuffer(8 * workers)).fill(NEVER);
  return {
    deadlines: instants(),
    following: instants(),
    wakes: new Int32Array(new SharedArrayBuffer(4 * workers)),
    event: new Int32Array(new SharedArrayBuffer(4)),
    control: new Int32Array(new SharedArrayBuffer(12)),
    stalls: new Float64Array(new SharedArrayBuffer(16 * MAX_STALLS)),
  };
}

/** A gap in which the process was not run: stopped, suspended with its machine, or starved of CPU. */
interface Stall {
  readonly atUs: number;
  readonly durationUs: number;
}

/** The stalls so far, the first `MAX_STALLS` of them. */
export function readStalls({ control, stalls }: WakeupMemory): Stall[] {
  const count = Math.min(Atomics.load(control, STALL_COUNT), MAX_STALLS);
  return Array.from({ length: count }, (_, n) => ({
    atUs: stalls[2 * n] ?? 0,
    durationUs: stalls[2 * n + 1] ?? 0,
  }));
}

/** A number that changes at least every `LONGEST_WAIT_US` for as long as the wake-up thread runs. */
export function readBeats({ control }: WakeupMemory): number {
  return Atomics.load(control, BEATS);
}

export function endWakeupThread({ control, event }: WakeupMemory): void {
  Atomics.store(control, ENDED, 1);
  signal(event);
}

function signal(event: Int32Array<SharedArrayBuffer>): void {
  Atomics.add(event, 0, 1);
  Atomics.notify(event, 0);
}

interface Sleeper {
  readonly instantUs: number;
  /** When it will sleep next; Infinity where it does not know. */
  readonly thenUs: number;
  readonly wake: () => void;
}

/** A worker's side: any number of sleepers, the earliest of which is the worker's deadline. */
export class WakeupClock implements Clock {
  readonly #memory: WakeupMemory;
  readonly #worker: number;
  readonly #sleepers: Sleeper[] = [];
  #listening = false;
  /** The counter of wakes when this worker was woken last. */
  #wakesSeen = 0;

  constructor(memory: WakeupMemory, worker: number) {
    this.#memory = memory;
    this.#worker = worker;
  }

  nowUs(): number {
    return nowUs();
  }

  sleepUntil(instantUs: number, signal?: AbortSignal, thenUs = Infinity): Promise<void> {
    if (signal?.aborted || instantUs <= nowUs()) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        instantUs,
        thenUs,
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
    const [first, second] = this.#sleepers;
    if (first === undefined) return;
    // Before the deadline is set: a wake that comes in between must not be missed.
    if (!this.#listening) this.#listen();
    const { deadlines, following, event } = this.#memory;
    const deadline = bigintOf(first.instantUs);
    const thenUs = Math.min(first.thenUs, second?.instantUs ?? Infinity);
    Atomics.store(following, this.#worker, bigintOf(thenUs));
    if (deadline < Atomics.load(deadlines, this.#worker)) {
      Atomics.store(deadlines, this.#worker, deadline);
      signal(event);
    }
  }

  #listen(): void {
    this.#listening = true;
    // What came since it was woken last counts: the wait then ends at once.
    const waiting = Atomics.waitAsync(this.#memory.wakes, this.#worker, this.#wakesSeen);
    Promise.resolve(waiting.value).then(() => this.#rouse());
  }

  #rouse(): void {
    this.#listening = false;
    this.#wakesSeen = Atomics.load(this.#memory.wakes, this.#worker);
    const now = nowUs();
    while ((this.#sleepers[0]?.instantUs ?? Infinity) <= now) this.#sleepers.shift()?.wake();
    this.#arm();
  }
}

function bigintOf(instantUs: number): bigint {
  return instantUs === Infinity ? NEVER : BigInt(Math.ceil(instantUs));
}

/**
 * The wake-up thread's loop: blocks until the earliest deadline or an event, wakes the workers that are due, and notes
 * when it was itself not run in time (a stopped process, a suspended machine, a starved CPU).
 */
export function runWakeupThread(memory: WakeupMemory): void {
  while (Atomics.load(memory.control, ENDED) === 0) wakeupRound(memory);
}

/** One round of the loop: at most `LONGEST_WAIT_US`. */
export function wakeupRound(memory: WakeupMemory): void {
  const { event, control } = memory;
  Atomics.add(control, BEATS, 1);
  const heard = Atomics.load(event, 0);
  const earliestUs = wakeDue(memory);
  const waitUs = Math.min(earliestUs - nowUs(), LONGEST_WAIT_US);
  if (waitUs <= 0) return;
  const untilUs = nowUs() + waitUs;
  Atomics.wait(event, 0, heard, waitUs / 1000);
  noteStall(memory, untilUs, nowUs() - untilUs);
}

/** Bounds the wait so that a stall is noticed also when nothing is due. */
const LONGEST_WAIT_US = 20_000;

function wakeDue(memory: WakeupMemory): number {
  const { deadlines, wakes } = memory;
  let earliest = NEVER;
  for (let worker = 0; worker < deadlines.length; worker++) {
    if (Atomics.load(deadlines, worker) <= BigInt(Math.floor(nowUs()))) {
      advance(memory, worker);
      Atomics.add(wakes, worker, 1);
      Atomics.notify(wakes, worker);
    }
    const deadline = Atomics.load(deadlines, worker);
    if (deadline < earliest) earliest = deadline;
  }
  return Number(earliest);
}

/** The following instant becomes the deadline, unless the worker has just set another. */
function advance({ deadlines, following }: WakeupMemory, worker: number): void {
  const due = Atomics.load(deadlines, worker);
  const next = Atomics.exchange(following, worker, NEVER);
  Atomics.compareExchange(deadlines, worker, due, next);
}

function noteStall({ control, stalls }: WakeupMemory, atUs: number, durationUs: number): void {
  if (durationUs < STALL_US) return;
  const n = Atomics.load(control, STALL_COUNT);
  if (n >= MAX_STALLS) return;
  stalls[2 * n] = atUs;
  stalls[2 * n + 1] = durationUs;
  Atomics.store(control, STALL_COUNT, n + 1);
}
