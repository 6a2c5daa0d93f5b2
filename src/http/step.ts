/**
 * A named step of a flow: a request, what is wanted of its answer, and what became of it. Who sends steps (`Sender`) is
 * an iteration, which measures them, or a client that only sets up and tidies away; both are asked in the same way.
 */
import type { Deployment } from "../deployment.ts";
import { type Expectation, judge } from "./expectation.ts";
import type { Failure } from "./failure.ts";
import type { Exchange, HttpClient, HttpRequest, SendOptions } from "./http.ts";

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
  /** The connection that is kept under this name, and for nobody else (`SendOptions.connection`). */
  readonly connection?: string;
}

export interface Sender {
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
  /** A value at this instant, for example jobs in flight: its greatest and last of each second are kept. */
  gauge(name: string, value: number): void;
  /** What became of one deployment: of a scenario the first 500 are kept, and the first 500 that went wrong. */
  deployment(deployment: Deployment): void;
}

/** Sends without recording: for what sets up and tidies away. */
export function unmeasured(
  { client, timeoutMs, signal }: {
    readonly client: HttpClient;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Sender {
  return {
    signal,
    observe: () => {},
    count: () => {},
    gauge: () => {},
    deployment: () => {},
    step: (_step, request, expect, { fresh, connection, again } = {}) =>
      sendStep(client, request, expect, { timeoutMs, signal, fresh, connection }, again),
  };
}

/** What of a step is the same for a scenario's iterations and for those that nobody measures. */
export async function sendStep(
  client: HttpClient,
  request: HttpRequest,
  expect: Expectation,
  sendOptions: SendOptions,
  again?: StepOptions["again"],
): Promise<StepResult> {
  let exchange = await client.send(request, sendOptions);
  if (again) exchange = await repeat(client, sendOptions, exchange, again);
  const failure = judge(exchange, expect);
  return failure === undefined ? { exchange } : { exchange, failure };
}

/** Sends what `again` asks for until it asks no more; the result spans all sends. */
async function repeat(
  client: HttpClient,
  options: SendOptions,
  first: Exchange,
  again: NonNullable<StepOptions["again"]>,
): Promise<Exchange> {
  let last = first;
  let request = await again(last);
  while (request !== undefined) {
    const next = await client.send(request, options);
    last = spanning(last, next);
    request = await again(last);
  }
  return last;
}

function spanning(before: Exchange, after: Exchange): Exchange {
  return {
    ...after,
    header: (name) => after.header(name),
    startedUs: before.startedUs,
    blockedUs: before.blockedUs + after.blockedUs,
    bytesSent: before.bytesSent + after.bytesSent,
    bytesReceived: before.bytesReceived + after.bytesReceived,
  };
}
