/** How many threads and connections a plan's load needs, and how it is parted among them: arithmetic alone. */
import type { OpenProfile, Plan, Scenario } from "../plan/plan.ts";
import { highestLevel } from "../plan/profile.ts";
import { partOf, shareOfThread, WHOLE, type WorkerShare } from "../worker_share.ts";

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

/** Of one machine, `machine` of those that share the run. */
export function workerCount(plan: Plan, cores: number, machine: WorkerShare = WHOLE): number {
  if (plan.workers !== "auto") return plan.workers;
  const perSecond = plan.scenarios.reduce((sum, scenario) => {
    const share = shareOfMachine(scenario, machine);
    return sum + (share === undefined ? 0 : requestsPerSecond(scenario) / share.count);
  }, 0);
  return Math.max(1, Math.min(cores, Math.ceil(perSecond / REQUESTS_PER_WORKER)));
}

/**
 * A machine's share of a scenario, among those that share the run. What has a limit of three (connections, iterations in
 * flight, users) is carried by the first three, so that each has at least one and no arrival belongs to a machine that has
 * none; the others have no part in it. Places are known to who set them up, so all of them are the first machine's.
 */
export function shareOfMachine(scenario: Scenario, machine: WorkerShare): WorkerShare | undefined {
  const most = scenario.places === undefined ? limitOf(scenario) : 1;
  const carriers = Math.min(machine.count, most);
  return machine.index < carriers ? { index: machine.index, count: carriers } : undefined;
}

/** The share of a machine's worker: limits are parted among the machines first, and then likewise among its workers. */
export function shareOfScenario(
  scenario: Scenario,
  { index, count }: WorkerShare,
  machine: WorkerShare = WHOLE,
): WorkerShare | undefined {
  const share = shareOfMachine(scenario, machine);
  if (share === undefined) return undefined;
  const carriers = Math.min(count, partOf(limitOf(scenario), share));
  return index < carriers ? shareOfThread({ index, count: carriers }, share) : undefined;
}

/** How many arrivals can be under way at once. */
function limitOf({ load, maxConnections = Infinity, places = Infinity }: Scenario): number {
  const atOnce = load.model === "open" ? load.maxInFlight : Math.ceil(highestLevel(load.stages));
  return Math.min(atOnce, maxConnections, places);
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
