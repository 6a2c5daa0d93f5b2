/** What one machine did of a run that several share, as its summary tells it. */
import type { Shard } from "../shard.ts";
import { isoOfUs } from "../start_at.ts";
import { Histogram } from "./histogram.ts";
import type { ClockOffset, Run, ShardFacts } from "./run.ts";
import { msOf, rounded, shareOf } from "./stats.ts";
import type { ClockReading, Measured, ShardClock, ShardPart } from "./summary_schema.ts";

/** Null of a run that one machine made by itself. Whether the part is fit to tell is put to it when it is judged. */
export function shardsOf(run: Run, { requests }: Measured["totals"]): Measured["shards"] {
  const { shard } = run;
  if (shard === undefined) return null;
  return {
    count: shard.count,
    start_at: shard.startAtUs === undefined ? null : isoOfUs(shard.startAtUs),
    parts: [partOf(run, shard, requests)],
  };
}

/** One machine's part of a run that several share; undefined of the whole. */
export function partOfWhole({ shards }: Pick<Measured, "shards">): Shard | undefined {
  const [part, ...others] = shards?.parts ?? [];
  if (shards === null || part === undefined || others.length > 0) return undefined;
  return shards.count === 1 ? undefined : { index: part.index, count: shards.count };
}

function partOf(run: Run, shard: ShardFacts, requests: number): ShardPart {
  const busy = run.workers.map(({ cpuUs, wallUs }) => shareOf(cpuUs, wallUs) ?? 0);
  return {
    index: shard.index,
    host: {
      name: shard.host.name,
      node: shard.host.node ?? null,
      cpu_count: run.host.cpuCount,
    },
    started_at: isoOfUs(shard.startedUs),
    clock: clockOf(shard),
    requests,
    lag_p99_ms: lagP99Ms(run),
    cpu_share: busy.length === 0 ? null : Math.max(...busy),
    host_cpu_share: run.hostCpuShare === undefined ? null : rounded(run.hostCpuShare),
    validity: [],
  };
}

function clockOf({ target, hostClock }: ShardFacts): ShardClock {
  return {
    target: {
      origin: target.origin,
      before: readingOf(target.before),
      after: readingOf(target.after),
      note: target.note ?? null,
    },
    host: hostClock === undefined ? null : {
      source: hostClock.source,
      offset_ms: hostClock.offsetMs,
      bound_ms: hostClock.boundMs,
    },
  };
}

function readingOf(offset: ClockOffset | undefined): ClockReading | null {
  if (offset === undefined) return null;
  return { offset_ms: msOf(offset.offsetUs), bound_ms: msOf(offset.boundUs) };
}

/** The generator's own lateness is one over all scenarios. */
function lagP99Ms({ scenarios }: Run): number | null {
  const lag = new Histogram();
  for (const { scenario, total } of scenarios) {
    const { lag: data } = total.iterations.durations;
    // Users of the closed model are never late: they come when they are sent.
    if (data !== undefined && scenario.load.model === "open") lag.add(data);
  }
  return lag.count === 0 ? null : msOf(lag.percentile(99));
}
