/** The machines that shared a run, a row for each: who, when its load began, its clock, what it sent, and whether it was fit. */
import type { ClockReading, ShardPart, Summary } from "../metrics/summary_schema.ts";
import { formatCount, formatMs, formatPercent } from "../metrics/format.ts";
import { missingShards, offsetOf, partStartUs } from "../verdict/shards.ts";
import { shardOf } from "./words.ts";

export const SHARD_HEADS = [
  "Shard",
  "Began",
  "Clock",
  "Requests",
  "Lag p99",
  "Worker CPU",
  "Host CPU",
  "Unfit",
] as const;

export const SHARD_NOTE =
  "began after the first, by the target's clock; clock: ahead of the target's, to so much; CPU of the busiest worker's core";

export interface ShardRow {
  readonly index: number;
  readonly cells: readonly string[];
  readonly isBad: boolean;
}

/** All of them, by their numbers; none of a run that one machine made. */
export function shardRows(summary: Summary): ShardRow[] {
  const { shards } = summary;
  if (shards === null) return [];
  const firstUs = Math.min(
    ...shards.parts.filter((part) => offsetOf(part) !== undefined).map(partStartUs),
  );
  const missing = shardOf(summary) === undefined ? missingShards(shards) : [];
  return [
    ...shards.parts.map((part): ShardRow => ({
      index: part.index,
      cells: [nameOf(part), ...cellsOf(part, firstUs)],
      isBad: part.validity.length > 0,
    })),
    ...missing.map((index): ShardRow => ({
      index,
      cells: [`${index}`, "missing", ...SHARD_HEADS.slice(2).map(() => "")],
      isBad: true,
    })),
  ].sort((a, b) => a.index - b.index);
}

/** Rows on a page of text before the others are only counted. */
const ROWS_SHOWN = 24;

/** The ones to look at: those that are not as they should be, and then the first; and of how many more there is nothing to say. */
export function fewShardRows(
  summary: Summary,
): { readonly rows: readonly ShardRow[]; readonly more: number } {
  const all = shardRows(summary);
  const [bad, good] = [all.filter(({ isBad }) => isBad), all.filter(({ isBad }) => !isBad)];
  const rows = [...bad, ...good].slice(0, ROWS_SHOWN).sort((a, b) => a.index - b.index);
  return { rows, more: all.length - rows.length };
}

/** `3 host-c`, `3 host-c on node-7` */
function nameOf({ index, host: { name, node } }: ShardPart): string {
  return `${index} ${name}${node === null || node === name ? "" : ` on ${node}`}`;
}

function cellsOf(part: ShardPart, firstUs: number): string[] {
  const offset = offsetOf(part);
  return [
    offset === undefined ? "?" : `+${formatMs((partStartUs(part) - firstUs) / 1000)}`,
    offset === undefined ? "?" : clockText(offset),
    formatCount(part.requests),
    formatMs(part.lag_p99_ms),
    formatPercent(part.cpu_share),
    formatPercent(part.host_cpu_share),
    part.validity.join(", "),
  ];
}

/** `+250 ms ±3 ms` */
function clockText({ offset_ms, bound_ms }: ClockReading): string {
  const sign = offset_ms < 0 ? "-" : "+";
  return `${sign}${formatMs(Math.abs(offset_ms))} ±${formatMs(bound_ms)}`;
}
