/** One arrival going through a flow: sends, judges and records each step. */
import { legible } from "../http/expectation.ts";
import type { Expectation, Iteration, StepOptions, StepResult } from "../flows/flow.ts";
import { sendStep } from "../http/step.ts";
import { nowUs } from "../clock.ts";
import type { Deployment } from "../deployment.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpClient, HttpRequest, SendOptions } from "../http/http.ts";
import { messageOf } from "../message_of.ts";

/** Where steps are recorded: the scenario's recorder, or a place that forgets (warm-up) or shows (probe). */
export interface StepRecorder {
  step(stepIndex: number, plannedUs: number, exchange: Exchange, failure?: Failure): void;
  observe(name: string, durationUs: number): void;
  count(name: string, by?: number): void;
  gauge(name: string, value: number, atUs: number): void;
  deployment(deployment: Deployment): void;
}

/** What all iterations of a scenario in a worker share. */
export interface IterationScope {
  readonly steps: readonly string[];
  readonly client: HttpClient;
  readonly recorder: StepRecorder;
  readonly reusing: SendOptions;
  readonly fresh: SendOptions;
  readonly signal: AbortSignal;
  /** Beginning of every iteration's id. */
  readonly idPrefix: string;
  /** The number of the first: 0 in the load. */
  readonly firstIndex: number;
}

export function createScope(
  given: Omit<IterationScope, "reusing" | "fresh"> & { readonly timeoutMs: number },
): IterationScope {
  const { timeoutMs, ...scope } = given;
  const reusing: SendOptions = { timeoutMs, signal: scope.signal };
  return { ...scope, reusing, fresh: { ...reusing, fresh: true } };
}

export class RunningIteration implements Iteration {
  readonly index: number;
  readonly user?: number;
  /** The open model's planned instant; the closed model's is when the first step is sent. */
  readonly #plannedUs: number | undefined;
  readonly #scope: IterationScope;
  /** When the first step's request was sent; undefined before. */
  startedUs: number | undefined;
  /** Last byte of the last answer so far; undefined before the first. */
  #answeredUs: number | undefined;
  /** What the flow says of its end. */
  #endsAtUs: number | undefined;
  blockedUs = 0;

  /** `n`: which of the scope's it is, from 0. */
  constructor(scope: IterationScope, n: number, plannedUs?: number, user?: number) {
    this.#scope = scope;
    this.#plannedUs = plannedUs;
    this.index = scope.firstIndex + n;
    if (user !== undefined) this.user = user;
  }

  get id(): string {
    const { idPrefix, firstIndex } = this.#scope;
    return `${idPrefix}${this.index - firstIndex}`;
  }

  /** Undefined before there was anything. */
  get endedUs(): number | undefined {
    return this.#endsAtUs ?? this.#answeredUs;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  async step(
    step: string,
    request: HttpRequest,
    expect: Expectation,
    options?: StepOptions,
  ): Promise<StepResult> {
    const { steps, client, recorder, fresh, reusing } = this.#scope;
    const shared = options?.fresh ? fresh : reusing;
    const connection = options?.connection;
    const sendOptions = connection === undefined ? shared : { ...shared, connection };
    const result = await sendStep(client, request, expect, sendOptions, options?.again);
    const { exchange, failure } = result;
    const isFirst = this.startedUs === undefined;
    if (isFirst) this.startedUs = exchange.startedUs;
    const plannedUs = isFirst ? this.#plannedUs ?? exchange.startedUs : exchange.startedUs;
    recorder.step(steps.indexOf(step), plannedUs, exchange, failure);
    this.#answeredUs = exchange.endedUs;
    this.blockedUs += exchange.blockedUs;
    return result;
  }

  endsAt(instantUs: number): void {
    this.#endsAtUs = instantUs;
  }

  observe(name: string, durationUs: number): void {
    this.#scope.recorder.observe(name, durationUs);
  }

  count(name: string, by = 1): void {
    this.#scope.recorder.count(name, by);
  }

  gauge(name: string, value: number): void {
    this.#scope.recorder.gauge(name, value, nowUs());
  }

  deployment(deployment: Deployment): void {
    this.#scope.recorder.deployment(deployment);
  }
}

/** What a flow's run came to. A flow that throws has a fault of its own: that is a failure too, not the run's end. */
export async function runIteration(
  run: (iteration: Iteration) => Promise<Failure | undefined>,
  iteration: RunningIteration,
): Promise<{ endedUs: number; failure?: Failure }> {
  try {
    const failure = await run(iteration);
    const endedUs = iteration.endedUs ?? nowUs();
    return failure === undefined ? { endedUs } : { endedUs, failure: legible(failure) };
  } catch (error) {
    const message = messageOf(error);
    return { endedUs: nowUs(), failure: legible({ class: "client", message }) };
  }
}
