/** A clock that stands still until a test moves it. */
import type { Clock } from "../src/clock.ts";

interface Sleeper {
  readonly instantUs: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  #nowUs: number;
  #sleepers: Sleeper[] = [];

  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  sleepUntil(instantUs: number, signal?: AbortSignal): Promise<void> {
    if (instantUs <= this.#nowUs || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { instantUs, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Moves time without waking anyone, as a stopped process sees it. */
  jump(us: number): void {
    this.#nowUs += us;
  }

  /** Moves time forward, stopping at every sleeper's instant so that what it wakes happens at that instant. */
  async advance(us: number): Promise<void> {
    const untilUs = this.#nowUs + us;
    await settle();
    for (;;) {
      const next = this.#sleepers.sort((a, b) => a.instantUs - b.instantUs)[0];
      if (next === undefined || next.instantUs > untilUs) break;
      this.#sleepers.shift();
      this.#nowUs = Math.max(this.#nowUs, next.instantUs);
      next.wake();
      await settle();
    }
    this.#nowUs = untilUs;
    await settle();
  }
}

/** Lets everything that is ready run: promise reactions, and what they start. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
