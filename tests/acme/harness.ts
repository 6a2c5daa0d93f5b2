/**
 * A small iteration and a fetch-based client, so that flows are tested without the engine: what it records is what a
 * test wants to look at.
 */
import type { FlowMeasures } from "../../src/measures.ts";
import type {
  Expectation,
  Flow,
  FlowContext,
  FlowDefinition,
  Iteration,
} from "../../src/flows/flow.ts";
import type { StepOptions, StepResult } from "../../src/flows/flow.ts";
import { judge } from "../../src/http/expectation.ts";
import { nowUs } from "../../src/clock.ts";
import type { Deployment } from "../../src/deployment.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { Exchange, HttpClient, HttpRequest } from "../../src/http/http.ts";

export const systemClock = {
  nowUs,
  sleepUntil: (instantUs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, (instantUs - nowUs()) / 1000));
      signal?.addEventListener("abort", done);
    }),
};

/** A client over fetch; `caCert` is the PEM root to trust. */
export function fetchClient(caCert?: string): HttpClient {
  const client = Deno.createHttpClient(caCert === undefined ? {} : { caCerts: [caCert] });
  return {
    send: (request) => exchangeOf(client, request),
    open: () => Promise.resolve(0),
    close: () => client.close(),
  };
}

async function exchangeOf(client: Deno.HttpClient, request: HttpRequest): Promise<Exchange> {
  const startedUs = nowUs();
  const base = { request, startedUs, blockedUs: 0, reused: true, bytesSent: 0 };
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body as BodyInit | undefined,
      redirect: "manual",
      client,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    return {
      ...base,
      endedUs: nowUs(),
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body,
      bytesReceived: body.length,
    };
  } catch (error) {
    return {
      ...base,
      endedUs: nowUs(),
      status: 0,
      header: () => undefined,
      body: new Uint8Array(),
      bytesReceived: 0,
      failure: { class: "connect", message: String(error) },
    };
  }
}

export interface Recorded {
  readonly step: string;
  readonly exchange: Exchange;
  readonly failure?: Failure;
}

/** One arrival; everything that the flow tells it is kept. */
export class TestIteration implements Iteration {
  readonly id: string;
  readonly signal = new AbortController().signal;
  readonly steps: Recorded[] = [];
  readonly observed: { name: string; durationUs: number }[] = [];
  readonly counts: Record<string, number> = {};
  readonly gauges: { name: string; value: number }[] = [];
  readonly #client: HttpClient;

  constructor(client: HttpClient, readonly index = 0) {
    this.#client = client;
    this.id = `t${index}`;
  }

  async step(
    step: string,
    request: HttpRequest,
    expect: Expectation,
    options?: StepOptions,
  ): Promise<StepResult> {
    const { connection } = options ?? {};
    const sendOptions = { timeoutMs: 10_000, signal: this.signal, connection };
    let exchange = await this.#client.send(request, sendOptions);
    for (;;) {
      const again = await options?.again?.(exchange);
      if (again === undefined) break;
      exchange = await this.#client.send(again, sendOptions);
    }
    const failure = judge(exchange, expect);
    this.steps.push({ step, exchange, failure });
    return { exchange, failure };
  }

  observe(name: string, durationUs: number): void {
    this.observed.push({ name, durationUs });
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  gauge(name: string, value: number): void {
    this.gauges.push({ name, value });
  }

  readonly deployments: Deployment[] = [];

  deployment(deployment: Deployment): void {
    this.deployments.push(deployment);
  }

  /** As the flow says, if it does. */
  endedUs: number | undefined;

  endsAt(instantUs: number): void {
    this.endedUs = instantUs;
  }

  /** What was told by names that the flow does not say it measures. */
  undeclared({ measures = {} }: { readonly measures?: FlowMeasures }): string[] {
    const told = [...this.observed.map(({ name }) => name), ...Object.keys(this.counts)];
    const said = new Set(
      [measures.durations, measures.counters].flatMap((names) => Object.keys(names ?? {})),
    );
    return told.filter((name) => !said.has(name));
  }

  stepNames(): string[] {
    return this.steps.map(({ step }) => step);
  }
}

/** What a flow gets besides its options. */
export function contextFor(client: HttpClient): Omit<FlowContext<unknown>, "options"> {
  return {
    client,
    target: { baseUrl: "http://127.0.0.1:9", headers: {}, tls: { insecureSkipVerify: false } },
    scenario: "test",
    clock: systemClock,
    timeoutMs: 10_000,
    share: { index: 0, count: 1 },
    signal: new AbortController().signal,
    runId: "test",
    made: undefined,
  };
}

/** Makes a flow from its definition and raw options, as the plan loader and the engine would. */
export async function createFlow<Options>(
  definition: FlowDefinition<Options>,
  raw: Record<string, unknown>,
  context: Partial<FlowContext<Options>> & { client: HttpClient },
): Promise<Flow> {
  const options = definition.options.parse(raw) as Options;
  return await definition.create({ ...contextFor(context.client), options, ...context });
}

/** A scripted server on a free loopback port. */
export async function withServer(
  handler: (request: Request, origin: string) => Response | Promise<Response>,
  test: (origin: string) => Promise<void>,
): Promise<void> {
  let origin = "";
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, (request) => handler(request, origin));
  origin = `http://127.0.0.1:${server.addr.port}`;
  try {
    await test(origin);
  } finally {
    await server.shutdown();
  }
}
