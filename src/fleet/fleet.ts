/** A fleet with everything decided: what its plan left out follows from profiles and from Boulder's rule. */
import type { FleetConfig } from "../plan/fleet.ts";
import { LIFETIME_PROFILES, type LifetimeProfile } from "../plan/lifetime_profiles.ts";

export interface Fleet {
  readonly certificates: number;
  readonly profile: string | null;
  readonly lifetimeMs: number;
  /** Share of the lifetime. */
  readonly renewAt: number;
  /** From one renewal of a certificate to the next. */
  readonly intervalMs: number;
  /** How long a proof of control is used again; null: not said. */
  readonly reuseMs: number | null;
  /** null: clients do not ask for renewal information. */
  readonly ariPollMs: number | null;
  readonly agents: number;
  readonly heartbeatMs: number;
  readonly workMs: number;
  /** Share of the attempts that never succeed. */
  readonly zombies: number;
  readonly outageMs: number;
  readonly retryWithinMs: number;
  readonly tickMs: number;
  /** Certificates that the signer can sign; null: no limit was said. */
  readonly signerPerS: number | null;
}

const TEN_DAYS_MS = 10 * 86_400_000;

/** Boulder's `RenewalInfoSimple` (core/objects.go): two thirds of the validity, half of what lives less than ten days. */
export function usualRenewAt(lifetimeMs: number): number {
  return lifetimeMs < TEN_DAYS_MS ? 1 / 2 : 2 / 3;
}

export function fleetOf(config: FleetConfig): Fleet {
  const { certificates, agents, zombies } = config;
  const profile: LifetimeProfile | undefined = config.profile && LIFETIME_PROFILES[config.profile];
  const lifetimeMs = config.lifetime ?? profile?.lifetimeMs;
  if (lifetimeMs === undefined) throw new RangeError("A fleet needs a lifetime or a profile");
  const renewAt = config.renew_at ?? usualRenewAt(lifetimeMs);
  return {
    certificates,
    profile: config.profile ?? null,
    lifetimeMs,
    renewAt,
    intervalMs: lifetimeMs * renewAt,
    reuseMs: config.reuse ?? profile?.reuseMs ?? null,
    ariPollMs: config.ari ? config.ari_poll : null,
    agents,
    heartbeatMs: config.heartbeat,
    workMs: config.work,
    zombies,
    outageMs: config.outage,
    retryWithinMs: config.retry_within,
    tickMs: config.tick,
    signerPerS: config.signer === undefined ? null : config.signer / config.signatures,
  };
}
