/**
 * The Workers of a run: what they say, and which of them is lost. A thread is lost when it dies, when its heap is full,
 * when it gives no sign for too long, or when the process takes more memory than the host can spare; what happened is
 * said in words, and the run goes on to a summary without it.
 */
import os from "node:os";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { formatBytes } from "../metrics/format.ts";
import { type AlarmMemory, endAlarmThread, readBeats } from "../pacing/wakeup.ts";
import type { FromShard, ToShard } from "./messages.ts";

export interface ThreadLimits {
  /** Entries of a load thread and of the alarm thread. */
  readonly script: URL;
  readonly alarmScript: URL;
  /** A load thread says something each second; this many in silence, and it hangs. */
  readonly silentS: number;
  /** Of one load thread. */
  readonly heapBytes: number;
  /** Of the whole process. */
  readonly rssBytes: number;
}

/** Before its first sign a thread has its modules to load (and `deno test` to check their types), on a busy host. */
export const STARTING_S = 120;

/** A full heap ends its thread and not the process; half of the host's memory is left to the server and the rest. */
export function threadLimits(threads: number): ThreadLimits {
  const memory = Math.min(os.totalmem(), constrainedMemory());
  return {
    script: new URL("./worker_thread.ts", import.meta.url),
    alarmScript: new URL("../pacing/wakeup_thread.ts", import.meta.url),
    silentS: 15,
    heapBytes: Math.min(getHeapStatistics().heap_size_limit, memory / 2 / threads),
    rssBytes: memory * 0.75,
  };
}

/** What a container may take; Infinity outside any. */
function constrainedMemory(): number {
  return process.constrainedMemory?.() || Infinity;
}

export interface ThreadEvents {
  readonly onMessage: (thread: number, message: FromShard) => void;
  /** `reason` goes on from the thread's name: "worker 0 of the generator ..." */
  readonly onLost: (thread: number | "alarm", reason: string) => void;
}

interface LoadThread {
  readonly worker: Worker;
  silentS: number;
  /** Said that it is done, or lost. */
  over: boolean;
}

export class Threads {
  readonly count: number;
  readonly #limits: ThreadLimits;
  readonly #memory: AlarmMemory;
  readonly #load: LoadThread[] = [];
  #events: ThreadEvents | undefined;
  #alarm: Worker | undefined;
  #beats = 0;
  #stillS = 0;

  constructor(count: number, memory: AlarmMemory, limits: Partial<ThreadLimits> = {}) {
    this.count = count;
    this.#memory = memory;
    this.#limits = { ...threadLimits(count), ...limits };
  }

  /** Resolves when the alarm thread runs; rejects when it cannot be started. */
  startAlarm(): Promise<void> {
    const worker = new Worker(this.#limits.alarmScript);
    this.#alarm = worker;
    return new Promise((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.on("error", (error: unknown) => {
        reject(new Error(`alarm thread: ${messageOf(error)}`));
        this.#loseAlarm(`died: ${messageOf(error)}`);
      });
      worker.on("exit", () => this.#loseAlarm("ended before the load did"));
      worker.postMessage(this.#memory);
    });
  }

  startLoad(events: ThreadEvents): void {
    this.#events = events;
    const { script, heapBytes } = this.#limits;
    for (let index = 0; index < this.count; index++) {
      const worker = new Worker(script, {
        resourceLimits: { maxOldGenerationSizeMb: Math.floor(heapBytes / 2 ** 20) },
      });
      this.#load.push({ worker, silentS: -STARTING_S, over: false });
      worker.on("message", (message: FromShard) => this.#hear(index, message));
      worker.on("error", (error: unknown) => this.lose(index, this.#causeOf(error)));
      worker.on("exit", () => this.lose(index, "ended before it was done"));
    }
  }

  say(message: (thread: number) => ToShard): void {
    this.#load.forEach(({ worker, over }, index) => over || worker.postMessage(message(index)));
  }

  /** To be called once a second: a stop of the whole process then counts as one silent second at the most. */
  watch(): void {
    for (const [index, thread] of this.#load.entries()) {
      if (++thread.silentS >= this.#limits.silentS) {
        this.lose(index, `gave no sign of life for ${this.#limits.silentS} s: it hangs or loops`);
      }
    }
    this.#watchAlarm();
    const { rss } = Deno.memoryUsage();
    if (rss > this.#limits.rssBytes) {
      this.loseAll(`was ended, as the generator had taken ${formatBytes(rss)} of memory`);
    }
  }

  /** Ends every thread that is not done. */
  loseAll(reason: string): void {
    for (let index = 0; index < this.#load.length; index++) this.lose(index, reason);
  }

  lose(index: number, reason: string): void {
    const thread = this.#load[index];
    if (thread === undefined || thread.over) return;
    thread.over = true;
    thread.worker.terminate();
    this.#events?.onLost(index, reason);
  }

  end(): void {
    endAlarmThread(this.#memory);
    this.#events = undefined;
    for (const { worker } of this.#load) worker.terminate();
    this.#alarm?.terminate();
  }

  #hear(index: number, message: FromShard): void {
    const thread = this.#load[index];
    if (thread === undefined || thread.over) return;
    thread.silentS = 0;
    if (message.kind === "fault") return this.lose(index, `failed: ${message.message}`);
    if (message.kind === "done") thread.over = true;
    this.#events?.onMessage(index, message);
  }

  #watchAlarm(): void {
    const beats = readBeats(this.#memory);
    this.#stillS = beats === this.#beats ? this.#stillS + 1 : 0;
    this.#beats = beats;
    if (this.#stillS >= this.#limits.silentS) {
      this.#loseAlarm(`gave no sign of life for ${this.#limits.silentS} s`);
    }
  }

  #loseAlarm(reason: string): void {
    const alarm = this.#alarm;
    if (alarm === undefined) return;
    // Before it is ended: that is told as an exit of its own.
    this.#alarm = undefined;
    alarm.terminate();
    this.#events?.onLost("alarm", reason);
  }

  #causeOf(error: unknown): string {
    const { code } = error as { code?: unknown };
    return code === "ERR_WORKER_OUT_OF_MEMORY"
      ? `ran out of memory, at ${formatBytes(this.#limits.heapBytes)} of its own`
      : `died: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
