/** The instant at which machines that share a run begin, as it is written on each one's command line. */

/** Farther away it is a slip, and nobody's machine waits so long. */
export const MOST_AHEAD_MS = 7 * 86_400_000;

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const EPOCH_SECONDS = /^(\d{1,15})(?:\.(\d{1,9}))?$/;

/**
 * RFC 3339 with its zone, or seconds since the Unix epoch (`date +%s`) -> microseconds since the epoch. A text is the
 * problem with it, and goes on from `--start-at`. An instant that is over is none: how late it is, is told by who is late.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const nowMs = Date.UTC(2026, 10, 28, 4, 0, 0);
 * assertEquals(parseStartAt("2026-11-28T05:30:00.5+01:00", nowMs), (nowMs + 1_800_500) * 1000);
 * assertEquals(parseStartAt("1795840200", nowMs), 1_795_840_200_000_000);
 * ```
 */
export function parseStartAt(text: string, nowMs: number): number | string {
  const us = ofRfc3339(text.trim()) ?? ofEpoch(text.trim());
  if (us === undefined || !Number.isFinite(us)) return `${WANTED}: it is ${JSON.stringify(text)}`;
  const aheadMs = us / 1000 - nowMs;
  if (aheadMs <= MOST_AHEAD_MS) return us;
  const days = Math.floor(aheadMs / 86_400_000);
  return `is ${days} days away, and 7 is the most: ${WANTED}, and is ${JSON.stringify(text)}`;
}

const WANTED =
  "must be an instant of RFC 3339 with its zone, as 2026-11-28T04:30:00Z, or seconds since 1970 (date +%s)";

function ofRfc3339(text: string): number | undefined {
  const [, day, time, fraction = "", zone] = RFC_3339.exec(text) ?? [];
  if (day === undefined || zone === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  // 31 February is taken for 3 March.
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
  return isDay ? ms * 1000 + fractionUs(fraction) : undefined;
}

function ofEpoch(text: string): number | undefined {
  const [, seconds, fraction = ""] = EPOCH_SECONDS.exec(text) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1e6 + fractionUs(fraction);
}

function fractionUs(digits: string): number {
  return Math.round(Number(`0.${digits || "0"}`) * 1e6);
}

/** `2026-11-28T04:30:00.000250Z`: microseconds since the epoch, to the microsecond. */
export function isoOfUs(us: number): string {
  const whole = Math.floor(us);
  const beyondMs = String(((whole % 1000) + 1000) % 1000).padStart(3, "0");
  return new Date(Math.floor(whole / 1000)).toISOString().replace("Z", `${beyondMs}Z`);
}
