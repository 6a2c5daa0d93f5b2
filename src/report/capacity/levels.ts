/** The levels of a search as a table, and one of them as a line of progress. */
import type { LevelResult, Purpose } from "../../capacity/level.ts";
import { formatMs, formatPercent, formatRate, formatSeconds } from "../../metrics/format.ts";
import { significant } from "../../metrics/format.ts";
import { fitted, type Table, tableLines } from "../table.ts";

/** What a level is called by its purpose. */
const PURPOSE_NAMES: Readonly<Record<Purpose, string>> = {
  probe: "probe",
  bracket: "bracket",
  confirm: "confirm",
  break: "10 % above",
  recover: "recover",
  generator: "other workers",
};

/** How a level came out, in a word. */
export function outcomeOf({ decision, who, purpose }: LevelResult): string {
  if (purpose === "recover") return decision === "holds" ? "recovered" : "not recovered";
  if (who === "generator") return "generator";
  return decision === "broken" ? "broken" : decision === "holds" ? "holds" : "undecided";
}

const COLUMNS: readonly (readonly [string, (level: LevelResult) => string])[] = [
  ["level", ({ level }) => `${significant(level, 4)}/s`],
  ["offered", ({ offeredPerS }) => formatRate(offeredPerS)],
  ["achieved", ({ achievedPerS }) => formatRate(achievedPerS)],
  ["p50", ({ p50Ms }) => formatMs(p50Ms)],
  ["p95", ({ p95Ms }) => formatMs(p95Ms)],
  ["p99", ({ p99Ms }) => formatMs(p99Ms)],
  ["in flight", ({ inFlight }) => significant(inFlight, 2)],
  ["errors", ({ errorRate }) => formatPercent(errorRate)],
  ["took", ({ durationMs }) => formatSeconds(durationMs / 1000)],
  ["why", ({ purpose }) => PURPOSE_NAMES[purpose]],
  ["came out", outcomeOf],
];

/** The first of these goes first where a terminal is too narrow. */
const DROP = ["offered", "took", "why", "p50", "in flight", "errors", "p99"];

export function levelsTable(levels: readonly LevelResult[]): Table {
  return {
    head: COLUMNS.map(([head]) => head),
    rows: levels.map((level) => COLUMNS.map(([, cell]) => cell(level))),
  };
}

/** In the order in which they were run. */
export function levelsLines(levels: readonly LevelResult[], width: number): string[] {
  return tableLines(fitted(levelsTable(levels), { width, drop: DROP }));
}

/** `  137/s  holds after 20 s: 0.2 % of 2,700 beyond "create: error_rate < 1%", of which 1 % may be` */
export function levelLine(level: LevelResult): string {
  const { durationMs, reason, who, why } = level;
  const said = who === "none" ? reason : why;
  return `${significant(level.level, 4)}/s ${outcomeOf(level)} after ${
    formatSeconds(durationMs / 1000)
  }: ${said}`;
}
