/**
 * How long certificates live, and how long a proof of control is reused, by whose rule and from when: the schedules of
 * the CA/Browser Forum and of Let's Encrypt, as published by November 2026.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface LifetimeProfile {
  readonly lifetimeMs: number;
  /** How long the proof of control over a name may be used again. */
  readonly reuseMs?: number;
  /** First day on which it holds, ISO 8601. */
  readonly from: string;
  readonly source: string;
}

const BALLOT = "CA/B ballot SC-081v3: Baseline Requirements 6.3.2 (validity), 4.2.1 (data reuse)";
const FROM_90_TO_45 = "Let's Encrypt, 2 December 2025, and its profiles page";

export const LIFETIME_PROFILES = {
  "200d": { lifetimeMs: 200 * DAY_MS, reuseMs: 200 * DAY_MS, from: "2026-03-15", source: BALLOT },
  "100d": { lifetimeMs: 100 * DAY_MS, reuseMs: 100 * DAY_MS, from: "2027-03-15", source: BALLOT },
  "47d": { lifetimeMs: 47 * DAY_MS, reuseMs: 10 * DAY_MS, from: "2029-03-15", source: BALLOT },
  "letsencrypt-tlsserver": {
    lifetimeMs: 45 * DAY_MS,
    from: "2026-05-13",
    source: FROM_90_TO_45,
  },
  "letsencrypt-classic-2027": {
    lifetimeMs: 64 * DAY_MS,
    reuseMs: 10 * DAY_MS,
    from: "2027-02-10",
    source: FROM_90_TO_45,
  },
  "letsencrypt-classic-2028": {
    lifetimeMs: 45 * DAY_MS,
    reuseMs: 7 * HOUR_MS,
    from: "2028-02-16",
    source: FROM_90_TO_45,
  },
  "6d": {
    lifetimeMs: 160 * HOUR_MS,
    from: "2026-01-15",
    source: "Let's Encrypt's profile shortlived, 160 hours: its profiles page",
  },
} as const satisfies Readonly<Record<string, LifetimeProfile>>;

export type ProfileName = keyof typeof LIFETIME_PROFILES;

export const PROFILE_NAMES = Object.keys(LIFETIME_PROFILES) as [ProfileName, ...ProfileName[]];
