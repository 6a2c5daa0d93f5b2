/**
 * Is the run fit to say anything of the target? Judged apart from pass and fail, from the summary alone. A reason makes
 * the run `invalid`, a warning does not. Each names its cause: the generator could not carry the load, or the server
 * was so slow that arrivals found `max_in_flight` under way.
 */
import type {
  Finding,
  Measured,
  SummaryScenario,
  ThresholdResult,
  Validity,
} from "../metrics/summary_schema.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../metrics/format.ts";

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

/** Samples beyond a percentile for it to be more than one slow request's business. */
export const SAMPLES_BEYOND = 5;

interface Judged {
  readonly invalid: boolean;
  readonly finding: Finding;
}

/** Thresholds tell which percentiles somebody relies on; without them no sample size is doubted. */
export function judge(measured: Measured, thresholds: readonly ThresholdResult[] = []): Validity {
  const machine = [...cpu(measured), ...stalls(measured)];
  const crowded = crowdedHost(measured);
  const judged = [...machine, ...crowded];
  const own = crowded.find(({ finding }) => finding.cause === "generator")?.finding.message;
  for (const [name, scenario] of scenariosOf(measured)) {
    const late = lag(name, scenario);
    const behind = [...machine, ...late].some(({ invalid }) => invalid);
    const fault = own ?? (behind ? "the generator did not keep pace" : undefined);
    judged.push(
      ...late,
      ...dropped(name, scenario, fault),
      ...missing(name, scenario),
      ...(measured.interrupted ? [] : cutOff(name, scenario)),
    );
  }
  const findings = (invalid: boolean): Finding[] =>
    judged.filter((one) => one.invalid === invalid).map(({ finding }) => finding);
  const reasons = findings(true);
  return {
    verdict: reasons.length > 0 ? "invalid" : "valid",
    reasons,
    warnings: [...findings(false), ...thresholds.flatMap(fewSamples)],
  };
}

function scenariosOf(measured: Measured): [string, SummaryScenario][] {
  return Object.values(measured.phases).flatMap((phase) => Object.entries(phase));
}

function cpu({ generator }: Measured): Judged[] {
  const busiest = generator.workers.toSorted((a, b) => b.cpu_share - a.cpu_share)[0];
  if (!busiest || busiest.cpu_share < CPU_WARNING) return [];
  return [{
    invalid: busiest.cpu_share >= CPU_LIMIT,
    finding: {
      code: "generator_cpu",
      cause: "generator",
      scenario: null,
      message: `Worker ${busiest.index} of the generator used ${
        formatPercent(busiest.cpu_share)
      } of a core`,
      advice: "Lower the rate, give more workers (and cores for them), or share the load out",
    },
  }];
}

/** Nothing was left for the server on this host, or for the generator: a warning, and why arrivals were dropped. */
function crowdedHost({ generator, methodology, duration_s }: Measured): Judged[] {
  const { host_cpu_share: busy, cpu_s } = generator;
  if (busy === null || busy < HOST_CPU_LIMIT) return [];
  const own = Math.min(busy, cpu_s / (duration_s * methodology.hardware.cpu_count));
  return [{
    invalid: false,
    finding: {
      code: "host_cpu",
      cause: own >= HOST_CPU_PART ? "generator" : "run",
      scenario: null,
      message: `This host's CPUs were ${formatPercent(busy)} busy, ${
        formatPercent(own)
      } with the generator`,
      advice:
        "The times hold the wait for a core: move the server, or whatever else ran here, to another host, or lower the rate",
    },
  }];
}

function stalls({ generator, duration_s }: Measured): Judged[] {
  return generator.workers.flatMap((worker) => {
    const total = worker.stalls.reduce((sum, stall) => sum + stall.duration_ms, 0);
    const longest = worker.stalls.toSorted((a, b) => b.duration_ms - a.duration_ms)[0];
    const worstMs = Math.max(longest?.duration_ms ?? 0, worker.max_event_loop_delay_ms);
    if (worstMs < STALL_WARNING_MS) return [];
    const when = longest ? `, at ${formatSeconds(longest.at_s)}` : "";
    const times = worker.stalls.length > 1
      ? ` and ${worker.stalls.length - 1} more times, ${formatMs(total)} in all`
      : "";
    return [{
      invalid: total > Math.max(MAX_STALLED_SHARE * duration_s * 1000, STALLED_FLOOR_MS),
      finding: {
        code: "generator_stalled",
        cause: "generator",
        scenario: null,
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
    finding: {
      code: "generator_lag",
      cause: "generator",
      scenario: name,
      message: `The generator sent "${name}" late: lag p50 ${formatMs(lag.p50)}, p99 ${
        formatMs(lag.p99)
      }, of response times with p50 ${formatMs(response.p50)}, p99 ${formatMs(response.p99)}`,
      advice: "Lower the rate, give it more cores, and keep other work off this host",
    },
  }];
}

/** Arrivals that found `max_in_flight` under way: without a fault of the generator's, the answers were too slow for it. */
function dropped(name: string, scenario: SummaryScenario, fault: string | undefined): Judged[] {
  const { offered, dropped, load, service_time_ms: service } = scenario;
  if (!offered || dropped === 0) return [];
  const share = dropped / offered.arrivals;
  const why = fault ?? `the server's answers took up to ${formatMs(service?.max)}`;
  return [{
    invalid: share > MAX_MISSING_SHARE,
    finding: {
      code: "dropped_arrivals",
      cause: fault === undefined ? "server" : "generator",
      scenario: name,
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
    finding: {
      code: "unsent_arrivals",
      cause: "generator",
      scenario: name,
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
    finding: {
      code: "cut_off",
      cause: "server",
      scenario: name,
      message: `${formatCount(interrupted)} iterations of "${name}" (${
        formatPercent(share)
      }) were still unanswered when the run ended, and are in no response time`,
      advice: "Raise graceful_stop, or lower timeout so that they count as failures",
    },
  }];
}

function fewSamples(threshold: ThresholdResult): Finding[] {
  const percentile = Number(/ p([\d.]+)$/.exec(threshold.measure)?.[1] ?? NaN);
  const beyond = threshold.samples * (1 - percentile / 100);
  if (threshold.samples === 0 || !(beyond < SAMPLES_BEYOND)) return [];
  const needed = Math.ceil(SAMPLES_BEYOND / (1 - percentile / 100));
  const where = [threshold.scenario ?? "the whole run", threshold.step].filter(Boolean).join(" ");
  return [{
    code: "few_samples",
    cause: "run",
    scenario: threshold.scenario,
    message: `"${threshold.text}" of ${where} rests on ${
      formatCount(threshold.samples)
    } samples, so on a handful of slow ones`,
    advice: Number.isFinite(needed)
      ? `Run until there are ${formatCount(needed)}, or set the limit on a lower percentile`
      : "Set the limit on a lower percentile",
  }];
}
