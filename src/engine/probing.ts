/** The probe in a thread of its own, as the rest of the tool sees it. */
import { Worker } from "node:worker_threads";
import type { Plan, Scenario } from "../plan/plan.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import type { ProbedStep, ProbeOptions, ProbeResult } from "./probe.ts";
import { STARTING_S, threadLimits } from "./worker_pool.ts";
import { messageOf } from "../message_of.ts";
import { WHOLE, type WorkerShare } from "../worker_share.ts";

/** An exchange by structured clone. */
export interface PlainExchange extends Omit<Exchange, "request" | "header"> {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}

export interface PlainResult extends Omit<ProbeResult, "scenario" | "steps"> {
  readonly steps: readonly (Omit<ProbedStep, "exchange"> & { readonly exchange: PlainExchange })[];
}

export type ToProbe = Required<Pick<ProbeOptions, "plan" | "runId" | "machine" | "made">>;

export type FromProbe =
  | { readonly kind: "alive" }
  /** In the plan's order. */
  | { readonly kind: "probed"; readonly result: PlainResult };

export interface ProbingOptions {
  readonly plan: Plan;
  readonly runId: string;
  /** This machine among those that share the run; absent: there is one. */
  readonly machine?: WorkerShare;
  /** By the scenario's place in the plan: what its setup made. */
  readonly made?: readonly unknown[];
  readonly signal: AbortSignal;
  readonly script?: URL;
  /** Seconds of silence before the thread is given up. */
  readonly silentS?: number;
}

/** Never rejects. A scenario in which the thread was lost has failed with what happened, and is the last that was tried. */
export function probePlan(options: ProbingOptions): Promise<ProbeResult[]> {
  const { plan, runId, machine = WHOLE, made = [], signal } = options;
  const { heapBytes, silentS: patienceS } = threadLimits(1);
  const silentS = options.silentS ?? patienceS;
  const results: ProbeResult[] = [];
  if (plan.scenarios.length === 0 || signal.aborted) return Promise.resolve(results);
  const worker = new Worker(options.script ?? new URL("./probe_thread.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: Math.floor(heapBytes / 2 ** 20) },
  });
  return new Promise((resolve) => {
    let silence = -STARTING_S;
    const end = (reason?: string): void => {
      clearInterval(watching);
      signal.removeEventListener("abort", interrupt);
      const scenario = plan.scenarios[results.length];
      if (reason !== undefined && scenario !== undefined) results.push(lost(scenario, reason));
      worker.removeAllListeners("exit");
      worker.terminate();
      resolve(results);
    };
    const interrupt = (): void => end();
    const watching = setInterval(() => {
      if (++silence >= silentS) end(`gave no sign of life for ${silentS} s: it hangs or loops`);
    }, 1000);
    worker.on("message", (message: FromProbe) => {
      silence = 0;
      const scenario = plan.scenarios[results.length];
      if (message.kind !== "probed" || scenario === undefined) return;
      results.push(resultOf(scenario, message.result));
      if (results.length === plan.scenarios.length) end();
    });
    worker.on("error", (error: unknown) => end(`died: ${messageOf(error)}`));
    worker.on("exit", () => end("ended before it was done"));
    signal.addEventListener("abort", interrupt);
    worker.postMessage({ plan, runId, machine, made } satisfies ToProbe);
  });
}

function lost(scenario: Scenario, reason: string): ProbeResult {
  const failure: Failure = { class: "client", message: `The probe's thread ${reason}` };
  return { scenario, steps: [], failure };
}

function resultOf(scenario: Scenario, { steps, ...result }: PlainResult): ProbeResult {
  return {
    ...result,
    scenario,
    steps: steps.map((step) => ({ ...step, exchange: exchangeOf(step.exchange) })),
  };
}

function exchangeOf({ method, url, headers, ...exchange }: PlainExchange): Exchange {
  const values = new Map(headers);
  return {
    ...exchange,
    request: { method, url: new URL(url), headers: {} },
    header: (name) => values.get(name.toLowerCase()),
  };
}
