/** What requests took by the number of rows that a server had, for results of every kind. */
import { z } from "zod";
import type { Inventory } from "../inventory.ts";
import { formatCount, formatMs } from "../metrics/format.ts";
import type { Table } from "./table.ts";

const ms = z.number().min(0).nullable();

export const inventorySchema = z.strictObject({
  rows: z.int().describe("That were asked for"),
  before: z.int().describe("There already"),
  created: z.int(),
  points: z.array(z.strictObject({
    rows: z.int().describe("As the server counted them"),
    list_p50_ms: ms.describe("Lists of 50 certificates, one after the other, without a load"),
    list_max_ms: ms,
    create_p50_ms: ms.describe("Likewise of creates; null: none was sent"),
    create_max_ms: ms,
  })),
});
export type InventoryJson = z.infer<typeof inventorySchema>;

export function inventoryJson({ rows, before, created, points }: Inventory): InventoryJson {
  return {
    rows,
    before,
    created,
    points: points.map((point) => ({
      rows: point.rows,
      list_p50_ms: point.listP50Ms,
      list_max_ms: point.listMaxMs,
      create_p50_ms: point.createP50Ms,
      create_max_ms: point.createMaxMs,
    })),
  };
}

/** `50,000 rows: 32 there already, 49,968 created; ...` */
export function inventoryNote({ rows, before, created }: Inventory): string {
  const there = before > rows ? `${formatCount(rows)} were asked for; ` : "";
  return `${there}${formatCount(before)} rows were there already, and ${
    formatCount(created)
  } created; one request after the other, without a load`;
}

/** Where a terminal is too narrow. */
export const INVENTORY_DROP = ["list max", "create max"];

export function inventoryTable({ points }: Inventory): Table {
  return {
    head: ["rows", "list p50", "list max", "create p50", "create max"],
    rows: points.map((point) => [
      formatCount(point.rows),
      formatMs(point.listP50Ms),
      formatMs(point.listMaxMs),
      formatMs(point.createP50Ms),
      formatMs(point.createMaxMs),
    ]),
  };
}
