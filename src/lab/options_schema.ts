/** Settings of the lab as they come from outside: strict, so that a misspelt one is not silently none. */
import { z } from "zod";
import { SHIPPED_FAULT_NAMES } from "./as_shipped.ts";
import type { LabOptions } from "./options.ts";
import { TARGET_KINDS } from "./target_name.ts";

const DAY_MS = 86_400_000;
/** A period of 0 would have the lab do nothing else. */
const periodMs = z.number().min(1).max(DAY_MS);
const durationMs = z.number().min(0).max(DAY_MS);

const scheduler = z.strictObject({
  intervalMs: periodMs,
  concurrency: z.int().min(1).max(10_000),
  wallMs: periodMs,
  workMs: durationMs,
  retryMs: periodMs,
  renewalCheckMs: periodMs,
}).partial();

const agents = z.strictObject({
  count: z.int().min(0).max(10_000),
  pollMs: periodMs,
  heartbeatMs: periodMs,
  deployMs: durationMs,
}).partial();

/** What has a flag of its own is not among them. */
export type JsonOptions = Pick<
  LabOptions,
  | "targets"
  | "keygen"
  | "scheduler"
  | "agents"
  | "bind"
  | "reload"
  | "jobListUsPerRow"
  | "asShipped"
>;

export const LAB_OPTIONS_SCHEMA: z.ZodType<JsonOptions> = z.strictObject({
  targets: z.partialRecord(z.enum(TARGET_KINDS), z.int().min(1).max(200)),
  keygen: z.enum(["agent", "server"]),
  scheduler,
  agents,
  bind: z.boolean(),
  reload: z.enum(["keep", "cut"]),
  jobListUsPerRow: z.number().min(0).max(1_000_000),
  asShipped: z.array(z.enum(SHIPPED_FAULT_NAMES)),
}).partial();
