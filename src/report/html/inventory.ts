/** Latency against rows, as a picture and as a table. */
import type { Inventory } from "../../inventory.ts";
import { rounded } from "../../metrics/stats.ts";
import { inventoryNote, inventoryTable } from "../inventory.ts";
import type { Chart } from "./charts.ts";
import { html, type Markup } from "./markup.ts";
import { chartGrid } from "./page.ts";
import { table } from "./table.ts";

export function inventoryPart(inventory: Inventory, charts: Chart[]): Markup {
  const { head, rows } = inventoryTable(inventory);
  return html`
    <p class="note">${inventoryNote(inventory)}.</p>
    ${inventory.points.length < 2 ? "" : chartGrid("inventory", [chartOf(inventory)], charts)}
    ${table(
      "inventory",
      head.map((head) => ({ head })),
      rows.map(([rows = "", ...cells]) => ({ cells: [{ is: rows, heads: "row" }, ...cells] })),
    )}
  `;
}

function chartOf({ points }: Inventory): Chart {
  const values = (of: (point: Inventory["points"][number]) => number | null): (number | null)[] =>
    points.map((point) => {
      const value = of(point);
      return value === null ? null : rounded(value, 4);
    });
  return {
    title: "Latency against rows",
    note: "One request after the other, medians.",
    x: "count",
    xs: points.map(({ rows }) => rows),
    unit: "ms",
    log: false,
    lines: [
      {
        label: "list",
        color: "p50",
        values: values(({ listP50Ms }) => listP50Ms),
        points: "filled",
      },
      {
        label: "create",
        color: "rate",
        values: values(({ createP50Ms }) => createP50Ms),
        points: "filled",
      },
    ],
  };
}
