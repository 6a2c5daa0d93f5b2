/**
 * A flow is what one arrival does: named steps, each a request with an expectation. Flows are made once per worker and
 * scenario; an iteration is one arrival going through.
 */
import type { Change, FlowSignature } from "../plan/catalogue.ts";
import type { Target, TlsOptions } from "../plan/plan.ts";
import type { Clock } from "../clock.ts";
import type { WorkerShare } from "../worker_share.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";
import type { Sender } from "../http/step.ts";

export type { Change };
export type { Expectation } from "../http/expectation.ts";
export type { StepOptions, StepResult } from "../http/step.ts";

/** One arrival on its way through a flow. Recording happens inside `step`; in warm-up and probe it goes elsewhere. */
export interface Iteration extends Sender {
  /**
   * Number of the arrival, from 0, unique in the scenario over all workers. What comes before the clock (doctor, probe,
   * warm-up, rehearsal) has numbers that no run's arrival has: `isBeforeTheClock(index)`.
   */
  readonly index: number;
  /** Unique over runs, scenarios, warm-up and arrivals: for names that must not repeat. Letters, digits, hyphens. */
  readonly id: string;
  /** The closed model's user, 0-based. */
  readonly user?: number;
  /**
   * The arrival has what it came for at this instant, which is not that of its last answer: what it waits for is seen by
   * other means, or it goes on looking afterwards. Microseconds of the run's clock; the last call holds.
   */
  endsAt(instantUs: number): void;
}

export interface Flow {
  /**
   * Makes what can be made before the clock starts (keys, accounts, payloads) for about `iterations` arrivals of this
   * worker. Requests sent here are not measured. A returned Failure ends the run before any load (exit 94).
   */
  prepare?(iterations: number): Promise<Failure | undefined>;
  /** Goes through the steps; a returned Failure marks the iteration as failed. Must not throw for what a peer does. */
  run(iteration: Iteration): Promise<Failure | undefined>;
  close?(): Promise<void>;
}

/** What `setup` gets: the scenario in the main thread, before anything else is sent. */
export interface SetupContext<Options> {
  readonly options: Options;
  /** With the scenario's own token. */
  readonly target: Target;
  readonly scenario: string;
  /** Nothing that is sent here is measured. */
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Of one request. */
  readonly timeoutMs: number;
  /** Aborted by an interrupt, and when `setup_timeout` is over. */
  readonly signal: AbortSignal;
  /** One over all scenarios of the run: what names made here begin with. */
  readonly runId: string;
  /**
   * Arrivals that the plan brings, and one for the probe where that is asked for; undefined in the closed model. A doctor's
   * visit is one arrival.
   */
  readonly arrivals: number | undefined;
  /** Whether arrival n (the probe's included) is this machine's: what is made for another is made there. */
  isOwn(n: number): boolean;
  /** For example `progress(20, 500, "certificates issued")`. */
  progress(done: number, of: number, what: string): void;
  /**
   * To be called as soon as something is made: undone after the load whatever happens (Ctrl-C included), the last first and
   * several side by side; what fails then is tried once more after all others. `what` names the thing where it is told
   * that it was left behind; `alone`: after all that was made later, and before all that was made earlier.
   */
  undo(
    what: string,
    action: (signal: AbortSignal) => Promise<Failure | undefined>,
    more?: { readonly alone: boolean },
  ): void;
}

export interface FlowContext<Options> {
  readonly options: Options;
  /** With the scenario's own token. */
  readonly target: Target;
  readonly scenario: string;
  /** For what is not measured: setting up and tidying away. What is measured goes through `Iteration.step`. */
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Of the workers that carry this scenario, for sharing out prepared things. */
  readonly share: WorkerShare;
  readonly signal: AbortSignal;
  /** One over all scenarios of the run. */
  readonly runId: string;
  /** A copy of what `setup` made; undefined where the flow has none. */
  readonly made: unknown;
}

/**
 * What a plan may name: a name, options, steps, and how to make the flow of one scenario in one worker. `create` and `run`
 * may throw only for a fault of the flow's own; what a server does is a Failure.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * import type { Exchange } from "../http/http.ts";
 *
 * const options = z.strictObject({ path: z.string().default("/health").describe("What is asked for") });
 *
 * const health: FlowDefinition<z.output<typeof options>> = {
 *   name: "health",
 *   summary: "One request for the server's health",
 *   tier: "api",
 *   options,
 *   changes: () => "idempotent",
 *   steps: () => ["health"],
 *   create: ({ options, target }) => {
 *     const request = { method: "GET", url: new URL(target.baseUrl + options.path), headers: {} };
 *     return {
 *       run: async (iteration) =>
 *         (await iteration.step("health", request, { status: [200] })).failure,
 *     };
 *   },
 * };
 *
 * // An arrival whose server answers 503.
 * const failure = { class: "status_5xx", message: "expected 200, got 503" } as const;
 * const iteration: Iteration = {
 *   index: 0,
 *   id: "example-0",
 *   signal: new AbortController().signal,
 *   step: () => Promise.resolve({ exchange: {} as Exchange, failure }),
 *   observe: () => {},
 *   count: () => {},
 *   gauge: () => {},
 *   endsAt: () => {},
 *   deployment: () => {},
 * };
 * const context = { options: { path: "/" }, target: { baseUrl: "http://localhost" } };
 * const flow = await health.create(context as FlowContext<z.output<typeof options>>);
 * assertEquals(await flow.run(iteration), failure);
 * ```
 *
 * `docs/write-a-flow.md` goes through one step by step.
 */
export interface FlowDefinition<Options> extends FlowSignature {
  changes(options: Options): Change;
  serverUrl?(options: Options): string | undefined;
  /** How that server is known, and how this client is known to it, where not as the plan's target is. */
  tls?(options: Options): TlsOptions | undefined;
  makes?(options: Options): string | undefined;
  places?(options: Options): number;
  rate?(options: Options): number;
  requests?(options: Options): number;
  asksAgain?(options: Options): boolean;
  commands?(options: Options): readonly (readonly string[])[];
  steps(options: Options): readonly string[];
  /**
   * Once per scenario, in the main thread, before the probe; what it makes goes to the flow in every worker as plain data
   * (structured clone). A returned Failure ends the run before any load (exit 94); what was made by then is undone.
   */
  setup?(context: SetupContext<Options>): Promise<{ readonly made: unknown } | Failure>;
  create(context: FlowContext<Options>): Flow | Promise<Flow>;
}
