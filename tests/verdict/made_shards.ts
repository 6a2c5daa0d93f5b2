/** Summaries of machines that shared a made-up run. */
import type { ShardPart, Summary } from "../../src/metrics/summary_schema.ts";
import { type MadeScenario, runOf, START_US, thresholdOf } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";

export interface MadeShard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
  /** How far its clock is ahead of the target's; null: it could not be told. */
  readonly offsetMs?: number | null;
  readonly boundMs?: number;
  readonly offsetAfterMs?: number;
  /** By its own clock, after the instant for all. */
  readonly lateMs?: number;
  readonly validity?: readonly string[];
  readonly hostShare?: number;
  readonly lagMs?: number;
  readonly made?: readonly MadeScenario[];
}

export const START_AT = new Date(START_US / 1000).toISOString();

const ERRORS = thresholdOf("error_rate < 1%", { kind: "error_rate" }, "<", 0.01);

/** As the machine wrote it. */
export function madeShard(shard: MadeShard): Summary {
  const { index, count, lateMs = 0, made = [{ name: "create", ratePerS: 40 }] } = shard;
  const share = { index: index - 1, count };
  const whole = runOf(made.map((one) => ({ shard: share, ...one })), { thresholds: [ERRORS] });
  const laterUs = lateMs * 1000;
  const summary = concluded({
    ...whole,
    startedUs: whole.startedUs + laterUs,
    endedUs: whole.endedUs + laterUs,
  });
  const parts = [partOf(shard, summary)];
  return { ...summary, shards: { count, start_at: START_AT, parts } };
}

export function madeShards(count: number, parts: Partial<MadeShard> = {}): Summary[] {
  return Array.from({ length: count }, (_, i) => madeShard({ index: i + 1, count, ...parts }));
}

function partOf(shard: MadeShard, { started_at, totals }: Summary): ShardPart {
  const { index, offsetMs = 0, boundMs = 3, offsetAfterMs = offsetMs } = shard;
  const reading = (offset: number | null) => (
    offset === null ? null : { offset_ms: offset, bound_ms: boundMs }
  );
  return {
    index,
    host: { name: `host-${index}`, node: index === 2 ? "node-b" : null, cpu_count: 4 },
    started_at: started_at.replace("Z", "250Z"),
    clock: {
      target: {
        origin: "https://localhost:8443",
        before: reading(offsetMs),
        after: reading(offsetAfterMs),
        note: offsetMs === null ? "it sends no Date" : null,
      },
      host: { source: "chrony", offset_ms: 0.2, bound_ms: 0.9 },
    },
    requests: totals.requests,
    lag_p99_ms: shard.lagMs ?? 0.2,
    cpu_share: 0.12,
    host_cpu_share: shard.hostShare ?? 0.3,
    validity: [...shard.validity ?? []],
  };
}
