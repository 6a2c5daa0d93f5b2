/** The levels as bars of text: what was achieved of what was offered, from the lowest level to the highest. */
import type { LevelResult } from "../../capacity/level.ts";
import { formatMs } from "../../metrics/format.ts";
import { type Mark, UNSURE } from "../marks.ts";
import type { Style } from "../style.ts";
import { painted } from "../style.ts";
import { padStart, widthOf } from "../width.ts";
import { levelName, outcomeMark } from "./levels.ts";

/** All tries of one level; of figures the mean over the time that they took. */
interface Rung {
  readonly level: number;
  readonly offeredPerS: number;
  readonly achievedPerS: number;
  /** The greatest; null where nothing was answered as expected. */
  readonly p99Ms: number | null;
  readonly mark: Mark;
}

/** Without what came after an overload to see whether the server recovers. */
export function rungsOf(levels: readonly LevelResult[]): Rung[] {
  const steady = levels.filter(({ purpose }) => purpose !== "recover");
  const byLevel = Map.groupBy(steady, ({ level }) => level);
  return Array.from(byLevel, ([level, tries]) => rungOf(level, tries))
    .sort((a, b) => a.level - b.level);
}

function rungOf(level: number, tries: readonly LevelResult[]): Rung {
  const elapsed = tries.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const mean = (of: (level: LevelResult) => number): number =>
    elapsed === 0 ? 0 : tries.reduce((sum, each) => sum + of(each) * each.durationMs, 0) / elapsed;
  const p99s = tries.flatMap(({ p99Ms }) => p99Ms === null ? [] : [p99Ms]);
  const marks = new Set(tries.map(outcomeMark));
  const [mark = UNSURE] = marks;
  return {
    level,
    offeredPerS: mean(({ offeredPerS }) => offeredPerS),
    achievedPerS: mean(({ achievedPerS }) => achievedPerS),
    p99Ms: p99s.length === 0 ? null : Math.max(...p99s),
    mark: marks.size === 1 ? mark : UNSURE,
  };
}

/** None is wider than `width`. */
export function pictureLines(
  levels: readonly LevelResult[],
  width: number,
  style: Style,
): string[] {
  const rungs = rungsOf(levels);
  const most = Math.max(
    ...rungs.map(({ offeredPerS, achievedPerS }) => Math.max(offeredPerS, achievedPerS)),
  );
  const names = rungs.map(({ level }) => levelName(level));
  const times = rungs.map(({ p99Ms }) => formatMs(p99Ms));
  const [nameWidth, timeWidth] = [names, times].map((texts) => Math.max(...texts.map(widthOf)));
  const room = width - nameWidth! - timeWidth! - GAPS;
  return rungs.map((rung, i) => {
    const bar = barOf(rung, room / most);
    const sign = painted(rung.mark, style);
    return `${padStart(names[i]!, nameWidth!)} ${sign} ${padStart(times[i]!, timeWidth!)}  ${bar}`
      .trimEnd();
  });
}

/** Around the mark, and before the bar. */
const GAPS = 1 + 1 + 1 + 2;

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

function barOf({ offeredPerS, achievedPerS }: Rung, columnsPerS: number): string {
  const eighths = Number.isFinite(columnsPerS) ? Math.floor(achievedPerS * columnsPerS * 8) : 0;
  const solid = "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
  const all = Number.isFinite(columnsPerS) ? Math.floor(offeredPerS * columnsPerS) : 0;
  return solid + "░".repeat(Math.max(0, all - widthOf(solid)));
}
