/** What is to be said of a run that machines shared: who is missing or was unfit, how far apart they began, and their clocks. */
import { formatMs, formatPercent } from "../metrics/format.ts";
import type { Measured, ShardPart } from "../metrics/summary_schema.ts";
import { shardName } from "../shard.ts";
import { missingLoad, missingShards, offsetOf, startSpread } from "./shards.ts";

interface ShardFinding {
  readonly invalid: boolean;
  readonly subject: string;
  readonly weight: number;
  readonly message: string;
  readonly detail?: string;
}

/**
 * So far apart, the arrivals of a second are those of another one: neither the rate at any instant nor the distances
 * between arrivals are the plan's.
 */
const SPREAD_LIMIT_MS = 1_000;

/** Worth a word: the distances between arrivals are not the plan's, the rate over a second still is. */
const SPREAD_WARNING_MS = 100;

/** A clock that is known no better says little of a start. */
const BOUND_LIMIT_MS = 100;

/** Numbers in a message before the rest are only counted. */
const NUMBERS_SHOWN = 10;

export function missingFindings(measured: Measured): ShardFinding[] {
  const { shards } = measured;
  const missing = shards === null ? [] : missingShards(shards);
  if (shards === null || missing.length === 0) return [];
  const { share, uneven } = missingLoad(measured);
  const each = uneven.map((one) => `${formatPercent(one.share)} of "${one.name}"`);
  return [{
    invalid: true,
    subject: "a shard",
    weight: missing.length,
    message: `${capital(shardsText(missing, shards.count))} ${
      missing.length === 1 ? "is" : "are"
    } missing: ${formatPercent(share)} of the load was not offered${
      each.length === 0 ? "" : ` (${each.join(", ")})`
    }`,
  }];
}

/**
 * A machine that could not carry its part is not made good by the others: its arrivals are in every percentile.
 * @param codes Of findings that are told of one machine, and of no server.
 */
export function unfitFindings(
  { shards }: Measured,
  codes: (code: string) => boolean,
): ShardFinding[] {
  return (shards?.parts ?? []).flatMap((part): ShardFinding[] => {
    const own = part.validity.filter(codes);
    if (own.length === 0) return [];
    const { lag_p99_ms: lag, cpu_share: cpu, host_cpu_share: host } = part;
    const figures = [
      lag === null ? "" : `lag p99 ${formatMs(lag)}`,
      cpu === null ? "" : `busiest worker ${formatPercent(cpu)} of a core`,
      host === null ? "" : `host ${formatPercent(host)} busy`,
    ].filter(Boolean);
    return [{
      invalid: true,
      subject: `shard ${part.index}`,
      weight: lag ?? 0,
      detail: own.join(),
      message: `${capital(nameOf(part, shards!.count))} was not fit by itself: ${own.join(", ")}${
        figures.length === 0 ? "" : ` (${figures.join(", ")})`
      }`,
    }];
  });
}

export function spreadFindings({ shards }: Measured): ShardFinding[] {
  const spread = shards === null ? undefined : startSpread(shards);
  if (shards === null || spread === undefined || spread.ms <= SPREAD_WARNING_MS) return [];
  const { first, last, ms, boundMs } = spread;
  return [{
    invalid: ms > SPREAD_LIMIT_MS,
    subject: "the start",
    weight: ms,
    message: `The shards began ${formatMs(ms)} apart by the target's clock (to ${
      formatMs(boundMs)
    }): ${nameOf(first, shards.count)} first, ${nameOf(last, shards.count)} last; the limit is ${
      formatMs(SPREAD_LIMIT_MS)
    }`,
  }];
}

/** Their load is what it is: what is not known is whether it came when it was to. */
export function clockFindings({ shards }: Measured): ShardFinding[] {
  if (shards === null || shards.count === 1) return [];
  const told = (detail: string, parts: readonly ShardPart[], why: string): ShardFinding[] =>
    parts.length === 0 ? [] : [{
      invalid: false,
      subject: "a clock",
      weight: parts.length,
      detail,
      message: `The clock of ${
        shardsText(parts.map(({ index }) => index), shards.count)
      } ${why}: whether ${
        parts.length === 1 ? "it" : "they"
      } began with the others is known no better`,
    }];
  const unknown = shards.parts.filter((part) => offsetOf(part) === undefined);
  const vague = shards.parts.filter((part) => (offsetOf(part)?.bound_ms ?? 0) > BOUND_LIMIT_MS);
  const worst = Math.max(...vague.map((part) => offsetOf(part)?.bound_ms ?? 0));
  const notes = [...new Set(unknown.map(({ clock }) => clock.target.note).filter(Boolean))];
  return [
    ...told(
      "unknown",
      unknown,
      `could not be read beside the target's${notes.length === 0 ? "" : ` (${notes[0]})`}`,
    ),
    ...told("vague", vague, `is known to ${formatMs(worst)} only`),
    ...steppedFindings(shards),
  ];
}

/** Set or adrift while the load ran, by more than the readings' bounds leave open. */
function steppedFindings({ count, parts }: NonNullable<Measured["shards"]>): ShardFinding[] {
  return parts.flatMap((part): ShardFinding[] => {
    const { before, after } = part.clock.target;
    if (before === null || after === null) return [];
    const by = Math.abs(after.offset_ms - before.offset_ms) - before.bound_ms - after.bound_ms;
    return by <= BOUND_LIMIT_MS ? [] : [{
      invalid: false,
      subject: `shard ${part.index}`,
      weight: by,
      detail: "stepped",
      message: `The clock of ${nameOf(part, count)} moved by ${
        formatMs(Math.abs(after.offset_ms - before.offset_ms))
      } against the target's while the load ran`,
    }];
  });
}

/** `shard 3 of 8`, `shards 1, 2 and 7 of 8` */
export function shardsText(indices: readonly number[], count: number): string {
  const [only, ...others] = indices;
  return only !== undefined && others.length === 0
    ? shardName({ index: only, count })
    : `shards ${listOf(indices)} of ${count}`;
}

/** `1, 2 and 7`, `1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 990 more` */
function listOf(indices: readonly number[]): string {
  const shown = indices.slice(0, NUMBERS_SHOWN).map(String);
  const more = indices.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.pop();
  return shown.length === 0 ? `${last}` : `${shown.join(", ")} and ${last}`;
}

function nameOf({ index, host }: ShardPart, count: number): string {
  return `${shardName({ index, count })} (${host.node ?? host.name})`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
