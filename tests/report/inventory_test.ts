import { assertEquals, assertStringIncludes } from "../assert.ts";
import type { Inventory } from "../../src/inventory.ts";
import type { Chart } from "../../src/report/html/charts.ts";
import { capacityHtml } from "../../src/report/capacity/html.ts";
import { capacityDocument } from "../../src/report/capacity/document.ts";
import { capacityText } from "../../src/report/capacity/text.ts";
import { inventoryNote, inventoryTable } from "../../src/report/inventory.ts";
import { capacityReport } from "./capacity/reports.ts";

type InventoryPoint = Inventory["points"][number];

const INVENTORY: Inventory = {
  rows: 50_000,
  before: 32,
  created: 49_968,
  points: [
    { rows: 32, listP50Ms: 1.5, listMaxMs: 2, createP50Ms: null, createMaxMs: null },
    { rows: 50_000, listP50Ms: 31, listMaxMs: 40, createP50Ms: 4, createMaxMs: 9 },
  ],
};

Deno.test("the note tells what was there and what was made, and that more was there than asked for", () => {
  const start = "32 rows were there already, and 49,968 created; ";
  assertEquals(inventoryNote(INVENTORY).startsWith(start), true);
  assertStringIncludes(
    inventoryNote({ ...INVENTORY, before: 60_000, created: 0 }),
    "50,000 were asked for; 60,000 rows were there already, and 0 created",
  );
});

Deno.test("what was not timed is a dash", () => {
  assertEquals(inventoryTable(INVENTORY).rows, [
    ["32", "1.5 ms", "2 ms", "-", "-"],
    ["50,000", "31 ms", "40 ms", "4 ms", "9 ms"],
  ]);
});

function inventoryCharts(inventory: Inventory): Chart[] {
  const page = capacityHtml(capacityReport({ inventory }));
  const [, charts] = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)!;
  return (JSON.parse(charts!) as Chart[]).filter(({ title }) => title === "Latency against rows");
}

Deno.test("the picture has both medians against the rows, to four decimals, with gaps where nothing was timed", () => {
  const [first, last] = INVENTORY.points as [InventoryPoint, InventoryPoint];
  const points = [first, { ...last, listP50Ms: 31.23456 }];
  const [chart, ...others] = inventoryCharts({ ...INVENTORY, points });
  assertEquals([chart!.xs, chart!.x, chart!.unit, chart!.log], [
    [32, 50_000],
    "count",
    "ms",
    false,
  ]);
  assertEquals(chart!.lines.map(({ label, values, points }) => [label, values, points]), [
    ["list", [1.5, 31.2346], "filled"],
    ["create", [null, 4], "filled"],
  ]);
  assertEquals(others, []);
});

Deno.test("one point is no picture, but a table all the same", () => {
  const one = { ...INVENTORY, points: INVENTORY.points.slice(1) };
  assertEquals(inventoryCharts(one), []);
  assertEquals(inventoryCharts(INVENTORY).length, 1);
  const page = capacityHtml(capacityReport({ inventory: one }));
  assertStringIncludes(page, '<th scope="row">50,000</th>');
  assertStringIncludes(page, inventoryNote(one));
});

Deno.test("a capacity's text, page and document have latency against rows where there is an inventory", () => {
  const report = capacityReport({ inventory: INVENTORY });
  assertStringIncludes(
    capacityText(report),
    "\n50,000     31 ms     40 ms        4 ms        9 ms\n",
  );
  const page = capacityHtml(report);
  assertStringIncludes(page, '<section id="inventory">');
  assertStringIncludes(page, "Latency against rows");
  assertEquals(capacityDocument(report).inventory?.points[1]?.create_p50_ms, 4);
  const without = capacityReport();
  assertEquals(capacityText(without).includes("Inventory"), false);
  assertEquals(capacityHtml(without).includes('id="inventory"'), false);
  assertEquals(capacityDocument(without).inventory, null);
});
