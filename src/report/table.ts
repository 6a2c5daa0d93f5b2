/** Plain-text tables: names and words to the left, figures to the right, columns as wide as their widest cell. */
import { padEnd, padStart, shortened, widthOf } from "./width.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Heads of columns that stand to the left, beside the first. */
  readonly words?: readonly string[];
}

interface Fit {
  readonly width: number;
  /** Heads of the columns that may go, in the order in which they do. */
  readonly drop?: readonly string[];
}

interface FittedTable extends Table {
  /** Heads of the columns that had no room, in the table's order. */
  readonly left: readonly string[];
  /** Width of the names. */
  readonly names: number;
}

const GAP = "  ";

/** Names are shortened down to this before a column goes, and further only when none is left that may. */
const COMFORTABLE_NAME = 20;
const NARROWEST_NAME = 8;

/**
 * One entry for the head and for each row, without trailing blanks. A first cell beyond `maxFirst` has a line of its
 * own above its row, in the same entry.
 */
export function tableLines({ head, rows, words = [] }: Table, maxFirst = 30): string[] {
  const widths = head.map((cell, column) => {
    const cells = rows.map((row) => widthOf(row[column] ?? ""))
      .filter((width) => column > 0 || width <= maxFirst);
    return Math.max(widthOf(cell), ...cells);
  });
  return [head, ...rows].map(([first = "", ...rest]) => {
    const others = rest.map((cell, i) => {
      const pad = words.includes(head[i + 1] ?? "") ? padEnd : padStart;
      return pad(cell, widths[i + 1] ?? 0);
    });
    const line = (name: string): string =>
      [padEnd(name, widths[0] ?? 0), ...others].join(GAP).trimEnd();
    return widthOf(first) > (widths[0] ?? 0) ? `${first}\n${line("")}` : line(first);
  });
}

/**
 * The table for a width: first names get shorter, then columns go in the order of `drop`, then names get shorter still.
 * Figures are never cut. Names that would be alike without their middles stay whole, for lines of their own.
 */
export function fitted(table: Table, { width, drop = [] }: Fit): FittedTable {
  const longest = Math.max(0, ...table.rows.map(([name = ""]) => widthOf(name)));
  const wanted = Math.min(longest, COMFORTABLE_NAME);
  let shown: Table = table;
  const gone: string[] = [];
  for (const head of drop) {
    if (roomForNames(shown, width) >= wanted) break;
    if (!shown.head.includes(head)) continue;
    shown = withoutColumn(shown, shown.head.indexOf(head));
    gone.push(head);
  }
  const room = Math.max(NARROWEST_NAME, roomForNames(shown, width));
  const short = (name: string): string => shortened(name, room);
  const alike = ambiguous(shown.rows.map(([name = ""]) => name), short);
  return {
    ...shown,
    rows: shown.rows.map(([name = "", ...cells]) => [
      alike.has(name) ? shortened(name, width) : short(name),
      ...cells,
    ]),
    left: table.head.filter((head) => gone.includes(head)),
    names: room,
  };
}

/** Names that cannot be told from another one once they are short. */
function ambiguous(names: readonly string[], short: (name: string) => string): Set<string> {
  const byShort = Map.groupBy(new Set(names), short);
  return new Set(byShort.values().filter((same) => same.length > 1).flatMap((same) => same));
}

/** A fitted table as lines, head first. */
export function fittedLines(table: Table, fit: Fit): { lines: string[]; left: readonly string[] } {
  const { names, left, ...shown } = fitted(table, fit);
  return { lines: tableLines(shown, names), left };
}

/** What is said of columns that had no room; nothing where all are there. */
export function leftNote(left: readonly string[]): string {
  return left.length === 0 ? "" : `; no room for ${left.join(", ")}`;
}

function roomForNames({ head, rows }: Table, width: number): number {
  const figures = head.slice(1).map((cell, i) =>
    Math.max(widthOf(cell), ...rows.map((row) => widthOf(row[i + 1] ?? "")))
  );
  return width - figures.reduce((sum, figure) => sum + GAP.length + figure, 0);
}

function withoutColumn({ head, rows, ...rest }: Table, index: number): Table {
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => column !== index);
  return { ...rest, head: keep(head), rows: rows.map(keep) };
}

/** Columns in which every row has nothing (`-` or blank) left out. */
export function withoutEmptyColumns({ head, rows }: Table): Table {
  const used = head.map((_, column) =>
    column === 0 || rows.some((row) => !["", "-"].includes(row[column] ?? ""))
  );
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => used[column]);
  return { head: keep(head), rows: rows.map(keep) };
}
