/**
 * A flow is what one arrival does: named steps, each a request with an expectation. Flows are made once per worker and
 * scenario; an iteration is one arrival going through.
 */
import type { FlowSignature } from "../plan/catalogue.ts";
import type { Target } from "../plan/plan.ts";
import type { Clock } from "../clock.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpClient, HttpRequest } from "../http/http.ts";

/** What a step accepts as an answer. What does not fit makes the step a failure with a class. */
export interface Expectation {
  readonly status: readonly number[];
  /** Media type without parameters, for example `application/json`. */
  readonly contentType?: string;
  /** Looks into the answer; a returned sentence is the complaint (class `unexpected_body`), a Failure is taken as it is. */
  readonly check?: (exchange: Exchange) => string | Failure | undefined;
}

/** A step's outcome: the exchange, and the failure of transport or expectation if there was one. */
export interface StepResult {
  readonly exchange: Exchange;
  readonly failure?: Failure;
}

export interface StepOptions {
  /**
   * Shown every answer before it is judged: a returned request is sent in the same step (ACME's answer to a refused
   * nonce, RFC 8555 section 6.5). The step's durations then run from the first send to the last byte of the last
   * answer, the phases are the last exchange's, and one sample is recorded. The flow bounds and counts the repetitions.
   */
  readonly again?: (exchange: Exchange) => Promise<HttpRequest | undefined>;
  /** A new connection with a full handshake for this request alone. */
  readonly fresh?: boolean;
}

/** One arrival on its way through a flow. Recording happens inside `step`; in warm-up and probe it goes elsewhere. */
export interface Iteration {
  /** Number of the arrival, unique in the scenario over all workers; warm-up has numbers of its own. */
  readonly index: number;
  /** Unique over runs, scenarios, warm-up and arrivals: for names that must not repeat. Letters, digits, hyphens. */
  readonly id: string;
  /** The closed model's user, 0-based. */
  readonly user?: number;
  readonly signal: AbortSignal;
  /**
   * Sends a request as the named step. The first step of an iteration is timed from the planned instant; a later one
   * from when it is sent. `step` must be one of the flow's `steps(options)`.
   */
  step(
    step: string,
    request: HttpRequest,
    expect: Expectation,
    options?: StepOptions,
  ): Promise<StepResult>;
  /** Records a duration that is not a request's, for example `signing` or `poll_wait`. Microseconds. */
  observe(name: string, durationUs: number): void;
  /** Adds to a named counter, for example `bad_nonce_retries`. */
  count(name: string, by?: number): void;
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

export interface FlowContext<Options> {
  readonly options: Options;
  readonly target: Target;
  readonly scenario: string;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** This worker's place among the workers, for sharing out prepared things. */
  readonly shard: { readonly index: number; readonly count: number };
  readonly signal: AbortSignal;
}

export interface FlowDefinition<Options> extends FlowSignature {
  /** An iteration changes what the next may expect (a limit used up): no probe and no warm-up go through it. */
  readonly once?: true;
  create(context: FlowContext<Options>): Flow | Promise<Flow>;
}
