/**
 * The garbage collector: independent sweeps of what has expired, at a constant interval. A sweep is one statement, has
 * a time of its own, and its failure does not keep the others from running. Sweeps never overlap: the next pause begins
 * when the last sweep has ended.
 */
import type { Metrics } from "../api/metrics.ts";
import type { Clock } from "../../clock.ts";
import type { Store } from "../store.ts";

export interface Sweep {
  /** Counter of what was swept. */
  readonly counter: string;
  /** Number of rows swept. */
  readonly run: () => number | Promise<number>;
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
const SWEEP_LIMIT_MS = 60_000;

export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    const counters = options.sweeps.map(({ counter }) => counter);
    for (const name of [GC_RUNS, GC_RUN_FAILURES, ...counters]) options.metrics.add(name, 0);
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#loop ??= this.#repeat();
  }

  /** Waits for the run that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#running;
  }

  /** One run; the one under way when there is one. */
  collect(): Promise<void> {
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  async #repeat(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    for (;;) {
      await clock.sleepUntil(clock.nowUs() + intervalMs * 1000, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await this.collect();
    }
  }

  async #run(): Promise<void> {
    const { sweeps, metrics } = this.#options;
    metrics.add(GC_RUNS);
    let failed = false;
    for (const sweep of sweeps) failed = !await this.#sweep(sweep) || failed;
    if (failed) metrics.add(GC_RUN_FAILURES);
  }

  /** Whether it ended well and in time. */
  async #sweep({ counter, run }: Sweep): Promise<boolean> {
    const { metrics, log } = this.#options;
    const over = new AbortController();
    try {
      const swept = await Promise.race([run(), this.#timeout(over.signal)]);
      metrics.add(counter, swept);
      return true;
    } catch (error) {
      log(`${counter}: ${(error as Error).message}`);
      return false;
    } finally {
      over.abort();
    }
  }

  async #timeout(signal: AbortSignal): Promise<never> {
    const { clock } = this.#options;
    await clock.sleepUntil(clock.nowUs() + SWEEP_LIMIT_MS * 1000, signal);
    throw new Error(`the sweep took longer than ${SWEEP_LIMIT_MS / 1000} s`);
  }
}

/**
 * Nonces, authorizations and orders past their time. The store is synchronous: what bounds these is its wait for a lock
 * (5 s), and a statement at work cannot be cut short; the collector's limit is for sweeps that wait.
 */
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
