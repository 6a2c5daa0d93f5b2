/** How many threads and connections a plan's load needs, and how it is parted among them: arithmetic alone. */
import type { OpenProfile, Plan, Scenario } from "../plan/plan.ts";
import { highestLevel } from "../plan/profile.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";

/** What one worker carries with room to spare on a common core (docs/benchmarks.md has the measurements). */
const REQUESTS_PER_WORKER = 8_000;

/** Connections opened before the clock starts, per scenario and worker, at most. */
const MOST_CONNECTIONS = 256;

/** Poisson arrivals of a window are more than that many standard deviations above their mean once in 30,000 windows. */
const DEVIATIONS = 4;

/** Arrivals of an open load in a window of its highest rate, at most: of Poisson arrivals all but surely. */
export function mostArrivals({ stages, arrivals }: OpenProfile, windowS: number): number {
  const mean = highestLevel(stages) * windowS;
  return arrivals === "even" ? mean : mean + DEVIATIONS * Math.sqrt(mean);
}

/** The highest number of requests per second that a scenario may ask for; a closed one by assumed 5 ms answers. */
export function requestsPerSecond({ load, steps }: Scenario): number {
  const level = highestLevel(load.stages);
  if (load.model === "open") return mostArrivals(load, 1) * steps.length;
  return (level * steps.length) / Math.max(0.005 * steps.length, load.thinkTimeMs / 1000);
}

export function workerCount(plan: Plan, cores: number): number {
  if (plan.workers !== "auto") return plan.workers;
  const perSecond = plan.scenarios.reduce((sum, each) => sum + requestsPerSecond(each), 0);
  return Math.max(1, Math.min(cores, Math.ceil(perSecond / REQUESTS_PER_WORKER)));
}

/**
 * A worker's share of a scenario. What has a limit of three (connections, iterations in flight, users, places) is carried by the
 * first three workers, so that each has at least one and no arrival belongs to a worker that has none; the others have
 * no part in it.
 */
export function shareOfScenario(
  { load, maxConnections = Infinity, places = Infinity }: Scenario,
  { index, count }: WorkerShare,
): WorkerShare | undefined {
  const atOnce = load.model === "open" ? load.maxInFlight : Math.ceil(highestLevel(load.stages));
  const carriers = Math.min(count, atOnce, maxConnections, places);
  return index < carriers ? { index, count: carriers } : undefined;
}

/**
 * Connections that are busy at once by Little's law (arrival rate times time in service), doubled for the unevenness
 * of answers and for that of few Poisson arrivals beyond it, within one worker. The closed model needs one for each of its users.
 */
export function connectionsNeeded(
  { load, maxConnections = Infinity }: Scenario,
  share: WorkerShare,
  serviceMs: number,
): number {
  const level = highestLevel(load.stages);
  const serviceS = serviceMs / 1000;
  const busy = load.model === "closed"
    ? level
    : 1 + Math.max(2 * level * serviceS, mostArrivals(load, serviceS));
  const wanted = Math.min(MOST_CONNECTIONS, Math.ceil(busy / share.count));
  return Math.max(1, Math.min(wanted, partOf(maxConnections, share)));
}
