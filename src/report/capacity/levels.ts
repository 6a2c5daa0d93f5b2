/** The levels of a search as a table, and one of them as a line of progress. */
import type { LevelResult, Purpose } from "../../capacity/level.ts";
import {
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
  significant,
} from "../../metrics/format.ts";
import { BAD, GOOD, type Mark, UNSURE, WARN } from "../marks.ts";
import type { Table } from "../table.ts";

/** What a level is called by its purpose. */
const PURPOSE_NAMES: Readonly<Record<Purpose, string>> = {
  probe: "probe",
  bracket: "bracket",
  limiter: "limiter's rate",
  confirm: "confirm",
  break: "above",
  recover: "recover",
  generator: "other workers",
};

/** How a level came out, in a word, and who gave out. */
export function outcomeOf(
  { decision, who, purpose, limiter, errorRate }: LevelResult,
): string {
  if (purpose === "recover" && decision === "holds") return "recovered";
  if (who === "generator") return "generator";
  if (purpose === "recover") return "not recovered";
  if (decision === "undecided" && errorRate === null) return "no answer";
  if (decision !== "broken") return decision;
  return limiter ? "broken: limiter" : "broken: server";
}

export function outcomeMark({ decision, who, purpose }: LevelResult): Mark {
  if (purpose === "recover" && decision === "holds") return GOOD;
  if (who === "generator") return WARN;
  if (decision === "undecided") return UNSURE;
  return decision === "holds" ? GOOD : BAD;
}

/** `137/s`, `1,234/s`: to the four digits to which levels are chosen. */
export function levelName(level: number): string {
  return level >= 999.5 ? formatRate(level) : `${significant(level, 4)}/s`;
}

const COLUMNS: readonly (readonly [head: string, cell: (level: LevelResult) => string])[] = [
  ["level", ({ level }) => levelName(level)],
  ["offered", ({ offeredPerS }) => formatRate(offeredPerS)],
  ["achieved", ({ achievedPerS }) => formatRate(achievedPerS)],
  ["p50", ({ p50Ms }) => formatMs(p50Ms)],
  ["p95", ({ p95Ms }) => formatMs(p95Ms)],
  ["p99", ({ p99Ms }) => formatMs(p99Ms)],
  ["in flight", ({ inFlight }) => significant(inFlight, 2)],
  ["errors", ({ errorRate }) => formatPercent(errorRate)],
  ["took", ({ durationMs }) => formatSeconds(durationMs / 1000)],
  ["for", ({ purpose }) => PURPOSE_NAMES[purpose]],
  ["came out", markedOutcome],
];

/** `✓ holds`, `✗ server`, `! generator`: short, as a row has little room. */
function markedOutcome(level: LevelResult): string {
  return `${outcomeMark(level).sign} ${outcomeOf(level).replace("broken: ", "")}`;
}

/** The first of these goes first where a terminal is too narrow. */
export const LEVEL_DROP = ["took", "for", "offered", "p50", "in flight", "errors", "p99"];

/** In the order in which they were run. */
export function levelsTable(levels: readonly LevelResult[]): Table {
  return {
    words: ["for", "came out"],
    head: COLUMNS.map(([head]) => head),
    rows: levels.map((level) => COLUMNS.map(([, cell]) => cell(level))),
  };
}

/** `137/s holds after 20 s: 0.2 % of 2,700 beyond "create: error_rate < 1%", of which 1 % may be` */
export function levelLine(level: LevelResult): string {
  const after = formatSeconds(level.durationMs / 1000);
  return `${levelName(level.level)} ${outcomeOf(level)} after ${after}: ${whyOf(level)}`;
}

/** Why it came out so; of whom somebody was at fault, why it was that one. */
export function whyOf({ reason, who, why }: LevelResult): string {
  return who === "none" ? reason : why;
}
