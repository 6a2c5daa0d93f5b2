/**
 * Before the clock starts: connections opened and code paths warmed by unmeasured iterations. Iterations run side by
 * side, because that is what makes the pool open as many connections as the load will need.
 */
import type { Flow } from "../flows/flow.ts";
import type { Scenario } from "../plan/plan.ts";
import { nowUs } from "../clock.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";
import {
  type IterationScope,
  runIteration,
  RunningIteration,
  type StepRecorder,
} from "./iteration.ts";
import { connectionsNeeded } from "./sizing.ts";

export interface WarmupResult {
  readonly requests: number;
  readonly connections: number;
}

/** Counts and times what passes, and keeps nothing else. */
class WarmupRecorder implements StepRecorder {
  requests = 0;
  connections = 0;
  #serviceUs = 0;

  step(_step: number, _plannedUs: number, exchange: Exchange, _failure?: Failure): void {
    this.requests++;
    this.#serviceUs += exchange.endedUs - exchange.startedUs;
    if (!exchange.reused && exchange.failure === undefined) this.connections++;
  }

  observe(): void {}

  count(): void {}

  gauge(): void {}

  deployment(): void {}

  get meanServiceMs(): number {
    return this.requests === 0 ? 0 : this.#serviceUs / this.requests / 1000;
  }
}

export interface WarmupOptions {
  readonly scenario: Scenario;
  readonly share: WorkerShare;
  readonly flow: Flow;
  readonly scopeOf: (recorder: StepRecorder) => IterationScope;
}

export async function warmUp(options: WarmupOptions): Promise<WarmupResult> {
  const { scenario, share, flow, scopeOf } = options;
  const { warmup } = scenario;
  const recorder = new WarmupRecorder();
  const scope = scopeOf(recorder);
  const untilUs = nowUs() + warmup.durationMs * 1000;
  let index = 0;
  const runs = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => {
      const iteration = new RunningIteration(scope, index++);
      return runIteration((each) => flow.run(each), iteration);
    }));
  // What changes something is sent no more often than the plan has it, however many connections that opens.
  const isStrict = scenario.changes !== "idempotent";
  const most = isStrict ? partOf(warmup.requests, share) : warmup.requests;
  const needed = (): number => {
    const wanted = connectionsNeeded(scenario, share, recorder.meanServiceMs);
    return isStrict ? Math.min(wanted, most - index) : wanted;
  };
  // One by itself first: its duration tells how many connections the load will keep busy.
  if (most > 0) await runs(1);
  let width = 0;
  while (index < most || width < needed()) {
    if (most === 0 || nowUs() > untilUs || scope.signal.aborted) break;
    width = needed();
    await runs(width);
  }
  const { requests, connections } = recorder;
  return { requests, connections };
}
