/** How many threads and connections a plan's load needs: arithmetic, stated in the summary. */
import type { Plan, Scenario } from "../plan/plan.ts";
import { highestLevel } from "../plan/stages.ts";

/** What one load thread carries with room to spare on a common core (docs/benchmarks.md has the measurements). */
const REQUESTS_PER_THREAD = 8_000;

/** Connections opened before the clock starts, per scenario and thread, at most. */
const MOST_CONNECTIONS = 256;

/** The highest number of requests per second that a scenario may ask for; a closed one by assumed 5 ms answers. */
export function requestsPerSecond({ load, steps }: Scenario): number {
  const level = highestLevel(load.stages);
  if (load.model === "open") return level * steps.length;
  return (level * steps.length) / Math.max(0.005 * steps.length, load.thinkTimeMs / 1000);
}

export function workerCount(plan: Plan, cores: number): number {
  if (plan.workers !== "auto") return plan.workers;
  const perSecond = plan.scenarios.reduce((sum, each) => sum + requestsPerSecond(each), 0);
  return Math.max(1, Math.min(cores, Math.ceil(perSecond / REQUESTS_PER_THREAD)));
}

/**
 * Connections that are busy at once by Little's law (arrival rate times time in service), doubled for the unevenness
 * of answers, within one shard. The closed model needs one for each of its users.
 */
export function connectionsNeeded(scenario: Scenario, shards: number, serviceMs: number): number {
  const { load, maxConnections } = scenario;
  const busy = load.model === "closed"
    ? highestLevel(load.stages)
    : 1 + 2 * highestLevel(load.stages) * (serviceMs / 1000);
  const wanted = Math.min(MOST_CONNECTIONS, Math.ceil(busy / shards));
  return Math.max(1, Math.min(wanted, share(maxConnections ?? Infinity, shards)));
}

/** A shard's share of a limit of the whole run, at least 1. */
export function share(limit: number, shards: number): number {
  return Math.max(1, Math.floor(limit / shards));
}
