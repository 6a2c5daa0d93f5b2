/**
 * What the scenarios of a run make before anything else is sent, and its undoing afterwards. The things that were made are
 * known here alone, so whoever called `make` calls `undo`, whatever happened in between.
 */
import type { Clock } from "../clock.ts";
import type { FlowDefinition, SetupContext } from "../flows/flow.ts";
import { flowNamed } from "../flows/registry.ts";
import { legible } from "../http/expectation.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";
import type { SetupState } from "../metrics/run_state.ts";
import type { NotUndone } from "../metrics/run.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { mostIterations } from "../plan/planned.ts";
import { formatDuration } from "../plan/units.ts";
import { foreign } from "../terminal.ts";
import { after, sleep, type Timer } from "../timer.ts";
import { messageOf } from "../message_of.ts";
import type { Interrupt } from "./coordinator.ts";
import { setupClientFor } from "./scenario_flow.ts";
import { shareOfMachine } from "./sizing.ts";
import { targetOf } from "./target.ts";
import { aborted, TimeLimit } from "./time_limit.ts";
import { type LeftBehind, type Undo, undoAll } from "./undo.ts";
import { isOf, WHOLE, type WorkerShare } from "../worker_share.ts";

export interface SetupOptions {
  readonly plan: Plan;
  readonly runId: string;
  readonly clock: Clock;
  readonly interrupt: Interrupt;
  /** This machine among those that share the run; absent: there is one. */
  readonly machine?: WorkerShare;
  readonly onProgress: (state: SetupState) => void;
  /** Scenarios that are not are left as if their flows made nothing. */
  readonly wanted?: (scenario: Scenario) => boolean;
  /** In place of the plan's. */
  readonly arrivals?: number;
  readonly flow?: (name: string) => Promise<FlowDefinition<unknown>>;
  readonly limits?: Partial<typeof LIMITS>;
}

const LIMITS = {
  /** For a set-up that was told to end, and for an undoing. */
  graceMs: 3_000,
  /** All undoing together, once the run is interrupted for the second time. */
  hurriedMs: 10_000,
};

export type Made =
  /** By the scenario's place in the plan. */
  | { readonly kind: "made"; readonly made: readonly unknown[] }
  | { readonly kind: "failed"; readonly scenario: Scenario; readonly failure: Failure }
  | { readonly kind: "interrupted" };

/** What one scenario made, with what undoing it needs. */
interface Making {
  readonly scenario: Scenario;
  readonly share: WorkerShare;
  readonly client: HttpClient;
  readonly stack: Undo[];
}

export class Setups {
  readonly #options: SetupOptions;
  readonly #limits: typeof LIMITS;
  readonly #makings: Making[] = [];
  readonly #hurry = new AbortController();

  constructor(options: SetupOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /** One scenario after the other, in the plan's order; the first that fails is the last. */
  async make(): Promise<Made> {
    const { plan, interrupt, machine = WHOLE, wanted = () => true, flow = flowNamed } =
      this.#options;
    const made: unknown[] = [];
    for (const [at, scenario] of plan.scenarios.entries()) {
      const share = wanted(scenario) ? shareOfMachine(scenario, machine) : undefined;
      const definition = share && await flow(scenario.flow);
      if (share === undefined || definition?.setup === undefined) continue;
      const result = await this.#make(definition, scenario, share);
      if (interrupt.soft.aborted) return { kind: "interrupted" };
      if (isFailure(result)) return { kind: "failed", scenario, failure: legible(result) };
      made[at] = result.made;
    }
    return { kind: "made", made };
  }

  async #make(
    definition: FlowDefinition<unknown>,
    scenario: Scenario,
    share: WorkerShare,
  ): Promise<{ readonly made: unknown } | Failure> {
    const { plan, interrupt } = this.#options;
    const making = { scenario, share, client: await setupClientFor(plan, scenario), stack: [] };
    this.#makings.push(making);
    const time = new TimeLimit(scenario.setupTimeoutMs, interrupt.soft);
    const ended = new AbortController();
    let state = "it had not told of anything made";
    const context = this.#contextOf(making, time.signal, (text) => {
      state = text;
    });
    try {
      const givenUp = this.#givenUp(time.signal, ended.signal);
      const result = await Promise.race([definition.setup!(context), givenUp]);
      if (time.isOver) return overdue(scenario, state);
      if (!isFailure(result)) return { made: structuredClone(result.made) };
      // What it has under way side by side ends too.
      time.abort();
      return result;
    } catch (error) {
      time.abort();
      return { class: "client", message: `The set-up failed: ${messageOf(error)}` };
    } finally {
      time.clear();
      ended.abort();
    }
  }

  /** A set-up that heeds its signal ends by itself; another one is left to itself. */
  async #givenUp(up: AbortSignal, ended: AbortSignal): Promise<Failure> {
    await aborted(up, ended);
    await sleep(this.#limits.graceMs, ended);
    return { class: "interrupted", message: "The set-up did not end when it was told to" };
  }

  #contextOf(
    { scenario, share, client, stack }: Making,
    signal: AbortSignal,
    tell: (state: string) => void,
  ): SetupContext<unknown> {
    const { plan, clock, runId, onProgress } = this.#options;
    const startedUs = clock.nowUs();
    const { load, name, timeoutMs, changes, probe } = scenario;
    const probed = probe && changes !== "idempotent" ? 1 : 0;
    const own = load.model === "open" ? mostIterations(scenario) ?? 0 : undefined;
    const planned = own === undefined ? undefined : own + probed;
    return {
      options: scenario.with,
      target: targetOf(plan, scenario),
      scenario: name,
      client,
      clock,
      timeoutMs,
      signal,
      runId,
      isOwn: (n) => n >= (own ?? Infinity) || isOf(n, share),
      arrivals: this.#options.arrivals ?? planned,
      progress: (done, of, what) => {
        tell(`${done} of ${of} ${what}`);
        const elapsedS = (clock.nowUs() - startedUs) / 1e6;
        onProgress({ kind: "set-up", scenario: name, done, of, what, elapsedS });
      },
      undo: (what, action, more) => void stack.push({ what, action, ...more }),
    };
  }

  /** The last scenario first, each in the time that its set-up had; much less once the run is interrupted twice. */
  async undo(): Promise<NotUndone[]> {
    const { hard } = this.#options.interrupt;
    const ended = new AbortController();
    // One while for all scenarios together, from the second interrupt on.
    let hurrying: Timer | undefined;
    const hurry = (): void => {
      hurrying = after(this.#limits.hurriedMs, () => this.#hurry.abort());
    };
    if (hard.aborted) hurry();
    else hard.addEventListener("abort", hurry, { signal: ended.signal });
    const left: NotUndone[] = [];
    for (const { scenario, stack, client } of this.#makings.splice(0).reverse()) {
      left.push(...await this.#undo(scenario, stack));
      client.close();
    }
    ended.abort();
    hurrying?.clear();
    return left;
  }

  async #undo({ name, setupTimeoutMs }: Scenario, stack: Undo[]): Promise<NotUndone[]> {
    if (stack.length === 0) return [];
    const { clock, onProgress } = this.#options;
    const { graceMs } = this.#limits;
    const time = new TimeLimit(setupTimeoutMs, this.#hurry.signal);
    const startedUs = clock.nowUs();
    const left: LeftBehind[] = [];
    const told = (done: number, of: number): void => {
      const elapsedS = (clock.nowUs() - startedUs) / 1e6;
      onProgress({ kind: "undoing", scenario: name, done, of, what: "undone", elapsedS });
    };
    // A set-up that failed may have had more under way, which is told of meanwhile.
    while (stack.length > 0) {
      left.push(...await undoAll(stack, { signal: time.signal, graceMs, onProgress: told }));
    }
    time.clear();
    return left.map(({ what, why }) => ({ scenario: name, what: foreign(what, 200), why }));
  }
}

function overdue({ setupTimeoutMs }: Scenario, state: string): Failure {
  const message = `The set-up took more than ${formatDuration(setupTimeoutMs)}: ${state}; ` +
    "give it longer with `setup_timeout`";
  return { class: "timeout", message };
}
