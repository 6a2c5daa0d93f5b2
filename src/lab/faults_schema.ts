/** Faults as they come from outside: strict, so that a misspelt one is not silently none. */
import { z } from "zod";
import {
  ANSWERS,
  CERTIFICATE_FAULTS,
  DEPLOYMENT_FAULTS,
  type Faults,
  type ServerName,
} from "./faults.ts";
import { SERVER_NAME, type TargetName } from "./target_name.ts";

const name = z.string().regex(SERVER_NAME, "expected api or a target, such as nginx or nginx-2");
const server = name as unknown as z.ZodType<ServerName>;
const target = name.refine(
  (given) => given !== "api",
  "expected a target, such as nginx",
) as unknown as z.ZodType<TargetName>;
const share = z.number().min(0).max(1);
const durationMs = z.number().min(0).max(3_600_000);

/** Keys that say which requests something holds for. */
export const REQUEST_MATCH = {
  server: server.optional(),
  method: z.string().min(1).optional(),
  prefix: z.string().startsWith("/").optional(),
};

const rule = z.strictObject({
  ...REQUEST_MATCH,
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

const deployment = z.strictObject({
  target: target.optional(),
  kind: z.enum(DEPLOYMENT_FAULTS),
  every: z.int().min(1).optional(),
  share: share.optional(),
  afterMs: durationMs.optional(),
  forMs: durationMs.optional(),
}).refine(
  ({ every, share }) => every === undefined || share === undefined,
  "every and share exclude each other",
);

export const FAULTS_SCHEMA: z.ZodType<Faults> = z.strictObject({
  rules: z.array(rule).optional(),
  stalls: z.array(stall).optional(),
  certificates: z.record(name, z.enum(CERTIFICATE_FAULTS)).optional() as unknown as z.ZodType<
    Faults["certificates"]
  >,
  deployments: z.array(deployment).optional(),
  down: z.array(server).optional(),
});
