/** Plain-text tables: first column to the left, the others to the right, as wide as their widest cell. */

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const GAP = "  ";

/**
 * One entry for the head and for each row, without trailing blanks. A first cell beyond `maxFirst` has a line of its
 * own above its row, in the same entry.
 */
export function tableLines({ head, rows }: Table, maxFirst = 30): string[] {
  const widths = head.map((cell, column) => {
    const cells = rows.map((row) => lengthOf(row[column] ?? ""))
      .filter((length) => column > 0 || length <= maxFirst);
    return Math.max(lengthOf(cell), ...cells);
  });
  return [head, ...rows].map(([first = "", ...rest]) => {
    const right = rest.map((cell, i) => cell.padStart(widths[i + 1] ?? 0));
    const line = (name: string): string =>
      [name.padEnd(widths[0] ?? 0), ...right].join(GAP).trimEnd();
    return lengthOf(first) > (widths[0] ?? 0) ? `${first}\n${line("")}` : line(first);
  });
}

/** Columns in which every row has nothing (`-` or blank) left out. */
export function withoutEmptyColumns({ head, rows }: Table): Table {
  const used = head.map((_, column) =>
    column === 0 || rows.some((row) => !["", "-"].includes(row[column] ?? ""))
  );
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => used[column]);
  return { head: keep(head), rows: rows.map(keep) };
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
