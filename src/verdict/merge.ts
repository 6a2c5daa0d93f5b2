/**
 * Several runs of one plan, shared out over generators, as the one run that they are: counts and histograms are added,
 * so that every percentile is exactly that of all requests together; thresholds, validity and exit are judged anew.
 */
import { connectorTier } from "../metrics/connector_tier.ts";
import { arrivalsOf, scenariosOf } from "../metrics/scenarios.ts";
import { rounded } from "../metrics/stats.ts";
import { totalsOf } from "../metrics/summary.ts";
import { addPhases } from "../metrics/summary_sum.ts";
import {
  MAX_NOT_UNDONE,
  type Measured,
  type Summary,
  type SummaryScenario,
} from "../metrics/summary_schema.ts";
import { exitOf } from "./exit.ts";
import { reevaluate } from "./thresholds.ts";
import { validityOf } from "./validity.ts";

/** For the user as it is. */
export class MergeError extends Error {
  override readonly name = "MergeError";
}

/** @throws {MergeError} when the runs are not shards of one. */
export function mergeSummaries(summaries: readonly Summary[]): Summary {
  const [first, ...others] = summaries.toSorted((a, b) => startOf(a) - startOf(b));
  if (!first || others.length === 0) throw new MergeError("Cannot merge fewer than two runs");
  for (const other of others) checkTogether(first, other);
  const measured = others.reduce<Measured>(addRuns, measuredOf(first));
  const thresholds = reevaluate(first.thresholds, measured);
  const validity = validityOf(measured, thresholds);
  const judged = { ...measured, thresholds, validity, comparison: null, baseline: null };
  return { ...judged, exit: exitOf(judged) };
}

function checkTogether(first: Summary, other: Summary): void {
  checkArrivals(first, other);
  if (first.plan.sha256 !== other.plan.sha256) {
    throw new MergeError(
      `Cannot merge runs of different plans: sha256 ${first.plan.sha256.slice(0, 12)} and ${
        other.plan.sha256.slice(0, 12)
      }`,
    );
  }
  if (startOf(other) > startOf(first) + first.duration_s) {
    throw new MergeError(
      `Cannot merge runs that were not under way together: one ended before the other began, at ${other.started_at}`,
    );
  }
}

/** Apart from the plan's hash, which cannot say what differs. */
function checkArrivals(first: Summary, other: Summary): void {
  const others = new Map(scenariosOf(other));
  for (const [name, scenario] of scenariosOf(first)) {
    const second = others.get(name);
    if (second === undefined || scenario.load.model !== second.load.model) continue;
    const [kind, another] = [arrivalsOf(scenario), arrivalsOf(second)];
    if (kind !== another) {
      throw new MergeError(
        `Cannot merge runs with other arrivals: those of "${name}" are ${kind} in one and ${another} in another. ` +
          "Run the plan on all hosts with the same `arrivals`",
      );
    }
    if (first.shards && other.shards) checkOneDraw(name, scenario, second);
  }
}

/** The parts of one run share its arrivals, so they must have drawn the same. */
function checkOneDraw(
  name: string,
  { load: a }: SummaryScenario,
  { load: b }: SummaryScenario,
): void {
  for (const key of ["seed", "phase"] as const) {
    if (a[key] === b[key]) continue;
    throw new MergeError(
      `Cannot merge shards with other arrivals: the ${key} of "${name}" is ${a[key]} in one and ${
        b[key]
      } in another. ` +
        "Run the same plan on all machines",
    );
  }
}

/** Seconds since the epoch. */
function startOf({ started_at }: Measured): number {
  return Date.parse(started_at) / 1000;
}

/** Without the verdicts, which are not those of the whole. */
function measuredOf(summary: Summary): Measured {
  const { thresholds: _t, validity: _v, comparison: _c, baseline: _b, exit: _e, ...measured } =
    summary;
  return measured;
}

/** `b` started with `a` or after it; its slices are moved by as much. */
function addRuns(a: Measured, b: Measured): Measured {
  const shiftS = Math.round(startOf(b) - startOf(a));
  const phases = addPhases(a.phases, b.phases, shiftS);
  const workers = [...a.generator.workers, ...b.generator.workers];
  const duration_s = Math.max(a.duration_s, shiftS + b.duration_s);
  return {
    ...a,
    duration_s,
    interrupted: a.interrupted || b.interrupted,
    methodology: { ...a.methodology, notes: [...a.methodology.notes, noteOn(b)] },
    generator: {
      workers: workers.map((worker, index) => ({ ...worker, index })),
      lost: [
        ...a.generator.lost,
        ...b.generator.lost.map(({ worker, at_s, reason }) => ({
          worker: worker === null ? null : worker + a.generator.workers.length,
          at_s: at_s + shiftS,
          reason,
        })),
      ],
      cpu_s: rounded(a.generator.cpu_s + b.generator.cpu_s),
      cpu_cores: rounded(a.generator.cpu_cores + b.generator.cpu_cores),
      host_cpu_share: highest(a.generator.host_cpu_share, b.generator.host_cpu_share),
      max_rss_bytes: a.generator.max_rss_bytes + b.generator.max_rss_bytes,
    },
    totals: totalsOf(phases, duration_s),
    phases,
    connector_tier: connectorTier({ phases }),
    server_metrics: a.server_metrics,
    not_undone: {
      count: a.not_undone.count + b.not_undone.count,
      things: [...a.not_undone.things, ...b.not_undone.things].slice(0, MAX_NOT_UNDONE),
    },
  };
}

/** Of the hosts that tell. */
function highest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : Math.max(a, b);
}

function noteOn({ methodology: { hardware, os }, started_at, generator }: Measured): string {
  const count = generator.workers.length;
  return `merged with a run from ${started_at} by ${count} worker${count === 1 ? "" : "s"} on ` +
    `${hardware.cpu_model}, ${hardware.cpu_count} CPUs, ${os.name} ${os.kernel}`;
}
