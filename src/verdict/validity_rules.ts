/**
 * What makes a run unfit to say anything of the target, or is worth a word: one rule for each code of a finding. A new
 * rule is an entry of `RULES` and its test.
 */
import { SAMPLES_BEYOND } from "../plan/threshold.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../metrics/format.ts";
import type {
  Finding,
  Measured,
  SummaryScenario,
  SummaryWorker,
  ThresholdResult,
} from "../metrics/summary_schema.ts";
import { clockFindings, missingFindings, spreadFindings, unfitFindings } from "./shard_findings.ts";
import { jobsOverLimit, littlesLawOfJobs, stuckJobs } from "./job_findings.ts";
import { whereOf } from "./thresholds.ts";
import { scenariosOf } from "../metrics/scenarios.ts";

/**
 * Share of the arrivals that may go unanswered by the tool's own doing. Each is a missing response time, most likely
 * one of the slowest, so at this share what is called p99 is still no better than the true p98.5.
 */
export const MAX_MISSING_SHARE = 0.005;

/**
 * Median lag that is the generator's failure to keep pace: beyond what timers cost (1-2 ms), and a fifth of the median
 * response time, of which it is a part.
 */
const LAG_P50_LIMIT = { floorMs: 2, share: 0.2 } as const;

/**
 * The same at p99. A loaded small host lets any process wait for tens of milliseconds now and then; beyond that, and
 * with half of the p99 response time being the generator's own, the tail is not the server's.
 */
const LAG_P99_LIMIT = { floorMs: 50, share: 0.5 } as const;

/** Lag p99 that is worth a word: a tenth of the p99 response time is the generator's. */
const LAG_P99_WARNING = { floorMs: 2, share: 0.1 } as const;

/** CPU of a worker, of one core: at 80 % work starts to queue inside it, at 95 % it has no time left to be on time. */
export const CPU_WARNING = 0.8;
export const CPU_LIMIT = 0.95;

/** CPU of the whole host, whoever uses it: at 95 % everything on it waits for a core. */
const HOST_CPU_LIMIT = 0.95;
/** The generator's part of the host from which that is its doing too, and not that of a server beside it alone. */
const HOST_CPU_PART = 0.2;

/**
 * Gaps in which a worker stood still may take this share of the run: then they are all that p99 can hold. A few tenths
 * of a second in a short run are left to the lag, where they show: a shared host takes that much now and then.
 */
const MAX_STALLED_SHARE = 0.01;
const STALLED_FLOOR_MS = 500;
/** A gap that is worth a word by itself: it is seen in a maximum, and in p99.9. */
const STALL_WARNING_MS = 100;

/** Failures beyond this share are told: what is called p99 is then no more that of all that was asked for. */
const FAILED_SHARE = 0.01;

/** Handshakes of a watch that may be late; beyond, the intervals that its figures state are not those of its rate. */
const MAX_WATCH_LATE = 0.2;

const LESS_LOAD = "Lower the rate, or give the generator more cores";

/** What the rules look at. */
interface JudgedRun {
  readonly measured: Measured;
  /** They tell which percentiles somebody relies on; without them no sample size is doubted. */
  readonly thresholds: readonly ThresholdResult[];
  /** It is all that there is of the run, and no machine's part of one. */
  readonly isWhole: boolean;
}

/** What a rule has found of one scenario, worker or threshold, or of the host. */
export interface Found {
  /** A reason that makes the run invalid, or else a warning. */
  readonly invalid: boolean;
  /** What it is about, as its message calls it: `"create"`, `worker 1`. */
  readonly subject: string;
  /** Of two that are alike, the one with more is told with its figures. */
  readonly weight: number;
  readonly message: string;
  readonly scenarios?: readonly string[];
  /** Where it is not the rule's. */
  readonly cause?: Finding["cause"];
  readonly advice?: string;
  /** Beside code, cause and advice: only what has the same of it is alike. */
  readonly detail?: string;
  /** What came of a host without CPU left, in short: after "the generator", which then needs no finding of its own. */
  readonly consequence?: string;
}

interface Rule {
  /** Who is to blame. */
  readonly cause: Finding["cause"];
  /** What to do about it. */
  readonly advice: string;
  find(run: JudgedRun): readonly Found[];
}

/** In the order in which they are told. */
export const RULES = {
  /** What a machine that is not here was to send, nobody sent, and nobody knows what it would have met. */
  shard_missing: {
    cause: "run",
    advice:
      "Look at that machine's log for its exit code: 94 was too late or did not reach the target, and sent nothing. Run again with all machines",
    find: ({ measured, isWhole }) => isWhole ? missingFindings(measured) : [],
  },

  /** Judged by each machine of itself, with its own cores and its own lag. */
  shard_unfit: {
    cause: "generator",
    advice: "Give that machine more cores, or share the load among more machines",
    find: ({ measured, isWhole }) => isWhole ? unfitFindings(measured, isOfGenerator) : [],
  },

  start_spread: {
    cause: "run",
    advice: "Set the machines' clocks, by NTP or PTP, or start them by one that does",
    find: ({ measured, isWhole }) => isWhole ? spreadFindings(measured) : [],
  },

  shard_clock: {
    cause: "run",
    advice:
      "The clock is read from the target's Date header: ask a target that sends one, or look at the host's own in the table of shards",
    find: ({ measured, isWhole }) => isWhole ? clockFindings(measured) : [],
  },

  /** A thread that did not come to its end: the load ended there, and its last figures are missing. */
  generator_lost: {
    cause: "generator",
    advice:
      "Its counts and response times are those that it had told by then, its other figures are missing. Look at what the server sent last; if it is in order this is a fault of certload: please report it",
    find: ({ measured }) =>
      measured.generator.lost.map(({ worker, at_s, reason }) => ({
        invalid: true,
        subject: worker === null ? "the wake-up thread" : `worker ${worker}`,
        weight: -at_s,
        detail: reason,
        message: `${
          worker === null ? "The wake-up thread" : `Worker ${worker}`
        } of the generator ${reason} (last sign at ${formatSeconds(at_s)})`,
        ...(worker === null && {
          advice: "Run again; if it happens again it is a fault of certload: please report it",
        }),
      })),
  },

  /** What is left at the server is in the way of the next run, and somebody's to remove. */
  not_undone: {
    cause: "run",
    advice: "Remove them by hand; summary.json lists them under not_undone",
    find: ({ measured }) => {
      const byScenario = Map.groupBy(measured.not_undone.things, ({ scenario }) => scenario);
      return Array.from(byScenario, ([scenario, things]) => ({
        invalid: false,
        subject: `"${scenario}"`,
        weight: things.length,
        detail: scenario,
        scenarios: [scenario],
        message: notUndoneText(scenario, things),
      }));
    },
  },

  /** Nothing was left for the server on this host, or for the generator: a warning, and why arrivals were dropped. */
  host_cpu: {
    cause: "run",
    advice:
      "The times hold the wait for a core: move the server, or whatever else ran here, to another host, or lower the rate",
    find: (run) => {
      const { measured } = run;
      const { host_cpu_share: busy } = measured.generator;
      if (isShared(run) || busy === null || busy < HOST_CPU_LIMIT) return [];
      const own = ownHostShare(measured);
      return [{
        invalid: false,
        subject: "this host",
        weight: busy,
        ...(own >= HOST_CPU_PART && { cause: "generator" }),
        message: `This host's CPUs were ${formatPercent(busy)} busy, ${
          formatPercent(own)
        } with the generator`,
      }];
    },
  },

  generator_cpu: {
    cause: "generator",
    advice: "Lower the rate, give more workers (and cores for them), or share the load out",
    find: (run) => {
      const { generator } = run.measured;
      const busiest = generator.workers.toSorted((a, b) => b.cpu_share - a.cpu_share)[0];
      if (isShared(run) || !busiest || busiest.cpu_share < CPU_WARNING) return [];
      return [{
        invalid: busiest.cpu_share >= CPU_LIMIT,
        subject: `worker ${busiest.index}`,
        weight: busiest.cpu_share,
        message: `Worker ${busiest.index} of the generator used ${
          formatPercent(busiest.cpu_share)
        } of a core`,
      }];
    },
  },

  generator_stalled: {
    cause: "generator",
    advice:
      "Look for what stopped it: a suspended machine, SIGSTOP, swapping, or other work on its cores",
    find: (run) => {
      const { generator, duration_s } = run.measured;
      return isShared(run) ? [] : generator.workers.flatMap((worker) => {
        const total = worker.stalls.reduce((sum, stall) => sum + stall.duration_ms, 0);
        const longest = worker.stalls.toSorted((a, b) => b.duration_ms - a.duration_ms)[0];
        const worstMs = longestStandstillMs(worker);
        if (worstMs < STALL_WARNING_MS) return [];
        const when = longest ? `, at ${formatSeconds(longest.at_s)}` : "";
        const times = worker.stalls.length > 1
          ? ` and ${worker.stalls.length - 1} more times, ${formatMs(total)} in all`
          : "";
        return [{
          invalid: total > Math.max(MAX_STALLED_SHARE * duration_s * 1000, STALLED_FLOOR_MS),
          subject: `worker ${worker.index}`,
          weight: worstMs,
          consequence: `stood still for ${formatMs(worstMs)} in worker ${worker.index}`,
          message: `Worker ${worker.index} of the generator stood still for ${
            formatMs(worstMs)
          }${when}${times}`,
        }];
      });
    },
  },

  generator_lag: {
    cause: "generator",
    advice: "Lower the rate, give it more cores, and keep other work off this host",
    find: eachScenario((name, { lag_ms: lag, response_time_ms: response }) => {
      // Without a response time there is none that the lag could be part of.
      if (!lag || !response) return undefined;
      const invalid = isBeyond(LAG_P50_LIMIT, lag.p50, response.p50) ||
        isBeyond(LAG_P99_LIMIT, lag.p99, response.p99);
      if (!invalid && !isBeyond(LAG_P99_WARNING, lag.p99, response.p99)) return undefined;
      return {
        invalid,
        weight: lag.p99,
        consequence: `sent "${name}" late by a p99 of ${formatMs(lag.p99)}`,
        message: `The generator sent "${name}" late: lag p50 ${formatMs(lag.p50)}, p99 ${
          formatMs(lag.p99)
        }, of response times with p50 ${formatMs(response.p50)}, p99 ${formatMs(response.p99)}`,
      };
    }),
  },

  /** Arrivals that found `max_in_flight` under way: without a fault of the generator's, the answers were too slow for it. */
  dropped_arrivals: {
    cause: "server",
    advice:
      "The response times are those of the arrivals that were sent, so the true ones are worse: lower the rate to what the server carries, or raise max_in_flight to see how slow it gets",
    find: eachScenario((name, scenario, run) => {
      const { offered, dropped, load, service_time_ms: service, failed_time_ms: failed } = scenario;
      if (!offered || dropped === 0) return undefined;
      const share = dropped / offered.arrivals;
      const longest = Math.max(service?.max ?? 0, failed?.max ?? 0);
      const fault = generatorFault(name, run);
      const why = fault ?? `the server's answers took up to ${formatMs(longest)}`;
      return {
        invalid: share > MAX_MISSING_SHARE,
        weight: share,
        message: `${formatCount(dropped)} of ${formatCount(offered.arrivals)} arrivals (${
          formatPercent(share)
        }) of "${name}" were not sent as ${load.max_in_flight} were in flight: ${why}`,
        ...(fault !== undefined && { cause: "generator", advice: LESS_LOAD }),
      };
    }),
  },

  /** Arrivals that were due and are in no count. */
  unsent_arrivals: {
    cause: "generator",
    advice: LESS_LOAD,
    find: eachScenario((name, { offered, dropped, count, interrupted }, { measured }) => {
      // What a lost thread had under way is not known to be unsent, nor unanswered.
      if (!offered || measured.generator.lost.length > 0) return undefined;
      const unsent = offered.arrivals - dropped - count - interrupted;
      if (unsent <= 0) return undefined;
      return {
        invalid: unsent / offered.arrivals > MAX_MISSING_SHARE,
        weight: unsent / offered.arrivals,
        message: `${formatCount(unsent)} of ${
          formatCount(offered.arrivals)
        } arrivals of "${name}" were never sent`,
      };
    }),
  },

  /** The times of deployments are as exact as they were watched. */
  watch_late: {
    cause: "generator",
    advice:
      "Watch at a lower rate, deploy at a lower rate, or give the generator more cores; the reports state the interval that was kept",
    find: eachScenario((name, { counters, observed }) => {
      const { watch_handshakes: made = 0, watch_late: late = 0 } = counters;
      const share = made === 0 ? 0 : late / made;
      if (share <= MAX_WATCH_LATE) return undefined;
      const interval = observed["watch_interval"]?.stats_ms;
      const kept = interval
        ? `: propagation, overlap and staleness are known to ${
          formatMs(interval.p95)
        } (p95 of the interval), not to ${formatMs(interval.p50)}`
        : ": propagation, overlap and staleness are known less exactly than the watch's rate says";
      return {
        invalid: false,
        weight: share,
        consequence: `made ${
          formatPercent(share)
        } of the handshakes of the watch of "${name}" late`,
        message: `${formatCount(late)} of ${formatCount(made)} handshakes (${
          formatPercent(share)
        }) of the watch of "${name}" were late${kept}`,
      };
    }),
  },

  /**
   * Response times leave out what was refused or answered otherwise, which is often quick. Where that is more than the
   * share beyond a percentile, the percentile is of those who got an answer as expected, and of nobody else.
   */
  failures_apart: {
    cause: "server",
    advice:
      "Read the response times beside the error rate: no time holds for those who were not answered as expected",
    find: eachScenario((name, { count, failed_time_ms: failed, response_time_ms: response }) => {
      // Where nothing has a response time there is none that could flatter.
      if (!failed || !response) return undefined;
      const share = failed.count / count;
      if (share <= FAILED_SHARE) return undefined;
      const concerned = ([["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const)
        .filter(([, of]) => share > 1 - of + 1e-9).map(([percentile]) => percentile);
      const those = `${concerned.join(", ")} ${concerned.length === 1 ? "is" : "are"}`;
      return {
        invalid: false,
        weight: share,
        message: `${formatCount(failed.count)} of ${formatCount(count)} (${
          formatPercent(share)
        }) of "${name}" failed, half of them within ${
          formatMs(failed.p50)
        }, and are in no response time: ${those} of the others alone`,
      };
    }),
  },

  /** Unanswered at the ordinary end of a run: their times, the longest of all, are missing. */
  cut_off: {
    cause: "server",
    advice: "Raise graceful_stop, or lower timeout so that they count as failures",
    find: eachScenario((name, { interrupted, count, load }, { measured }) => {
      const ordinary = !measured.interrupted && measured.generator.lost.length === 0;
      if (interrupted === 0 || !ordinary) return undefined;
      const share = interrupted / (interrupted + count);
      return {
        // A user of the closed model is always under way at the end, so that a few are cut off says nothing of the rest.
        invalid: load.model === "open" && share > MAX_MISSING_SHARE,
        weight: share,
        message: `${formatCount(interrupted)} iterations of "${name}" (${
          formatPercent(share)
        }) were still unanswered when the run ended, and are in no response time`,
      };
    }),
  },

  /** Jobs that were followed, and that had not ended by their deadline. */
  jobs_stuck: {
    cause: "server",
    advice:
      "The first of them, and where it stands, is in the scenario's failures; smaller batches end within the server's limit of time",
    find: eachScenario((name, scenario) => {
      const found = stuckJobs(name, scenario);
      return found && { ...found, invalid: false };
    }),
  },

  jobs_over_limit: {
    cause: "server",
    advice: "Read jobs_in_flight as a queue, and the server's concurrency from its throughput",
    find: eachScenario((name, scenario, { measured }) => {
      const found = jobsOverLimit(name, scenario, measured);
      return found && { ...found, invalid: false };
    }),
  },

  /** Three figures of the same jobs that contradict each other. */
  littles_law: {
    cause: "run",
    advice:
      "Let nothing else make jobs at the server meanwhile, and ask more often (`poll`): one of the three figures is not what it is called",
    find: eachScenario((name, scenario) => {
      const found = littlesLawOfJobs(name, scenario);
      return found && { ...found, invalid: false };
    }),
  },

  few_samples: {
    cause: "run",
    advice: "Set the limit on a lower percentile",
    find: ({ thresholds }) =>
      thresholds.flatMap((threshold) => {
        const { text, scenario, samples, quantity } = threshold;
        const ofTimes = quantity?.kind === "duration" || quantity?.kind === "observed";
        if (!ofTimes || quantity.percentile === undefined) return [];
        const share = 1 - quantity.percentile / 100;
        if (samples === 0 || samples * share >= SAMPLES_BEYOND) return [];
        const needed = Math.ceil(SAMPLES_BEYOND / share);
        const where = whereOf(threshold);
        return [{
          invalid: false,
          subject: where,
          weight: -samples,
          scenarios: scenario === null ? [] : [scenario],
          message: `"${text}" of ${where} rests on ${
            formatCount(samples)
          } samples, so on a handful of slow ones`,
          ...(Number.isFinite(needed) && {
            advice: `Run until there are ${
              formatCount(needed)
            }, or set the limit on a lower percentile`,
          }),
        }];
      }),
  },
} as const satisfies Record<string, Rule>;

/** How many are named before the rest are only counted. */
const THINGS_NAMED = 5;

function notUndoneText(
  scenario: string,
  things: readonly { readonly what: string; readonly why: string }[],
): string {
  const named = things.slice(0, THINGS_NAMED).map(({ what, why }) => `${what} (${why})`);
  const rest = things.length - named.length;
  const more = rest === 0 ? "" : `, and ${formatCount(rest)} more`;
  return `What the set-up of "${scenario}" made could not all be undone: ${
    named.join(", ")
  }${more}`;
}

export type FindingCode = keyof typeof RULES;

/** A rule on each scenario by itself. */
function eachScenario(
  find: (
    name: string,
    scenario: SummaryScenario,
    run: JudgedRun,
  ) => Omit<Found, "subject" | "scenarios"> | undefined,
): Rule["find"] {
  return (run) =>
    scenariosOf(run.measured)
      .flatMap(([name, scenario]) => {
        const found = find(name, scenario, run);
        return found ? [{ ...found, subject: `"${name}"`, scenarios: [name] }] : [];
      });
}

/** Why arrivals of a scenario were not sent, where that was not the server's doing. */
function generatorFault(name: string, run: JudgedRun): string | undefined {
  const saturated = RULES.host_cpu.find(run).some(({ cause }) => cause === "generator");
  if (saturated) return "this host had no CPU left";
  const behind = [
    ...RULES.shard_unfit.find(run),
    ...RULES.generator_cpu.find(run),
    ...RULES.generator_stalled.find(run),
    ...RULES.generator_lag.find(run).filter(({ scenarios }) => scenarios?.includes(name)),
  ].some(({ invalid }) => invalid);
  return behind ? "the generator did not keep pace" : undefined;
}

/** Several machines made the run: each has judged itself, and knows of its own cores what no sum tells. */
function isShared({ measured, isWhole }: JudgedRun): boolean {
  return isWhole && measured.shards !== null;
}

/** Of a code: told of the machine, or of the run; what the server did is judged over all machines together. */
function isOfGenerator(code: string): boolean {
  const rule: Rule | undefined = Object.hasOwn(RULES, code)
    ? RULES[code as FindingCode]
    : undefined;
  return rule?.cause !== "server";
}

/** How much of the host's CPU was the generator's, 0..1. */
function ownHostShare({ generator, methodology }: Measured): number {
  const { host_cpu_share: busy, cpu_cores } = generator;
  return Math.min(busy ?? 1, cpu_cores / methodology.hardware.cpu_count);
}

/** How long a worker stood still at most: not run at all, or busy within its event loop. */
export function longestStandstillMs({ stalls, max_event_loop_delay_ms }: SummaryWorker): number {
  return Math.max(max_event_loop_delay_ms, ...stalls.map(({ duration_ms }) => duration_ms));
}

function isBeyond(
  { floorMs, share }: { readonly floorMs: number; readonly share: number },
  lateMs: number,
  wholeMs: number,
): boolean {
  return lateMs > floorMs && lateMs > share * wholeMs;
}
