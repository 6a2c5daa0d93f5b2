/** A step as a plan describes it: a request, what is wanted of its answer, what is taken out of it, what is waited for. */
import type { Clock } from "../clock.ts";
import { type Capture, captureFrom } from "../http/capture.ts";
import { type Expectation, judge } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import { hiding } from "../masking/mask.ts";
import type { Target } from "../plan/plan.ts";
import { partsOf } from "../plan/secret.ts";
import type { Iteration, StepOptions } from "./flow.ts";
import { wrongField } from "./json_fields.ts";
import { type KnownValues, type RequestMaker, requestMaker } from "./planned_request.ts";
import type { RequestOptions } from "./request_options.ts";
import { waitUntil, type WaitUntilOptions } from "./wait_until.ts";

/** A pointer, or a header, a pattern or both, as the schema has seen to. */
export interface CaptureOptions {
  readonly json?: string | undefined;
  readonly header?: string | undefined;
  readonly regex?: string | undefined;
}

export interface PlannedStepOptions extends RequestOptions {
  readonly name: string;
  readonly capture?: Readonly<Record<string, CaptureOptions>>;
  readonly wait_until?: WaitUntilOptions | undefined;
}

/** What of a scenario a step needs to know. */
export interface StepSetting extends KnownValues {
  readonly target: Target;
  readonly clock: Clock;
  /** Names of captured values that must not be shown. */
  readonly secret: ReadonlySet<string>;
}

/** What one arrival has captured: its steps add to it. */
export type CapturedValues = Map<string, string>;

export class PlannedStep {
  readonly name: string;
  readonly #make: RequestMaker;
  readonly #expect: Expectation;
  readonly #captures: readonly (readonly [name: string, capture: Capture])[];
  readonly #waitUntil: WaitUntilOptions | undefined;
  readonly #sending: StepOptions;
  readonly #setting: StepSetting;
  /** An answer is judged as the plan says, and that is all. */
  readonly #isPlain: boolean;

  constructor(options: PlannedStepOptions, setting: StepSetting) {
    this.name = options.name;
    this.#setting = setting;
    this.#make = requestMaker(options, setting.target, setting);
    this.#expect = expectationOf(options.expect);
    this.#captures = Object.entries(options.capture ?? {}).map(([name, capture]) => [
      name,
      captureOf(capture),
    ]);
    this.#waitUntil = options.wait_until;
    this.#sending = { fresh: options.new_connection };
    const mayShowSecret = setting.names.some((name) => setting.secret.has(name));
    this.#isPlain = this.#captures.length === 0 && this.#waitUntil === undefined && !mayShowSecret;
  }

  /** Sends it and adds what it captures to `values`. */
  async run(iteration: Iteration, values: CapturedValues): Promise<Failure | undefined> {
    const request = this.#make(iteration, values);
    if (!("url" in request)) return request;
    if (this.#isPlain) {
      return (await iteration.step(this.name, request, this.#expect, this.#sending)).failure;
    }
    return await this.#send(iteration, request, values);
  }

  async #send(
    iteration: Iteration,
    request: HttpRequest,
    values: CapturedValues,
  ): Promise<Failure | undefined> {
    const { clock } = this.#setting;
    const accepted = this.#expect;
    const waiting = this.#waitUntil &&
      waitUntil(this.name, this.#waitUntil, { iteration, request, accepted, clock });
    const check = (exchange: Exchange): Failure | undefined =>
      this.#judge(exchange, values, waiting?.failure());
    const sending = waiting ? { ...this.#sending, again: waiting.again } : this.#sending;
    return (await iteration.step(this.name, request, { check }, sending)).failure;
  }

  /** The second time, where there is something to say, with this arrival's secrets hidden in it. */
  #judge(
    exchange: Exchange,
    values: CapturedValues,
    waited: Failure | undefined,
  ): Failure | undefined {
    const expect = {
      ...this.#expect,
      check: (answer: Exchange) =>
        this.#expect.check?.(answer) ?? waited ?? this.#capture(answer, values),
    };
    if (judge(exchange, expect) === undefined) return undefined;
    return hiding(this.#secretsIn(exchange, values), () => judge(exchange, expect));
  }

  #capture(exchange: Exchange, values: CapturedValues): string | undefined {
    for (const [name, capture] of this.#captures) {
      const value = captureFrom(exchange, capture);
      if (typeof value !== "string") return `cannot capture ${name}: ${value.missing}`;
      values.set(name, value);
    }
    return undefined;
  }

  /** Also of an answer that is refused for something else. */
  #secretsIn(exchange: Exchange, values: CapturedValues): string[] {
    const { secret } = this.#setting;
    const before = [...values].filter(([name]) => secret.has(name)).map(([, value]) => value);
    const here = this.#captures.filter(([name]) => secret.has(name))
      .map(([, capture]) => captureFrom(exchange, capture))
      .filter((value) => typeof value === "string");
    return [...before, ...here].flatMap(partsOf);
  }
}

function captureOf({ json, header, regex }: CaptureOptions): Capture {
  if (json !== undefined) return { json };
  if (header === undefined) return { regex: regex ?? "" };
  return regex === undefined ? { header } : { header, regex };
}

function expectationOf(expect: RequestOptions["expect"]): Expectation {
  const { status, content_type: contentType, json } = expect;
  return {
    status,
    ...(contentType === undefined ? {} : { contentType }),
    ...(json === undefined ? {} : { check: (exchange) => wrongField(exchange, json) }),
  };
}
