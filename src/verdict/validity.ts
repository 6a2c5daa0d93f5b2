/**
 * Is the run fit to say anything of the target? Judged apart from pass and fail, from the summary alone. A reason makes
 * the run `invalid`, a warning does not. Each names its cause: the generator could not carry the load, or the server
 * was so slow that arrivals found `max_in_flight` under way.
 */
import type {
  Finding,
  Measured,
  SummaryScenario,
  SummaryWorker,
  ThresholdResult,
  Validity,
} from "../metrics/summary_schema.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../metrics/format.ts";
import { SAMPLES_BEYOND } from "../plan/threshold.ts";

/**
 * Share of the arrivals that may go unanswered by the tool's own doing. Each is a missing response time, most likely
 * one of the slowest, so at this share what is called p99 is still no better than the true p98.5.
 */
export const MAX_MISSING_SHARE = 0.005;

/**
 * Median lag that is the generator's failure to keep pace: beyond what timers cost (1-2 ms), and a fifth of the median
 * response time, of which it is a part.
 */
export const LAG_P50_LIMIT = { floorMs: 2, share: 0.2 } as const;

/**
 * The same at p99. A loaded small host lets any process wait for tens of milliseconds now and then; beyond that, and
 * with half of the p99 response time being the generator's own, the tail is not the server's.
 */
export const LAG_P99_LIMIT = { floorMs: 50, share: 0.5 } as const;

/** Lag p99 that is worth a word: a tenth of the p99 response time is the generator's. */
export const LAG_P99_WARNING = { floorMs: 2, share: 0.1 } as const;

/** CPU of a worker, of one core: at 80 % work starts to queue inside it, at 95 % it has no time left to be on time. */
export const CPU_WARNING = 0.8;
export const CPU_LIMIT = 0.95;

/** CPU of the whole host, whoever uses it: at 95 % everything on it waits for a core. */
export const HOST_CPU_LIMIT = 0.95;
/** The generator's part of the host from which that is its doing too, and not that of a server beside it alone. */
export const HOST_CPU_PART = 0.2;

/**
 * Gaps in which a worker stood still may take this share of the run: then they are all that p99 can hold. A few tenths
 * of a second in a short run are left to the lag, where they show: a shared host takes that much now and then.
 */
export const MAX_STALLED_SHARE = 0.01;
export const STALLED_FLOOR_MS = 500;
/** A gap that is worth a word by itself: it is seen in a maximum, and in p99.9. */
export const STALL_WARNING_MS = 100;

/** Failures beyond this share are told: what is called p99 is then no more that of all that was asked for. */
export const FAILED_SHARE = 0.01;

/** Names in one finding before the rest are only counted. */
const NAMES_SHOWN = 6;

interface Judged {
  readonly invalid: boolean;
  /** What the finding is about, as its message calls it: `"create"`, `worker 1`. */
  readonly subject: string;
  /** Of two that are alike, the one with more is told with its figures. */
  readonly weight: number;
  readonly finding: Finding;
  /** Beside code, cause and advice: only what has the same of it is alike. */
  readonly detail?: string;
  /** What came of a host without CPU left, in short: after "the generator", which then needs no finding of its own. */
  readonly consequence?: string;
}

/** Thresholds tell which percentiles somebody relies on; without them no sample size is doubted. */
export function judge(measured: Measured, thresholds: readonly ThresholdResult[] = []): Validity {
  const machine = [...cpu(measured), ...stalls(measured)];
  const host = crowdedHost(measured);
  const judged = [...machine];
  const crowding = host?.finding.cause === "generator";
  for (const [name, scenario] of scenariosOf(measured)) {
    const late = lag(name, scenario);
    const behind = [...machine, ...late].some(({ invalid }) => invalid);
    const fault = crowding
      ? "this host had no CPU left"
      : behind
      ? "the generator did not keep pace"
      : undefined;
    judged.push(
      ...late,
      ...dropped(name, scenario, fault),
      // What a lost thread had under way is not known to be unsent, nor unanswered.
      ...(measured.generator.lost.length > 0 ? [] : missing(name, scenario)),
      ...failedApart(name, scenario),
      ...(measured.interrupted || measured.generator.lost.length > 0 ? [] : cutOff(name, scenario)),
    );
  }
  judged.push(...thresholds.flatMap(fewSamples));
  const all = [...lost(measured), ...(host ? underCrowdedHost(host, judged) : judged)];
  const findings = (invalid: boolean): Finding[] =>
    together(all.filter((one) => one.invalid === invalid));
  const reasons = findings(true);
  return {
    verdict: reasons.length > 0 ? "invalid" : "valid",
    reasons,
    warnings: findings(false),
  };
}

/** Findings that say the same of several scenarios are one: the worst with its figures, the others by name. */
function together(judged: readonly Judged[]): Finding[] {
  const groups = Map.groupBy(
    judged,
    ({ finding: { code, cause, advice }, detail }) => JSON.stringify([code, cause, advice, detail]),
  );
  return Array.from(groups.values(), (group) => {
    const [worst, ...others] = group.toSorted((a, b) => b.weight - a.weight);
    const { finding } = worst!;
    const scenarios = [worst!, ...others].flatMap((one) => one.finding.scenarios);
    const likewise = others.length === 0 ? "" : ` (likewise ${namesOf(others)})`;
    return {
      ...finding,
      scenarios: Array.from(new Set(scenarios)),
      message: finding.message + likewise,
    };
  });
}

/** `"a", "b" and 3 more` */
function namesOf(judged: readonly Judged[]): string {
  const names = judged.map(({ subject }) => subject);
  const more = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/**
 * Where the host had no CPU left, that is the first thing to know, and it is told once: it comes before all else, among
 * the reasons where the generator has given one, and remarks on what followed from it are a part of it.
 */
function underCrowdedHost(host: Judged, judged: readonly Judged[]): Judged[] {
  const follows = (one: Judged): boolean => !one.invalid && one.consequence !== undefined;
  const consequences = together(
    judged.filter(follows)
      .map((one) => ({ ...one, finding: { ...one.finding, message: one.consequence! } })),
  );
  const invalid = judged.some((one) => one.invalid && one.finding.cause === "generator");
  const so = consequences.length === 0
    ? ""
    : `; for want of a core the generator ${
      consequences.map(({ message }) => message).join(", and ")
    }`;
  const { finding } = host;
  const told = {
    ...host,
    invalid,
    finding: {
      ...finding,
      scenarios: Array.from(new Set(consequences.flatMap(({ scenarios }) => scenarios))),
      message: finding.message + so,
    },
  };
  return [told, ...judged.filter((one) => !follows(one))];
}

function scenariosOf(measured: Measured): [string, SummaryScenario][] {
  return Object.values(measured.phases).flatMap((tier) => Object.entries(tier));
}

/** A thread that did not come to its end: the load ended there, and its last figures are missing. */
function lost({ generator }: Measured): Judged[] {
  return generator.lost.map(({ worker, at_s, reason }) => ({
    invalid: true,
    subject: worker === null ? "the wake-up thread" : `worker ${worker}`,
    weight: -at_s,
    detail: reason,
    finding: {
      code: "generator_lost",
      cause: "generator",
      scenarios: [],
      message: `${
        worker === null ? "The wake-up thread" : `Worker ${worker}`
      } of the generator ${reason} (last sign at ${formatSeconds(at_s)})`,
      advice: worker === null
        ? "Run again; if it happens again it is a fault of certload: please report it"
        : "Its counts and response times are those that it had told by then, its other figures are missing. Look at what the server sent last; if it is in order this is a fault of certload: please report it",
    },
  }));
}

function cpu({ generator }: Measured): Judged[] {
  const busiest = generator.workers.toSorted((a, b) => b.cpu_share - a.cpu_share)[0];
  if (!busiest || busiest.cpu_share < CPU_WARNING) return [];
  return [{
    invalid: busiest.cpu_share >= CPU_LIMIT,
    subject: `worker ${busiest.index}`,
    weight: busiest.cpu_share,
    finding: {
      code: "generator_cpu",
      cause: "generator",
      scenarios: [],
      message: `Worker ${busiest.index} of the generator used ${
        formatPercent(busiest.cpu_share)
      } of a core`,
      advice: "Lower the rate, give more workers (and cores for them), or share the load out",
    },
  }];
}

/** Nothing was left for the server on this host, or for the generator: a warning, and why arrivals were dropped. */
function crowdedHost({ generator, methodology }: Measured): Judged | undefined {
  const { host_cpu_share: busy, cpu_cores } = generator;
  if (busy === null || busy < HOST_CPU_LIMIT) return undefined;
  const own = Math.min(busy, cpu_cores / methodology.hardware.cpu_count);
  return {
    invalid: false,
    subject: "this host",
    weight: busy,
    finding: {
      code: "host_cpu",
      cause: own >= HOST_CPU_PART ? "generator" : "run",
      scenarios: [],
      message: `This host's CPUs were ${formatPercent(busy)} busy, ${
        formatPercent(own)
      } with the generator`,
      advice:
        "The times hold the wait for a core: move the server, or whatever else ran here, to another host, or lower the rate",
    },
  };
}

/** How long a worker stood still at most: not run at all, or busy within its event loop. */
export function longestStandstillMs({ stalls, max_event_loop_delay_ms }: SummaryWorker): number {
  return Math.max(max_event_loop_delay_ms, ...stalls.map(({ duration_ms }) => duration_ms));
}

function stalls({ generator, duration_s }: Measured): Judged[] {
  return generator.workers.flatMap((worker) => {
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
      finding: {
        code: "generator_stalled",
        cause: "generator",
        scenarios: [],
        message: `Worker ${worker.index} of the generator stood still for ${
          formatMs(worstMs)
        }${when}${times}`,
        advice:
          "Look for what stopped it: a suspended machine, SIGSTOP, swapping, or other work on its cores",
      },
    }];
  });
}

function lag(name: string, scenario: SummaryScenario): Judged[] {
  const { lag_ms: lag, response_time_ms: response } = scenario;
  // Without a response time there is none that the lag could be part of.
  if (!lag || !response) return [];
  const beyond =
    (rule: typeof LAG_P50_LIMIT | typeof LAG_P99_LIMIT | typeof LAG_P99_WARNING) =>
    (late: number, whole: number): boolean => late > rule.floorMs && late > rule.share * whole;
  const median = beyond(LAG_P50_LIMIT)(lag.p50, response.p50);
  const tail = beyond(LAG_P99_LIMIT)(lag.p99, response.p99);
  if (!median && !tail && !beyond(LAG_P99_WARNING)(lag.p99, response.p99)) return [];
  return [{
    invalid: median || tail,
    subject: `"${name}"`,
    weight: lag.p99,
    consequence: `sent "${name}" late by a p99 of ${formatMs(lag.p99)}`,
    finding: {
      code: "generator_lag",
      cause: "generator",
      scenarios: [name],
      message: `The generator sent "${name}" late: lag p50 ${formatMs(lag.p50)}, p99 ${
        formatMs(lag.p99)
      }, of response times with p50 ${formatMs(response.p50)}, p99 ${formatMs(response.p99)}`,
      advice: "Lower the rate, give it more cores, and keep other work off this host",
    },
  }];
}

/** Arrivals that found `max_in_flight` under way: without a fault of the generator's, the answers were too slow for it. */
function dropped(name: string, scenario: SummaryScenario, fault: string | undefined): Judged[] {
  const { offered, dropped, load, service_time_ms: service, failed_time_ms: failed } = scenario;
  if (!offered || dropped === 0) return [];
  const share = dropped / offered.arrivals;
  const longest = Math.max(service?.max ?? 0, failed?.max ?? 0);
  const why = fault ?? `the server's answers took up to ${formatMs(longest)}`;
  return [{
    invalid: share > MAX_MISSING_SHARE,
    subject: `"${name}"`,
    weight: share,
    finding: {
      code: "dropped_arrivals",
      cause: fault === undefined ? "server" : "generator",
      scenarios: [name],
      message: `${formatCount(dropped)} of ${formatCount(offered.arrivals)} arrivals (${
        formatPercent(share)
      }) of "${name}" were not sent as ${load.max_in_flight} were in flight: ${why}`,
      advice: fault === undefined
        ? "The response times are those of the arrivals that were sent, so the true ones are worse: lower the rate to what the server carries, or raise max_in_flight to see how slow it gets"
        : "Lower the rate, or give the generator more cores",
    },
  }];
}

/** Arrivals that were due and are in no count. */
function missing(name: string, scenario: SummaryScenario): Judged[] {
  const { offered, dropped, count, interrupted } = scenario;
  const unsent = (offered?.arrivals ?? 0) - dropped - count - interrupted;
  if (!offered || unsent <= 0) return [];
  return [{
    invalid: unsent / offered.arrivals > MAX_MISSING_SHARE,
    subject: `"${name}"`,
    weight: unsent / offered.arrivals,
    finding: {
      code: "unsent_arrivals",
      cause: "generator",
      scenarios: [name],
      message: `${formatCount(unsent)} of ${
        formatCount(offered.arrivals)
      } arrivals of "${name}" were never sent`,
      advice: "Lower the rate, or give the generator more cores",
    },
  }];
}

/** Unanswered at the ordinary end of a run: their times, the longest of all, are missing. */
function cutOff(name: string, scenario: SummaryScenario): Judged[] {
  const { interrupted, count } = scenario;
  if (interrupted === 0) return [];
  const share = interrupted / (interrupted + count);
  // A user of the closed model is always under way at the end, so that a few are cut off says nothing of the rest.
  return [{
    invalid: scenario.load.model === "open" && share > MAX_MISSING_SHARE,
    subject: `"${name}"`,
    weight: share,
    finding: {
      code: "cut_off",
      cause: "server",
      scenarios: [name],
      message: `${formatCount(interrupted)} iterations of "${name}" (${
        formatPercent(share)
      }) were still unanswered when the run ended, and are in no response time`,
      advice: "Raise graceful_stop, or lower timeout so that they count as failures",
    },
  }];
}

/**
 * Response times leave out what was refused or answered otherwise, which is often quick. Where that is more than the
 * share beyond a percentile, the percentile is of those who got an answer as expected, and of nobody else.
 */
function failedApart(name: string, scenario: SummaryScenario): Judged[] {
  const { count, failed_time_ms: failed, response_time_ms: response } = scenario;
  // Where nothing has a response time there is none that could flatter.
  if (!failed || !response) return [];
  const share = failed.count / count;
  if (share <= FAILED_SHARE) return [];
  const concerned = ([["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const)
    .filter(([, of]) => share > 1 - of + 1e-9).map(([percentile]) => percentile);
  const those = `${concerned.join(", ")} ${concerned.length === 1 ? "is" : "are"}`;
  return [{
    invalid: false,
    subject: `"${name}"`,
    weight: share,
    finding: {
      code: "failures_apart",
      cause: "server",
      scenarios: [name],
      message: `${formatCount(failed.count)} of ${formatCount(count)} (${
        formatPercent(share)
      }) of "${name}" failed, half of them within ${
        formatMs(failed.p50)
      }, and are in no response time: ${those} of the others alone`,
      advice:
        "Read the response times beside the error rate: no time holds for those who were not answered as expected",
    },
  }];
}

function fewSamples(threshold: ThresholdResult): Judged[] {
  const percentile = Number(/ p([\d.]+)$/.exec(threshold.measure)?.[1] ?? NaN);
  const beyond = threshold.samples * (1 - percentile / 100);
  if (threshold.samples === 0 || !(beyond < SAMPLES_BEYOND)) return [];
  const needed = Math.ceil(SAMPLES_BEYOND / (1 - percentile / 100));
  const where = [threshold.scenario ?? "the whole run", threshold.step].filter(Boolean).join(" ");
  return [{
    invalid: false,
    subject: where,
    weight: -threshold.samples,
    finding: {
      code: "few_samples",
      cause: "run",
      scenarios: threshold.scenario === null ? [] : [threshold.scenario],
      message: `"${threshold.text}" of ${where} rests on ${
        formatCount(threshold.samples)
      } samples, so on a handful of slow ones`,
      advice: Number.isFinite(needed)
        ? `Run until there are ${formatCount(needed)}, or set the limit on a lower percentile`
        : "Set the limit on a lower percentile",
    },
  }];
}
