/** The flags by which a search is bounded. */
import { parseDuration, parseRate, parseShare } from "../plan/units.ts";
import type { CommandLine } from "./flags.ts";

const PRECISION = { least: 0.005, most: 0.5 } as const;
/** Below it no level is long enough to be decided. */
const LEAST_MS = 60_000;

/** What a flag says; undefined where it is not given, or is a problem. */
export type ReadFlag = <T>(
  flag: string,
  parse: (text: string) => T | undefined,
  wanted: string,
) => T | undefined;

export function flagReader(line: CommandLine, problems: string[]): ReadFlag {
  return (flag, parse, wanted) => {
    const text = line.value(flag);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) {
      problems.push(`--${flag} ${text}: expected ${wanted}`);
    }
    return value;
  };
}

export function rateOf(text: string): number | undefined {
  return parseRate(text) || undefined;
}

export function precisionOf(text: string): number | undefined {
  const share = parseShare(text);
  return share !== undefined && share >= PRECISION.least && share <= PRECISION.most
    ? share
    : undefined;
}

export function atMostOf(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= LEAST_MS ? ms : undefined;
}
