/**
 * Several runs of one plan, shared out over machines, as the one run that they are: counts and histograms are added, so
 * that every percentile is exactly that of all requests together; thresholds, validity and exit are judged anew.
 * Summaries are added one by one, and what is large of each is let go at once.
 */
import { createHash } from "node:crypto";
import { connectorTier } from "../metrics/connector_tier.ts";
import { arrivalsOf, scenariosOf } from "../metrics/scenarios.ts";
import { sharing } from "../metrics/sharing.ts";
import { rounded } from "../metrics/stats.ts";
import { totalsOf } from "../metrics/summary.ts";
import { PhasesSum } from "../metrics/summary_sum.ts";
import { MAX_NOT_UNDONE, type Measured, type Summary } from "../metrics/summary_schema.ts";
import { type Shard, shardName } from "../shard.ts";
import { compare, type CompareOptions } from "./compare.ts";
import { exitOf } from "./exit.ts";
import { againstIntervals } from "./relative.ts";
import { instantUs, startUsOf } from "./shards.ts";
import { reevaluate } from "./thresholds.ts";
import { validityOf } from "./validity.ts";

/** For the user as it is. */
export class MergeError extends Error {
  override readonly name = "MergeError";
}

interface MergeOptions extends CompareOptions {
  /** What the whole is compared with, and what `p95 < baseline * 1.1` is relative to. */
  readonly baseline?: Summary | undefined;
}

/** @throws {MergeError} when the runs are not those of one. */
export function mergeSummaries(
  summaries: readonly Summary[],
  options: MergeOptions = {},
): Summary {
  const merge = new Merge();
  summaries.forEach((summary, at) => merge.add(summary, `run ${at + 1}`));
  return merge.finish(options);
}

type Shards = NonNullable<Measured["shards"]>;

/** What is kept of a summary until all are there. */
interface Kept {
  /** How messages call it. */
  readonly name: string;
  /** Without what is in the sum. */
  readonly measured: Measured;
  readonly thresholds: Summary["thresholds"];
  /** When it began, on the grid of time that all share. */
  readonly originUs: number;
  /** No two runs have the same. */
  readonly identity: string;
  /** Of each run that is in it. */
  readonly identities: readonly string[];
}

export class Merge {
  readonly #sum = new PhasesSum();
  readonly #kept: Kept[] = [];
  readonly #byIdentity = new Map<string, string>();
  /** Who brought which part. */
  readonly #byShard = new Map<number, string>();

  /** How many machines share the run; undefined while nothing is here, and of runs that know of no others. */
  get count(): number | undefined {
    return this.#kept[0]?.measured.shards?.count;
  }

  /** Summaries so far. */
  get added(): number {
    return this.#kept.length;
  }

  /** When the load of all is over as it was planned, in microseconds since the Unix epoch; undefined where no shard told. */
  get plannedEndUs(): number | undefined {
    const measured = this.#kept[0]?.measured;
    const startAt = measured?.shards?.start_at;
    if (measured === undefined || startAt == null) return undefined;
    const ends = scenariosOf(measured).map(([, { load }]) =>
      load.stages.reduce((sum, { duration_s }) => sum + duration_s, load.start_after_s)
    );
    return instantUs(startAt) + Math.max(0, ...ends) * 1e6;
  }

  /** Numbers of the machines whose parts are not here. */
  missing(): number[] {
    return Array.from({ length: this.count ?? 0 }, (_, i) => i + 1)
      .filter((index) => !this.#byShard.has(index));
  }

  /**
   * Nothing is added of what does not belong here.
   * @param name How messages call it: its file.
   * @throws {MergeError} when it is no part of the same run, or is here already.
   * @throws {RangeError} when one of its histograms is damaged.
   */
  add(summary: Summary, name: string): void {
    const [first] = this.#kept;
    if (first !== undefined) checkSame(first, summary, name);
    const identity = identityOf(summary);
    const identities = summary.merged ?? [identity];
    this.#checkNew(summary, name, identities);
    const originUs = startUsOf(summary) - anchorUs(summary.shards);
    const { phases } = this.#sum.add(summary.phases, originUs);
    const { thresholds } = summary;
    const kept = {
      name,
      measured: { ...measuredOf(summary), phases },
      thresholds,
      originUs,
      identity,
      identities,
    };
    this.#kept.push(sharing(kept, first));
    for (const each of identities) this.#byIdentity.set(each, name);
    for (const { index } of summary.shards?.parts ?? []) this.#byShard.set(index, name);
  }

  /**
   * The whole; once.
   * @throws {MergeError} when there are too few, or they were not under way together.
   */
  finish({ baseline, ...options }: MergeOptions = {}): Summary {
    const kept = this.#kept.toSorted(byStart);
    if (kept.length < 2 && this.count === undefined) {
      throw new MergeError("Cannot merge fewer than two runs");
    }
    if (this.count === undefined) checkTogether(kept);
    const measured = wholeOf(
      kept,
      this.#sum.phases(
        kept.map(({ measured: { phases }, originUs }) => ({ phases, originUs })),
      ),
    );
    const values = reevaluate(kept[0]!.thresholds, measured, baseline);
    const validity = validityOf(measured, values, { isWhole: true });
    const comparison = baseline ? compare(baseline, { ...measured, validity }, options) : null;
    const thresholds = comparison ? againstIntervals(values, comparison) : values;
    const judged = { ...measured, thresholds, validity, comparison, baseline: null };
    return { ...judged, exit: exitOf(judged) };
  }

  /** Whether all that was merged to it is here already, so that it is a former result of these. */
  isResultOf(summary: Summary): boolean {
    const [first] = this.#kept;
    if (first === undefined || !isMerged(summary) || !isSame(first, summary)) return false;
    return summary.shards === null
      ? summary.merged!.every((identity) => this.#byIdentity.has(identity))
      : summary.shards.parts.every(({ index }) => this.#byShard.has(index));
  }

  #checkNew({ shards, merged }: Summary, name: string, identities: readonly string[]): void {
    for (const { index } of shards?.parts ?? []) {
      const before = this.#byShard.get(index);
      if (before === undefined) continue;
      const shard = shardName({ index, count: shards!.count });
      throw new MergeError(
        `Cannot merge "${name}" as ${shard} is there already, from "${before}": leave one of them out`,
      );
    }
    const identity = identities.find((each) => this.#byIdentity.has(each));
    if (identity === undefined) return;
    const other = this.#byIdentity.get(identity)!;
    const isWhole = merged !== undefined ||
      this.#kept.some((kept) => kept.name === other && kept.identities.length > 1);
    const what = isWhole
      ? `a run that is in "${other}" is in it, too`
      : `it is the same run as "${other}"`;
    throw new MergeError(
      `Cannot merge "${name}" as ${what}: its load would count twice. Leave one of them out`,
    );
  }
}

/** Whether it is of several summaries, and no machine's own. */
export function isMerged({ shards, merged }: Measured): boolean {
  return merged !== undefined || (shards?.parts.length ?? 0) > 1;
}

/** A shard is known by its number; of other runs no two are alike in every figure, to the byte of memory. */
function identityOf(summary: Summary): string {
  const indices = summary.shards?.parts.map(({ index }) => index) ?? [];
  if (indices.length > 0) return JSON.stringify(indices);
  return createHash("sha256").update(JSON.stringify(measuredOf(summary))).digest("hex");
}

/** A machine's number decides between those that began at one instant, and what differs between the others. */
function byStart(a: Kept, b: Kept): number {
  const indexOf = ({ measured }: Kept): number => measured.shards?.parts[0]?.index ?? 0;
  return a.originUs - b.originUs || indexOf(a) - indexOf(b) || (a.identity < b.identity ? -1 : 1);
}

/** Where the grid of time begins, in microseconds since the Unix epoch: with the start of the load, as it was planned. */
function anchorUs(shards: Measured["shards"]): number {
  return shards?.start_at == null ? 0 : instantUs(shards.start_at);
}

function isSame(first: Kept, summary: Summary): boolean {
  try {
    checkSame(first, summary, "");
    return true;
  } catch (error) {
    if (error instanceof MergeError) return false;
    throw error;
  }
}

function checkSame(first: Kept, summary: Summary, name: string): void {
  const refuse = (what: string, advice: string): never => {
    throw new MergeError(`Cannot merge "${name}" with "${first.name}" as ${what}: ${advice}`);
  };
  const [a, b] = [first.measured, summary];
  checkShards(a.shards, b.shards, refuse);
  checkArrivals(a, b, refuse);
  if (a.plan.sha256 === b.plan.sha256) return;
  refuse(
    `they are of different plans (sha256 ${b.plan.sha256.slice(0, 12)} and ${
      a.plan.sha256.slice(0, 12)
    })`,
    "run one plan on all machines, with the same --set",
  );
}

type Refuse = (what: string, advice: string) => never;

function checkShards(a: Measured["shards"], b: Measured["shards"], refuse: Refuse): void {
  if (a === null && b === null) return;
  if (a === null || b === null) {
    const text = (shards: Measured["shards"]): string =>
      shards === null ? "a whole run" : partsText(shards);
    refuse(`one is ${text(b)}, the other ${text(a)}`, "merge the parts of one run");
  } else if (a.count !== b.count) {
    refuse(
      `one is ${partsText(b)}, the other ${partsText(a)}`,
      "all parts of a run are of one number of machines",
    );
  } else if (startOfShards(a) !== startOfShards(b)) {
    refuse(
      `they are of different runs: one was to start ${startText(b)}, the other ${startText(a)}`,
      "merge the parts of one run",
    );
  }
}

function startOfShards({ start_at }: Shards): number | undefined {
  return start_at === null ? undefined : instantUs(start_at);
}

function startText({ start_at }: Shards): string {
  return start_at === null ? "at once" : `at ${start_at}`;
}

/** `shard 3 of 8`, `7 of 8 shards` */
function partsText({ count, parts }: Shards): string {
  const [only, ...others] = parts;
  if (only === undefined || others.length > 0) return `${parts.length} of ${count} shards`;
  const shard: Shard = { index: only.index, count };
  return shardName(shard);
}

/** Apart from the plan's hash, which cannot say what differs, and which does not know seeds and phases. */
function checkArrivals(a: Measured, b: Measured, refuse: Refuse): void {
  const others = new Map(scenariosOf(a));
  for (const [name, scenario] of scenariosOf(b)) {
    const other = others.get(name);
    if (other === undefined || scenario.load.model !== other.load.model) continue;
    const [kind, another] = [arrivalsOf(scenario), arrivalsOf(other)];
    if (kind !== another) {
      refuse(
        `the arrivals of "${name}" are ${kind} in one and ${another} in the other`,
        "run the plan on all machines with the same `arrivals`",
      );
    }
    if (b.shards === null) continue;
    for (const key of ["seed", "phase"] as const) {
      const [own, its] = [scenario.load[key], other.load[key]];
      if (own === its) continue;
      refuse(
        `they drew other arrivals: the ${key} of "${name}" is ${own} in one and ${its} in the other`,
        "run the same plan on all machines",
      );
    }
  }
}

/** Of runs that know of no others. */
function checkTogether(kept: readonly Kept[]): void {
  const [first, ...others] = kept;
  const apart = others.find(({ originUs }) =>
    originUs > first!.originUs + first!.measured.duration_s * 1e6
  );
  if (apart === undefined) return;
  throw new MergeError(
    `Cannot merge runs that were not under way together: "${
      first!.name
    }" ended before "${apart.name}" began, at ${apart.measured.started_at}`,
  );
}

/** Without the verdicts, which are not those of the whole. */
function measuredOf(summary: Summary): Measured {
  const { thresholds: _t, validity: _v, comparison: _c, baseline: _b, exit: _e, ...measured } =
    summary;
  return measured;
}

/** In the order of their starts. */
function wholeOf(kept: readonly Kept[], phases: Measured["phases"]): Measured {
  const runs = kept.map(({ measured }) => measured);
  const [first, ...others] = runs;
  const startUs = Math.min(...kept.map(({ originUs }) => originUs));
  const endUs = kept.map(({ originUs, measured }) => originUs + measured.duration_s * 1e6);
  const duration_s = rounded((Math.max(...endUs) - startUs) / 1e6);
  const things = runs.flatMap(({ not_undone }) => not_undone.things);
  return {
    ...first!,
    started_at: isoOf(startUs + anchorUs(first!.shards)),
    duration_s,
    interrupted: runs.some(({ interrupted }) => interrupted),
    methodology: { ...first!.methodology, notes: notesOf(first!, others) },
    generator: generatorOf(kept, startUs),
    totals: totalsOf(phases, duration_s),
    phases,
    connector_tier: connectorTier({ phases }),
    server_metrics: runs.find(({ server_metrics }) => server_metrics !== null)?.server_metrics ??
      null,
    shards: first!.shards && {
      ...first!.shards,
      parts: runs.flatMap(({ shards }) => shards?.parts ?? [])
        .toSorted((a, b) => a.index - b.index),
    },
    not_undone: {
      count: runs.reduce((sum, { not_undone }) => sum + not_undone.count, 0),
      things: things.slice(0, MAX_NOT_UNDONE),
    },
    ...(first!.shards === null && { merged: kept.flatMap(({ identities }) => identities) }),
  };
}

/** To the millisecond. */
function isoOf(us: number): string {
  return new Date(us / 1000).toISOString();
}

function generatorOf(kept: readonly Kept[], startUs: number): Measured["generator"] {
  const all = kept.map(({ measured }) => measured.generator);
  const sum = (of: (one: Measured["generator"]) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  const busy = all.map(({ host_cpu_share }) => host_cpu_share).filter((share) => share !== null);
  const whole: Measured["generator"] = {
    workers: [],
    lost: [],
    cpu_s: rounded(sum(({ cpu_s }) => cpu_s)),
    cpu_cores: rounded(sum(({ cpu_cores }) => cpu_cores)),
    /** Of the machines that tell, the busiest. */
    host_cpu_share: busy.length === 0 ? null : Math.max(...busy),
    max_rss_bytes: sum(({ max_rss_bytes }) => max_rss_bytes),
  };
  for (const { measured: { generator }, originUs } of kept) {
    const later = (originUs - startUs) / 1e6;
    const before = whole.workers.length;
    for (const worker of generator.workers) {
      const stalls = worker.stalls.map((stall) => (
        { ...stall, at_s: rounded(stall.at_s + later) }
      ));
      whole.workers.push({ ...worker, index: whole.workers.length, stalls });
    }
    for (const { worker, at_s, reason } of generator.lost) {
      const number = worker === null ? null : worker + before;
      whole.lost.push({ worker: number, at_s: rounded(at_s + later), reason });
    }
  }
  return whole;
}

/** What is kept of remarks that many machines make. */
const MAX_NOTES = 100;

/** Remarks of all, each once; of what was added the kinds of machines, or without shards, each run. */
function notesOf(first: Measured, others: readonly Measured[]): string[] {
  const added = first.shards === null ? others.map(noteOnRun) : machineNotes([first, ...others]);
  const told = [first, ...others].flatMap(({ methodology }) => methodology.notes);
  return [...new Set([...told, ...added])].slice(0, MAX_NOTES);
}

function noteOnRun(run: Measured): string {
  const count = run.generator.workers.length;
  return `merged with a run from ${run.started_at} by ${count} worker${count === 1 ? "" : "s"} on ${
    machineText(run)
  }`;
}

/** Only where they are not alike: the reports say what the first is. */
function machineNotes(runs: readonly Measured[]): string[] {
  return [machineText, toolText].flatMap((textOf) => {
    const kinds = Map.groupBy(runs, textOf);
    return kinds.size < 2 ? [] : Array.from(
      kinds,
      ([text, those]) => `${those.length} of ${runs.length} machines: ${text}`,
    );
  });
}

function toolText({ tool }: Measured): string {
  return `${tool.name} ${tool.version}`;
}

function machineText({ methodology: { hardware, os } }: Measured): string {
  return `${hardware.cpu_model}, ${hardware.cpu_count} CPUs, ${os.name} ${os.kernel}`;
}
