/** What became of certificates and of jobs, for every report: deployments as they were watched, jobs as the server ended them. */
import { DEPLOY_MEASURES } from "../deployment.ts";
import { JOB_MEASURES } from "../jobs.ts";
import {
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  significant,
} from "../metrics/format.ts";
import type { Stats, SummaryScenario } from "../metrics/summary_schema.ts";
import { throughflow } from "../verdict/job_findings.ts";
import { littlesLaw } from "../verdict/littles_law.ts";
import { plural } from "./words.ts";

/** A sentence below a table, and whether it is about something that went wrong. */
export interface Remark {
  readonly text: string;
  readonly bad: boolean;
}

export interface DeployRow {
  /** Which time. */
  readonly name: string;
  readonly count: string;
  /** p50, p95, p99 and the greatest. */
  readonly times: readonly string[];
  /** `+5 ms`: how much longer each of `times` may have been; empty where that is not known. */
  readonly intervals: readonly string[];
}

export const DEPLOY_NOTE =
  "by fresh handshakes; (+): how much longer it may have been, as nobody looked in between";
export const DEPLOY_HEADS = ["Count", "p50", "p95", "p99", "Max"] as const;
const DEPLOY_TIMES = ["propagation", "overlap", "staleness"] as const;
const WRONG_ENDS = ["wrong", "reverted", "mixed", "late", "never"] as const;

export const JOBS_NOTE = "a job made to its end";
export const JOB_HEADS = [
  "Completed",
  "Rate",
  "Failed",
  "Stuck",
  "In flight",
  "Limit",
  "p50",
  "p95",
  "p99",
  "Max",
] as const;

export function hasDeployments({ deployment_verdicts, observed }: SummaryScenario): boolean {
  return Object.keys(deployment_verdicts).length > 0 || "propagation" in observed;
}

export function hasJobs({ observed, counters }: SummaryScenario): boolean {
  return "job_time" in observed ||
    ["jobs_asked", "jobs_completed", "jobs_failed", "jobs_stuck"].some((name) => name in counters);
}

/** What stands in a table of its own, and is not to be told again among the flow's own. */
export function isToldApart(name: string, scenario: SummaryScenario): boolean {
  return hasDeployments(scenario) && DEPLOY_NAMES.has(name) ||
    hasJobs(scenario) && JOB_NAMES.has(name);
}

const namesOf = (...measures: readonly object[]): ReadonlySet<string> =>
  new Set(measures.flatMap((one) => Object.keys(one)));
const DEPLOY_NAMES = namesOf(DEPLOY_MEASURES.durations, DEPLOY_MEASURES.counters);
const JOB_NAMES = namesOf(JOB_MEASURES.durations, JOB_MEASURES.counters);

export const PERCENTILES = ["p50", "p95", "p99", "max"] as const;

export function deployRows({ observed }: SummaryScenario): DeployRow[] {
  const widthMs = observed["watch_interval"]?.stats_ms.p95;
  return DEPLOY_TIMES.flatMap((name): DeployRow[] => {
    const stats = observed[name]?.stats_ms;
    if (stats === undefined) return [];
    // Of an overlap both ends lie between two handshakes.
    const ends = name === "overlap" ? 2 : 1;
    const upper = name === "propagation" ? observed["served"]?.stats_ms : undefined;
    return [{
      name,
      count: formatCount(stats.count),
      times: PERCENTILES.map((key) => formatMs(stats[key])),
      intervals: PERCENTILES.map((key) => {
        // The other ends of all these intervals are known one by one.
        if (upper?.count === stats.count) return `+${formatMs(upper[key] - stats[key])}`;
        return widthMs === undefined ? "" : `+${formatMs(ends * widthMs)}`;
      }),
    }];
  });
}

/** `312 ms (+5 ms)` */
export function deployCells({ count, times, intervals }: DeployRow): string[] {
  return [
    count,
    ...times.map((time, i) => intervals[i] === "" ? time : `${time} (${intervals[i]})`),
  ];
}

/** Who deployed, how each ended, and what connections met meanwhile. */
export function deployRemarks(scenario: SummaryScenario): Remark[] {
  const { counters, observed, deployments, deployment_verdicts: verdicts } = scenario;
  const all = Object.values(verdicts).reduce((sum, count) => sum + (count ?? 0), 0);
  const ends = WRONG_ENDS.map((name) => [name, counters[name] ?? verdicts[name] ?? 0] as const);
  const ended = ends.map(([name, count]) =>
    name === "never" ? `${formatCount(count)} never served` : `${formatCount(count)} ${name}`
  );
  const interval = observed["watch_interval"]?.stats_ms;
  const watched = interval === undefined
    ? ""
    : `, each known to ${formatMs(interval.p50)} (95 % to ${formatMs(interval.p95)})`;
  const [failures, handshakes] = [
    counters["handshake_failures"] ?? 0,
    counters["watch_handshakes"] ?? 0,
  ];
  const [reset, kept] = [counters["reset_requests"] ?? 0, counters["kept_requests"] ?? 0];
  const share = kept > 0 ? ` (${formatPercent(reset / kept)})` : "";
  return [
    {
      text: `${plural(all, "deployment")}${byWhom(deployments)}, ${
        formatCount(verdicts.served ?? 0)
      } served as wanted: ${ended.join(", ")}${watched}`,
      bad: ends.some(([, count]) => count > 0),
    },
    {
      text: `${among(failures, handshakes)} fresh handshakes failed; ${
        among(reset, kept)
      } requests on kept connections were cut off${share}`,
      bad: failures + reset > 0,
    },
  ];
}

/** ` by certload`, ` by agents`, ` by certload and agents` */
function byWhom(deployments: SummaryScenario["deployments"]): string {
  const by = new Set(deployments.map(({ by }) => (by === "agent" ? "agents" : by)));
  return by.size === 0 ? "" : ` by ${Array.from(by).sort().toReversed().join(" and ")}`;
}

function among(part: number, whole: number): string {
  return `${formatCount(part)} of ${formatCount(whole)}`;
}

export function jobCells(scenario: SummaryScenario): string[] {
  const { counters, observed, duration_s } = scenario;
  const stats: Stats | undefined = observed["job_time"]?.stats_ms;
  const completed = counters["jobs_completed"] ?? 0;
  return [
    formatCount(completed),
    formatRate(completed / (jobSeconds(scenario) || duration_s || 1)),
    formatCount(counters["jobs_failed"] ?? 0),
    formatCount(counters["jobs_stuck"] ?? 0),
    countOrNone(greatest(scenario, "jobs_in_flight")),
    countOrNone(greatest(scenario, "jobs_limit")),
    ...PERCENTILES.map((key) => formatMs(stats?.[key])),
  ];
}

function countOrNone(count: number | undefined): string {
  return count === undefined ? "-" : formatCount(count);
}

/** While a batch of theirs was under way, as far as the flow tells; 0 where it does not. */
function jobSeconds({ counters }: SummaryScenario): number {
  return (counters["batches_ms"] ?? 0) / 1000;
}

function greatest({ gauges }: SummaryScenario, name: string): number | undefined {
  const slices = gauges[name] ?? [];
  return slices.length === 0 ? undefined : Math.max(...slices.map(({ max }) => max));
}

/** Most in flight beside the limit, Little's law, and the price of asking. */
export function jobRemarks(scenario: SummaryScenario): Remark[] {
  const { counters } = scenario;
  const [most, limit] = [greatest(scenario, "jobs_in_flight"), greatest(scenario, "jobs_limit")];
  const [failed, stuck] = [counters["jobs_failed"] ?? 0, counters["jobs_stuck"] ?? 0];
  const polls = counters["job_polls"] ?? 0;
  return [
    ...(most === undefined || limit === undefined ? [] : [{
      text: `At most ${formatCount(most)} in flight, of ${formatCount(limit)} configured: ${
        most === limit ? "all of them" : most > limit ? "more than configured" : "not all of them"
      }`,
      bad: most > limit,
    }]),
    ...littlesLawRemark(scenario),
    ...(failed + stuck === 0 ? [] : [{
      text: `${plural(failed, "job")} failed, ${formatCount(stuck)} had not ended by the deadline`,
      bad: true,
    }]),
    ...(polls === 0
      ? []
      : [{ text: `${plural(polls, "request")} asked how the jobs stood`, bad: false }]),
  ];
}

/** In flight = throughput x time. Nothing where jobs never ended, or were looked at too rarely. */
function littlesLawRemark(scenario: SummaryScenario): Remark[] {
  const flow = throughflow(scenario);
  if (flow === undefined) return [];
  const { measured: { inFlight, throughputPerS, timeS }, are, time } = flow;
  const { expected, off, holds } = littlesLaw(flow.measured);
  return [{
    text: `Little's law: ${significant(inFlight)} ${are} on the average, and ${
      formatRate(throughputPerS)
    } times ${formatMs(timeS * 1000)} ${time} is ${significant(expected)}, ${
      formatPercent(Math.abs(off))
    } off`,
    bad: !holds,
  }];
}
