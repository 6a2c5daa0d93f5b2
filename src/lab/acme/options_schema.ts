/** Settings of the ACME server as they come from outside: strict, so that a misspelt one is not silently none. */
import { z } from "zod";
import { type AcmeOptions, CHALLENGE_TYPES } from "./options.ts";

const limit = z.int().min(0).max(1_000_000_000);
const durationMs = z.number().min(0).max(10 * 365 * 24 * 3_600_000);
const port = z.int().min(1).max(65_535);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

export const ACME_OPTIONS_SCHEMA: z.ZodType<AcmeOptions> = z.strictObject({
  profiles: z.record(
    z.string().regex(/^[A-Za-z0-9._-]+$/),
    z.enum(["trust_authenticated", "challenge"]),
  ),
  defaultProfile: z.string(),
  ordersPerHour: limit,
  concurrentOrders: limit,
  keyChangesPerHour: limit,
  challengeRespondsPerHour: limit,
  nonceTtlMs: durationMs,
  orderTtlMs: durationMs,
  authorizationTtlMs: durationMs,
  gcIntervalMs: durationMs,
  validationConcurrency: z.int().min(1).max(10_000),
  challengeTypes: z.array(z.enum(CHALLENGE_TYPES)).min(1),
  validationAddress: z.string().min(1),
  http01Port: port,
  tlsAlpn01Port: port,
  dns01Resolver: z.string().min(1),
  retryAfterSeconds: z.int().min(0).max(3600),
  ariEnabled: z.boolean(),
  ariPollMs: durationMs,
  lifetimeMs: z.number().min(1000).max(10 * 365 * 24 * 3_600_000),
  termsOfService: z.string(),
  website: z.string(),
  caaIdentities: z.array(z.string()),
  eabRequired: z.boolean(),
  eabKeys: z.record(z.string(), base64url),
  badNonceShare: z.number().min(0).max(1),
  asShipped: z.boolean(),
}).partial();
