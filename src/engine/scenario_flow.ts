/** A scenario's flow and its connections, as workers and the probe open them alike. */
import type { Clock } from "../clock.ts";
import { flowNamed } from "../flows/registry.ts";
import type { Flow } from "../flows/flow.ts";
import { targetOf, tlsOf } from "./target.ts";
import { createClient, unmeasuredClient } from "../http/client.ts";
import type { HttpClient } from "../http/http.ts";
import type { Plan, Scenario, TlsOptions } from "../plan/plan.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";

/** Bodies beyond this are a failure: an answer of a certificate server is far smaller. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface ScenarioSetting {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly share: WorkerShare;
  readonly clock: Clock;
  /** Distinguishes this run's names from every other run's. */
  readonly runId: string;
  /** What the flow's setup made; undefined where it has none. */
  readonly made: unknown;
  /** Aborted: what is in flight ends too. */
  readonly signal: AbortSignal;
}

export interface OpenScenario {
  readonly flow: Flow;
  /** What is measured goes over it. */
  readonly client: HttpClient;
  close(): Promise<void>;
}

export async function openScenario(setting: ScenarioSetting): Promise<OpenScenario> {
  const { plan, scenario, share, clock, runId, made, signal } = setting;
  const definition = await flowNamed(scenario.flow);
  const tls = await tlsOf(plan, scenario);
  const client = await clientFor(tls, scenario, share);
  // Not a connection more than those that are measured, where the scenario has a closed set of HTTP/2.
  const setupClient = scenario.protocol === "h2" ? client : unmeasured(tls);
  const close = async (flow?: Flow): Promise<void> => {
    await flow?.close?.();
    client.close();
    setupClient.close();
  };
  try {
    const flow = await definition.create({
      options: scenario.with,
      target: targetOf(plan, scenario),
      scenario: scenario.name,
      client: setupClient,
      clock,
      timeoutMs: scenario.timeoutMs,
      share,
      signal,
      runId,
      made,
    });
    return { flow, client, close: () => close(flow) };
  } catch (error) {
    await close();
    throw error;
  }
}

function clientFor(tls: TlsOptions, scenario: Scenario, share: WorkerShare): Promise<HttpClient> {
  const { maxConnections, protocol, client } = scenario;
  return createClient({
    tls,
    protocol,
    ...(client && { client }),
    maxBodyBytes: MAX_BODY_BYTES,
    ...(maxConnections === undefined ? {} : { maxConnections: partOf(maxConnections, share) }),
  });
}

/** For what a flow's set-up sends. A server may speak nothing but HTTP/2 where that is wanted. */
export async function setupClientFor(plan: Plan, scenario: Scenario): Promise<HttpClient> {
  const tls = await tlsOf(plan, scenario);
  if (scenario.protocol !== "h2") return unmeasured(tls);
  return await clientFor(tls, scenario, { index: 0, count: 1 });
}

function unmeasured(tls: TlsOptions): HttpClient {
  return unmeasuredClient({ tls, maxBodyBytes: MAX_BODY_BYTES });
}
