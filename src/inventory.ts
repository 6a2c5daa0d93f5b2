/** Rows that a server was given before it was asked, and what a request takes by how many there are. */

/** At this many rows, with nothing else under way: one request after the other. Milliseconds; null: none was sent. */
export interface InventoryPoint {
  /** As the server counts them. */
  readonly rows: number;
  /** Lists of 50 certificates, from the first row. */
  readonly listP50Ms: number | null;
  readonly listMaxMs: number | null;
  readonly createP50Ms: number | null;
  readonly createMaxMs: number | null;
}

export interface Inventory {
  /** That were asked for. */
  readonly rows: number;
  /** There already. */
  readonly before: number;
  readonly created: number;
  readonly points: readonly InventoryPoint[];
}
