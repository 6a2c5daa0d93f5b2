/** The faults in force, and the time at which they came into force. */
import type { Effect, Faults, ServerName } from "./faults.ts";
import { effectOn, stalledForMs } from "./faults.ts";

export interface ChaosOptions {
  readonly faults?: Faults;
  /** Numbers in [0, 1); tests give their own. */
  readonly random?: () => number;
}

export class Chaos {
  #faults: Faults;
  #sinceMs = performance.now();
  readonly #random: () => number;
  #closed = false;
  readonly #sleepers = new Set<() => void>();

  constructor({ faults = {}, random = Math.random }: ChaosOptions = {}) {
    this.#faults = faults;
    this.#random = random;
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** From now on; what waits (stalled, delayed, silent) stops waiting. */
  set(faults: Faults): void {
    this.#faults = faults;
    this.#sinceMs = performance.now();
    this.#wake();
  }

  effect(server: ServerName, method: string, path: string): Effect | undefined {
    const { rules } = this.#faults;
    if (rules === undefined || rules.length === 0) return undefined;
    return effectOn(rules, { server, method, path }, this.#random);
  }

  /** The promise of the end of a stall; `undefined` when the server runs. */
  stall(server: ServerName): Promise<void> | undefined {
    const { stalls } = this.#faults;
    if (stalls === undefined || stalls.length === 0) return undefined;
    const leftMs = stalledForMs(stalls, server, performance.now() - this.#sinceMs);
    return leftMs > 0 ? this.sleep(leftMs) : undefined;
  }

  /** Ends early when the faults change. Without a duration: only then. */
  sleep(durationMs?: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = durationMs === undefined ? undefined : setTimeout(wake, durationMs);
      this.#sleepers.add(wake);
    });
  }

  /** Ends every wait, and lets no other begin. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#sleepers]) wake();
  }
}
