/**
 * The garbage collector: independent sweeps of what has expired, at a constant interval. A sweep is one statement of the
 * synchronous store, which waits for a lock for so long and no longer; its failure does not keep the others from running.
 */
import type { Metrics } from "../api/metrics.ts";
import type { Clock } from "../../clock.ts";
import type { Store } from "../store.ts";

export interface Sweep {
  /** Counter of what was swept. */
  readonly counter: string;
  /** Number of rows swept. */
  readonly run: () => number;
}

export interface GarbageCollectorOptions {
  readonly sweeps: readonly Sweep[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** 0 or less: never. */
  readonly intervalMs: number;
  /** Takes a line about a sweep that failed. */
  readonly log: (line: string) => void;
}

export const GC_RUNS = "acme_gc_runs";
export const GC_RUN_FAILURES = "acme_gc_run_failures";

export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    const counters = options.sweeps.map(({ counter }) => counter);
    for (const name of [GC_RUNS, GC_RUN_FAILURES, ...counters]) options.metrics.add(name, 0);
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#loop ??= this.#repeat();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #repeat(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    for (;;) {
      await clock.sleepUntil(clock.nowUs() + intervalMs * 1000, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#collect();
    }
  }

  #collect(): void {
    const { sweeps, metrics } = this.#options;
    metrics.add(GC_RUNS);
    const ended = sweeps.map((sweep) => this.#sweep(sweep));
    if (ended.includes(false)) metrics.add(GC_RUN_FAILURES);
  }

  /** Whether it ended well. */
  #sweep({ counter, run }: Sweep): boolean {
    const { metrics, log } = this.#options;
    try {
      metrics.add(counter, run());
      return true;
    } catch (error) {
      log(`${counter}: ${(error as Error).message}`);
      return false;
    }
  }
}

/** Nonces, authorizations and orders past their time. */
export function acmeSweeps(store: Store, nowMs: () => number): Sweep[] {
  return [
    {
      counter: "acme_gc_nonces_reaped",
      run: () => store.run("DELETE FROM acme_nonces WHERE expires_ms <= ?", nowMs()),
    },
    {
      counter: "acme_gc_authzs_expired",
      run: () =>
        store.run(
          `UPDATE acme_authorizations SET status = 'expired'
           WHERE status = 'pending' AND expires_ms <= ?`,
          nowMs(),
        ),
    },
    {
      counter: "acme_gc_orders_invalidated",
      run: () =>
        store.run(
          `UPDATE acme_orders SET status = 'invalid'
           WHERE status IN ('pending', 'ready', 'processing') AND expires_ms <= ?`,
          nowMs(),
        ),
    },
  ];
}
