/** The machines that shared a run: when each began by the target's clock, how far apart, and what the missing ones left out. */
import { arrivalCount } from "../plan/arrival_sequence.ts";
import { highestLevel } from "../plan/profile.ts";
import type { OpenProfile } from "../plan/plan.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import type {
  ClockReading,
  Measured,
  ShardPart,
  SummaryScenario,
} from "../metrics/summary_schema.ts";
import { shareOfShard } from "../shard.ts";
import { partOf } from "../worker_share.ts";

type Shards = NonNullable<Measured["shards"]>;

/** ISO 8601 with up to microseconds, as microseconds since the Unix epoch. */
export function instantUs(iso: string): number {
  const [, beyondMs = ""] = /\.\d{3}(\d{1,3})\d*(?:Z|[+-][\d:]+)$/.exec(iso) ?? [];
  return Date.parse(iso) * 1000 + Number(beyondMs.padEnd(3, "0"));
}

/** How far a machine's clock is ahead of the target's; undefined where that could not be told. */
export function offsetOf({ clock }: ShardPart): ClockReading | undefined {
  const { before, after } = clock.target;
  if (before === null || after === null) return before ?? after ?? undefined;
  // Where the start was near, the reading before it had little time. A clock that was set meanwhile was as it was before.
  const isSame = Math.abs(after.offset_ms - before.offset_ms) <= before.bound_ms + after.bound_ms;
  return isSame && after.bound_ms < before.bound_ms ? after : before;
}

/** When a machine's load began, by the target's clock as far as that is known, in microseconds since the Unix epoch. */
export function partStartUs(part: ShardPart): number {
  return instantUs(part.started_at) - Math.round((offsetOf(part)?.offset_ms ?? 0) * 1000);
}

/** The same of a run. What was merged before has its start by that clock already. */
export function startUsOf({ started_at, shards }: Measured): number {
  const [only, ...others] = shards?.parts ?? [];
  return only !== undefined && others.length === 0 ? partStartUs(only) : instantUs(started_at);
}

export function missingShards({ count, parts }: Shards): number[] {
  const here = new Set(parts.map(({ index }) => index));
  return Array.from({ length: count }, (_, i) => i + 1).filter((index) => !here.has(index));
}

/** Of the parts whose clocks are known. */
export interface StartSpread {
  readonly first: ShardPart;
  readonly last: ShardPart;
  readonly ms: number;
  /** The truth lies within so much of it. */
  readonly boundMs: number;
}

export function startSpread({ parts }: Shards): StartSpread | undefined {
  const known = parts.filter((part) => offsetOf(part) !== undefined)
    .toSorted((a, b) => partStartUs(a) - partStartUs(b));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const bounds = [first, last].map((part) => offsetOf(part)?.bound_ms ?? 0);
  return {
    first,
    last,
    ms: (partStartUs(last) - partStartUs(first)) / 1000,
    boundMs: bounds[0]! + bounds[1]!,
  };
}

/** What was to be sent of a scenario, and what of that was nobody's. */
interface Shortfall {
  readonly name: string;
  readonly planned: number;
  readonly missing: number;
}

export interface MissingLoad {
  /** Of all arrivals, 0..1. */
  readonly share: number;
  /** Of each scenario, where these are not alike: a limit of three is carried by three machines. */
  readonly uneven: readonly { readonly name: string; readonly share: number }[];
}

/** What the machines that are not here were to send, computed from the plan's arrivals and those of the others. */
export function missingLoad(measured: Measured): MissingLoad {
  const shards = measured.shards;
  if (shards === null) return { share: 0, uneven: [] };
  const all = scenariosOf(measured)
    .map(([name, scenario]) => shortfallOf(name, scenario, shards, measured.interrupted));
  const sum = (of: (one: Shortfall) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  const share = shareOf(sum(({ missing }) => missing), sum(({ planned }) => planned));
  const each = all.map(({ name, planned, missing }) => ({
    name,
    share: shareOf(missing, planned),
  }));
  const isUneven = each.some((one) => Math.abs(one.share - share) > UNEVEN);
  return { share, uneven: isUneven ? each : [] };
}

/** Beyond what a last arrival more or less makes. */
const UNEVEN = 0.01;

function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : part / whole;
}

function shortfallOf(
  name: string,
  scenario: SummaryScenario,
  shards: Shards,
  interrupted: boolean,
): Shortfall {
  const { offered, load, count } = scenario;
  const evenly = missingShards(shards).length / shards.count;
  if (load.model === "open" && offered !== null && !interrupted) {
    const planned = Math.max(plannedArrivals(name, load), offered.arrivals);
    return { name, planned, missing: planned - offered.arrivals };
  }
  // Users who are not there send nothing, and how much they would have sent is as much as the others do.
  const away = load.model === "closed" ? missingUsers(load, shards) : evenly;
  const came = offered?.arrivals ?? count;
  const planned = away < 1 ? came / (1 - away) : highestLevel(stagesOf(load));
  return { name, planned, missing: planned * away };
}

type Load = SummaryScenario["load"];

function plannedArrivals(name: string, load: Load): number {
  const profile: OpenProfile = {
    model: "open",
    stages: stagesOf(load),
    maxInFlight: load.max_in_flight ?? Infinity,
    arrivals: load.arrivals ?? "even",
    seed: load.seed ?? 1,
    phase: load.phase ?? 0,
  };
  return arrivalCount({ name, load: profile });
}

function stagesOf({ stages }: Load): OpenProfile["stages"] {
  return stages.map(({ duration_s, from, to }) => ({ durationMs: duration_s * 1000, from, to }));
}

/** Share of the users that are of machines which are not here. */
function missingUsers(load: Load, shards: Shards): number {
  const users = Math.ceil(highestLevel(stagesOf(load)));
  const away = missingShards(shards)
    .reduce((sum, index) => sum + partOf(users, shareOfShard({ index, count: shards.count })), 0);
  return shareOf(away, users);
}
