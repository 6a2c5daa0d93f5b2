/** Faults as they come from outside: strict, so that a misspelt one is not silently none. */
import { z } from "zod";
import { ANSWERS, CERTIFICATE_FAULTS, type Faults, SERVER_NAMES } from "./faults.ts";

const server = z.enum(SERVER_NAMES);
const share = z.number().min(0).max(1);
const durationMs = z.number().min(0).max(3_600_000);

const rule = z.strictObject({
  server: server.optional(),
  method: z.string().min(1).optional(),
  prefix: z.string().startsWith("/").optional(),
  share: share.optional(),
  latencyMs: durationMs.optional(),
  jitterMs: durationMs.optional(),
  latencyFactor: z.number().min(1).max(10_000).optional(),
  answer: z.enum(ANSWERS).optional(),
  status: z.int().min(200).max(599).optional(),
  hugeBytes: z.int().min(64).max(1024 ** 3).optional(),
});

const stall = z.strictObject({
  server: server.optional(),
  afterMs: durationMs.optional(),
  durationMs,
  everyMs: z.number().min(1).optional(),
});

export const FAULTS_SCHEMA: z.ZodType<Faults> = z.strictObject({
  rules: z.array(rule).optional(),
  stalls: z.array(stall).optional(),
  certificates: z.partialRecord(server, z.enum(CERTIFICATE_FAULTS)).optional(),
  down: z.array(server).optional(),
});
