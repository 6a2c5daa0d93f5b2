import { assertEquals, assertStringIncludes } from "../assert.ts";
import type { Inventory } from "../../src/inventory.ts";
import { capacityHtml } from "../../src/report/capacity/html.ts";
import { capacityDocument } from "../../src/report/capacity/document.ts";
import { capacityText } from "../../src/report/capacity/text.ts";
import { inventoryNote, inventoryTable } from "../../src/report/inventory.ts";
import { capacityReport } from "./capacity/reports.ts";

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
