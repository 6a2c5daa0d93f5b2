/** Settings of the lab as they come from outside: strict, so that a misspelt one is not silently none. */
import { z } from "zod";
import { SHIPPED_FAULT_NAMES } from "./as_shipped.ts";
import type { CapacityOptions } from "./capacity.ts";
import { REQUEST_MATCH } from "./faults_schema.ts";
import type { LabOptions } from "./options.ts";
import type { StationOptions } from "./station.ts";
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

const station: z.ZodType<StationOptions> = z.strictObject({
  servers: z.int().min(1).max(1000),
  serviceMs: z.number().min(0.001).max(60_000),
  service: z.enum(["exponential", "constant"]).optional(),
  seed: z.int().min(0).max(2 ** 31 - 1).optional(),
  queue: z.int().min(0).max(100_000).optional(),
});

const limit = z.strictObject({
  ...REQUEST_MATCH,
  rate: z.strictObject({
    perS: z.number().min(0.001).max(1_000_000),
    burst: z.int().min(1).max(1_000_000).optional(),
    beyond: z.enum(["refuse", "queue"]).optional(),
  }).optional(),
  station: station.optional(),
}).refine(
  ({ rate, station }) => rate !== undefined || station !== undefined,
  "needs a rate, a station or both",
);

const capacity: z.ZodType<CapacityOptions> = z.strictObject({
  limits: z.array(limit).max(100).optional(),
  signer: station.optional(),
});

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
  | "capacity"
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
  capacity,
  asShipped: z.array(z.enum(SHIPPED_FAULT_NAMES)),
}).partial();
