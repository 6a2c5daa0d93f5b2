/** What a scenario's jobs at the server say beyond its times: whether the figures fit together, and what the server calls Running. */
import { formatCount, formatMs, formatPercent, significant } from "../metrics/format.ts";
import type { Measured, SummaryScenario } from "../metrics/summary_schema.ts";
import { littlesLaw, type Throughflow } from "./littles_law.ts";

interface JobFinding {
  readonly weight: number;
  readonly message: string;
}

/** Looks at the server's counts in a batch, on the average, below which their integral is too coarse to be compared. */
const FEWEST_LOOKS = 8;
/** Counts asked for in one look. */
const COUNTS_A_LOOK = 3;

/** Of jobs that all ended well: what is lost or refused on the way stays for no time that is known. */
export function littlesLawOfJobs(name: string, scenario: SummaryScenario): JobFinding | undefined {
  const flow = throughflow(scenario);
  if (flow === undefined) return undefined;
  const { expected, off, holds } = littlesLaw(flow.measured);
  if (holds) return undefined;
  const { inFlight, throughputPerS, timeS } = flow.measured;
  return {
    weight: off,
    message: `Little's law does not hold for the jobs of "${name}": ${significant(inFlight, 3)} ` +
      `${flow.are} on the average, where ${significant(throughputPerS, 3)} per second times ` +
      `${formatMs(timeS * 1000)} ${flow.time} makes ${significant(expected, 3)}`,
  };
}

/** Where the server tells when a job was begun, the jobs that it works on; otherwise those that it has. */
export function throughflow(
  { counters, observed, count }: SummaryScenario,
): { measured: Throughflow; are: string; time: string } | undefined {
  const of = (counter: string): number => counters[counter] ?? 0;
  const [asked, completed, durationMs] = ["jobs_asked", "jobs_completed", "batches_ms"].map(of) as [
    number,
    number,
    number,
  ];
  if (completed === 0 || completed < asked || durationMs <= 0) return undefined;
  if (of("job_polls") < COUNTS_A_LOOK * FEWEST_LOOKS * count) return undefined;
  const throughputPerS = completed / durationMs * 1000;
  const work = observed["work_time"]?.stats_ms;
  const whole = observed["job_time"]?.stats_ms;
  if (work !== undefined && work.count === completed) {
    const inFlight = of("jobs_running_ms") / durationMs;
    const measured = { inFlight, throughputPerS, timeS: work.avg / 1000 };
    return { measured, are: "were Running", time: "of work" };
  }
  if (whole === undefined) return undefined;
  const inFlight = of("jobs_open_ms") / durationMs;
  const measured = { inFlight, throughputPerS, timeS: whole.avg / 1000 };
  return { measured, are: "were Pending or Running", time: "from made to ended" };
}

const ISSUANCE = "certctl_issuance_duration_seconds";

/** More Running than the server is said to work on at once. */
export function jobsOverLimit(
  name: string,
  { gauges, counters }: SummaryScenario,
  { server_metrics: metrics }: Pick<Measured, "server_metrics">,
): JobFinding | undefined {
  const limit = highest(gauges["jobs_limit"]);
  const running = highest(gauges["jobs_in_flight"]);
  if (limit === undefined || running === undefined || running <= limit) return undefined;
  const issuance = metrics?.histograms.find((each) => each.name === ISSUANCE);
  const durationMs = counters["batches_ms"] ?? 0;
  const worked = issuance?.avg != null && durationMs > 0
    ? `; by its own issuance time of ${formatMs(issuance.avg * 1000)} it issued ${
      significant((counters["jobs_completed"] ?? 0) / durationMs * issuance.avg * 1000, 2)
    } at once on the average`
    : "";
  return {
    weight: running / limit,
    message: `${formatCount(running)} jobs of "${name}" were Running at once, and the limit is ${
      formatCount(limit)
    }: the server calls Running what it has claimed, and not what it works on${worked}`,
  };
}

/** Jobs that never ended; which is the first, and why, is in the scenario's failures. */
export function stuckJobs(name: string, { counters }: SummaryScenario): JobFinding | undefined {
  const stuck = counters["jobs_stuck"] ?? 0;
  const asked = counters["jobs_asked"] ?? 0;
  if (stuck === 0) return undefined;
  return {
    weight: stuck / asked,
    message: `${formatCount(stuck)} of ${formatCount(asked)} jobs of "${name}" (${
      formatPercent(stuck / asked)
    }) never ended: they are in no job_time`,
  };
}

function highest(slices: readonly { readonly max: number }[] | undefined): number | undefined {
  if (slices === undefined || slices.length === 0) return undefined;
  return slices.reduce((most, { max }) => Math.max(most, max), 0);
}
