/**
 * The threads of a run, its workers and the wake-up thread: what they post, and which of them is lost. One is lost when
 * it dies, when its heap is full, when it gives no sign for too long, or when the process takes more memory than the host
 * can spare; what happened is said in words, and the run goes on to a summary without it.
 */
import os from "node:os";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { formatBytes } from "../metrics/format.ts";
import { endWakeupThread, readBeats, type WakeupMemory } from "../pacing/wakeup.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { messageOf } from "../message_of.ts";

export interface ThreadLimits {
  /** Entries of a worker and of the wake-up thread. */
  readonly script: URL;
  readonly wakeupScript: URL;
  /** A worker posts something each second; this many in silence, and it hangs. */
  readonly silentS: number;
  /** Of one worker. */
  readonly heapBytes: number;
  /** Of the whole process. */
  readonly rssBytes: number;
  /** What a worker gets, after it was told to end what is in flight, before it is ended. */
  readonly lastGraceMs: number;
}

/** Before its first sign a thread has its modules to load (and `deno test` to check their types), on a busy host. */
export const STARTING_S = 120;

/** A full heap ends its thread and not the process; half of the host's memory is left to the server and the rest. */
export function threadLimits(workers: number): ThreadLimits {
  const memory = Math.min(os.totalmem(), constrainedMemory());
  return {
    script: new URL("./worker_thread.ts", import.meta.url),
    wakeupScript: new URL("../pacing/wakeup_thread.ts", import.meta.url),
    silentS: 15,
    heapBytes: Math.min(getHeapStatistics().heap_size_limit, memory / 2 / workers),
    rssBytes: memory * 0.75,
    lastGraceMs: 3_000,
  };
}

/** What a container may take; Infinity outside any. */
function constrainedMemory(): number {
  return process.constrainedMemory?.() || Infinity;
}

interface ThreadEvents {
  readonly onMessage: (worker: number, message: FromWorker) => void;
  /** `reason` goes on from the thread's name: "worker 0 of the generator ..." */
  readonly onLost: (thread: number | "wakeup", reason: string) => void;
}

interface PooledWorker {
  readonly thread: Worker;
  silentS: number;
  /** Done, or lost. */
  over: boolean;
}

export class WorkerPool {
  readonly count: number;
  readonly #limits: ThreadLimits;
  readonly #memory: WakeupMemory;
  readonly #workers: PooledWorker[] = [];
  #events: ThreadEvents | undefined;
  #wakeup: Worker | undefined;
  #beats = 0;
  #stillS = 0;

  constructor(count: number, memory: WakeupMemory, limits: Partial<ThreadLimits> = {}) {
    this.count = count;
    this.#memory = memory;
    this.#limits = { ...threadLimits(count), ...limits };
  }

  get lastGraceMs(): number {
    return this.#limits.lastGraceMs;
  }

  /** Resolves when the wake-up thread runs; rejects when it cannot be started. */
  startWakeup(): Promise<void> {
    const thread = new Worker(this.#limits.wakeupScript);
    this.#wakeup = thread;
    return new Promise((resolve, reject) => {
      thread.once("message", () => resolve());
      thread.on("error", (error: unknown) => {
        reject(new Error(`wake-up thread: ${messageOf(error)}`));
        this.#loseWakeup(`died: ${messageOf(error)}`);
      });
      thread.on("exit", () => this.#loseWakeup("ended before the load did"));
      thread.postMessage(this.#memory);
    });
  }

  startWorkers(events: ThreadEvents): void {
    this.#events = events;
    const { script, heapBytes } = this.#limits;
    for (let index = 0; index < this.count; index++) {
      const thread = new Worker(script, {
        resourceLimits: { maxOldGenerationSizeMb: Math.floor(heapBytes / 2 ** 20) },
      });
      this.#workers.push({ thread, silentS: -STARTING_S, over: false });
      thread.on("message", (message: FromWorker) => this.#onMessage(index, message));
      thread.on("error", (error: unknown) => this.lose(index, this.#causeOf(error)));
      thread.on("exit", () => this.lose(index, "ended before it was done"));
    }
  }

  post(message: (worker: number) => ToWorker): void {
    this.#workers.forEach(({ thread, over }, index) => over || thread.postMessage(message(index)));
  }

  /** To be called once a second: a stop of the whole process then counts as one silent second at the most. */
  watch(): void {
    for (const [index, worker] of this.#workers.entries()) {
      if (++worker.silentS >= this.#limits.silentS) {
        this.lose(index, `gave no sign of life for ${this.#limits.silentS} s: it hangs or loops`);
      }
    }
    this.#watchWakeup();
    const { rss } = Deno.memoryUsage();
    if (rss > this.#limits.rssBytes) {
      this.loseAll(`was ended, as the generator had taken ${formatBytes(rss)} of memory`);
    }
  }

  /** Ends every worker that is not done. */
  loseAll(reason: string): void {
    for (let index = 0; index < this.#workers.length; index++) this.lose(index, reason);
  }

  lose(index: number, reason: string): void {
    const worker = this.#workers[index];
    if (worker === undefined || worker.over) return;
    worker.over = true;
    worker.thread.terminate();
    this.#events?.onLost(index, reason);
  }

  end(): void {
    endWakeupThread(this.#memory);
    this.#events = undefined;
    for (const { thread } of this.#workers) thread.terminate();
    this.#wakeup?.terminate();
  }

  #onMessage(index: number, message: FromWorker): void {
    const worker = this.#workers[index];
    if (worker === undefined || worker.over) return;
    worker.silentS = 0;
    if (message.kind === "fault") return this.lose(index, `failed: ${message.message}`);
    if (message.kind === "done") worker.over = true;
    this.#events?.onMessage(index, message);
  }

  #watchWakeup(): void {
    const beats = readBeats(this.#memory);
    this.#stillS = beats === this.#beats ? this.#stillS + 1 : 0;
    this.#beats = beats;
    if (this.#stillS >= this.#limits.silentS) {
      this.#loseWakeup(`gave no sign of life for ${this.#limits.silentS} s`);
    }
  }

  #loseWakeup(reason: string): void {
    const thread = this.#wakeup;
    if (thread === undefined) return;
    // Before it is ended: that is told as an exit of its own.
    this.#wakeup = undefined;
    thread.terminate();
    this.#events?.onLost("wakeup", reason);
  }

  #causeOf(error: unknown): string {
    const { code } = error as { code?: unknown };
    return code === "ERR_WORKER_OUT_OF_MEMORY"
      ? `ran out of memory, at ${formatBytes(this.#limits.heapBytes)} of its own`
      : `died: ${messageOf(error)}`;
  }
}
