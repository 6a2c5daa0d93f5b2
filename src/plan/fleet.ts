/** The `fleet` section of a plan: whose certificates the server has to renew. What follows from it is `src/fleet/`. */
import { z } from "zod";
import { PROFILE_NAMES } from "./lifetime_profiles.ts";
import { duration, durationAboveZero, rateAboveZero, share } from "./units.ts";

const MOST = 1_000_000_000;
const LEAST_LIFETIME_MS = 3_600_000;

export const fleetSchema = z.strictObject({
  certificates: z.int().min(1).max(MOST).describe("How many there are"),
  profile: z.enum(PROFILE_NAMES).optional().describe(
    "Lifetime and reuse of proofs by a CA's schedule; the keys below win over it",
  ),
  lifetime: duration().refine((ms) => ms >= LEAST_LIFETIME_MS, {
    error: "must be at least 1h: no certificate that is renewed lives for less",
  }).optional().describe(
    "From notBefore to notAfter; a profile's if left out",
  ),
  reuse: duration().optional().describe(
    "How long a proof of control over a name is used again; a profile's if left out",
  ),
  renew_at: share().refine((value) => value > 0, { error: "must be more than 0" }).optional()
    .describe(
      "Share of the lifetime after which a certificate is renewed; if left out 2/3, and 1/2 below 10 days",
    ),
  ari: z.boolean().default(true).describe("Clients ask for renewal information (RFC 9773)"),
  ari_poll: durationAboveZero().prefault("6h").describe(
    "How often each asks; the server's Retry-After",
  ),
  agents: z.int().min(0).max(MOST).default(0).describe("certctl's agents, which poll for ever"),
  heartbeat: durationAboveZero().prefault("60s").describe("Period of an agent's heartbeats"),
  work: durationAboveZero().prefault("30s").describe("Period of an agent's looks for work"),
  zombies: share().refine((value) => value < 1, { error: "must be less than 100%" }).prefault("0%")
    .describe(
      "Share of the attempts that never succeed; half of them at Let's Encrypt",
    ),
  outage: durationAboveZero().prefault("6h").describe("How long the server was away"),
  retry_within: durationAboveZero().prefault("5m").describe(
    "Longest pause of a client that was refused; certctl's agent 5m, Let's Encrypt's advice 100m",
  ),
  tick: durationAboveZero().prefault("2m").describe(
    "What a day's renewals are given when they become due at once; certctl's scheduler has two minutes a tick",
  ),
  signer: rateAboveZero().optional().describe(
    "Signatures that the signer (an HSM) makes, for example 18/s",
  ),
  signatures: z.int().min(1).max(10).default(1).describe(
    "Signatures of a certificate; 2 where a precertificate is signed too",
  ),
}).refine(({ profile, lifetime }) => (profile ?? lifetime) !== undefined, {
  path: ["lifetime"],
  error: "is needed where there is no profile: for example 47d (--lifetime 47d)",
});

/** Durations in milliseconds, rates per second, shares 0..1. */
export type FleetConfig = z.output<typeof fleetSchema>;
