/** A plan as it will be run, written back in the plan's own terms, secrets masked. It loads as a plan again. */
import { z } from "zod";
import type { Catalogue } from "./catalogue.ts";
import { formatDocument } from "./document.ts";
import { fleetSchema } from "./fleet.ts";
import {
  isSameWarmup,
  type LoadProfile,
  type Plan,
  type Scenario,
  type Stage,
  type Target,
  type Warmup,
} from "./plan.ts";
import { maskSecrets } from "./secret.ts";
import { formatDuration, formatPlanRate, formatShare } from "./units.ts";

export function effectivePlan(plan: Plan, catalogue: Catalogue): Record<string, unknown> {
  const { serverMetrics, warmup, target } = plan;
  const config = {
    name: plan.name,
    description: plan.description,
    target: targetConfig(target),
    stack: plan.stack,
    workers: plan.workers,
    warmup: warmupConfig(warmup),
    seed: seedOf(plan),
    graceful_stop: formatDuration(plan.gracefulStopMs),
    server_metrics: serverMetrics && {
      url: serverMetrics.url,
      headers: unlessEmpty(serverMetrics.headers),
    },
    scenarios: Object.fromEntries(
      plan.scenarios.map((scenario) => [
        scenario.name,
        { ...scenarioConfig(scenario, catalogue), ...beforeConfig(scenario, warmup) },
      ]),
    ),
    fleet: plan.fleet && z.encode(fleetSchema, plan.fleet),
    thresholds: plan.thresholds.map(({ text }) => text),
  };
  return written(maskSecrets(config, plan.secrets)) as Record<string, unknown>;
}

export function effectiveYaml(plan: Plan, catalogue: Catalogue): string {
  return formatDocument(effectivePlan(plan, catalogue));
}

/** Where it makes a difference. */
function seedOf({ scenarios }: Plan): number | undefined {
  const [seed] = scenarios.flatMap(({ load }) =>
    load.model === "open" && load.arrivals === "poisson" ? [load.seed] : []
  );
  return seed;
}

function warmupConfig({ requests, durationMs, rehearsalMs }: Warmup): unknown {
  if (requests === 0 && rehearsalMs === 0) return "off";
  return {
    requests,
    duration: formatDuration(durationMs),
    ...(rehearsalMs > 0 && { rehearsal: formatDuration(rehearsalMs) }),
  };
}

function targetConfig({ baseUrl, token, headers, tls }: Target): Record<string, unknown> {
  return {
    base_url: baseUrl,
    token,
    headers: unlessEmpty(headers),
    tls: { insecure_skip_verify: tls.insecureSkipVerify, ca_file: tls.caFile },
  };
}

function scenarioConfig(scenario: Scenario, catalogue: Catalogue): Record<string, unknown> {
  const { load, maxConnections, startAfterMs } = scenario;
  return {
    phase: scenario.tier,
    flow: scenario.flow,
    with: unlessEmpty(optionsConfig(scenario, catalogue)),
    token: scenario.token,
    ...loadConfig(load),
    start_after: startAfterMs === 0 ? undefined : formatDuration(startAfterMs),
    timeout: formatDuration(scenario.timeoutMs),
    protocol: scenario.protocol,
    client: scenario.client,
    max_connections: maxConnections,
    thresholds: scenario.thresholds.map(({ text }) => text),
  };
}

/** What comes before the clock, where it is not what the plan's warm-up and the flow make of it. */
function beforeConfig(scenario: Scenario, planned: Warmup): Record<string, unknown> {
  const { changes, probe, warmup, makes, setupTimeoutMs } = scenario;
  const isAsked = changes !== "idempotent";
  return {
    probe: isAsked || !probe ? probe : undefined,
    warmup: isAsked || !isSameWarmup(warmup, planned) ? warmupConfig(warmup) : undefined,
    setup_timeout: makes === undefined ? undefined : formatDuration(setupTimeoutMs),
  };
}

/** Options as the flow's schema writes them; as they were read, where it can only read. */
function optionsConfig({ flow, with: options }: Scenario, catalogue: Catalogue): object {
  const schema = catalogue.get(flow)?.options;
  try {
    return (schema === undefined ? options : z.encode(schema, options)) as object;
  } catch {
    return options as object;
  }
}

function loadConfig(load: LoadProfile): Record<string, unknown> {
  const [first] = load.stages;
  const isFlat = load.stages.length === 1 && first?.from === first?.to;
  const level = (value: number): Record<string, unknown> =>
    load.model === "open" ? { rate: formatPlanRate(value) } : { users: value };
  const extra = load.model === "open"
    ? {
      arrivals: load.arrivals,
      phase_offset: load.arrivals === "even" ? formatShare(load.phase) : undefined,
      max_in_flight: load.maxInFlight,
    }
    : { think_time: formatDuration(load.thinkTimeMs) };
  if (isFlat && first !== undefined) {
    return { ...level(first.to), duration: formatDuration(first.durationMs), ...extra };
  }
  return { stages: stagesConfig(load.stages, level), ...extra };
}

/** Where a stage does not start at the level before it, there was a jump. */
function stagesConfig(
  stages: readonly Stage[],
  level: (value: number) => Record<string, unknown>,
): unknown[] {
  let before = 0;
  return stages.flatMap(({ durationMs, from, to }) => {
    const jump = from === before ? [] : [{ duration: "0s", ...level(from) }];
    before = to;
    return [...jump, { duration: formatDuration(durationMs), ...level(to) }];
  });
}

function unlessEmpty(map: object): object | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

/** As a plan has it: what is absent left out, and no text taken for a variable. */
function written(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\$(?=[${])/g, "$$$$");
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined).map(([key, each]) => [
      key,
      written(each),
    ]),
  );
}
