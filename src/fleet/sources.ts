/** Where the rules come from that the demand is worked out by, and figures of others to set it beside. */

export interface Source {
  readonly name: string;
  readonly url?: string;
}

export const SOURCES = {
  ballot: {
    name: "CA/B ballot SC-081v3 (Baseline Requirements 6.3.2, 4.2.1)",
    url:
      "https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/",
  },
  revocation: {
    name: "Baseline Requirements 4.9.1.1: revoked within 24 hours",
    url: "https://cabforum.org/working-groups/server/baseline-requirements/requirements/",
  },
  massRevocation: {
    name: "Mozilla Root Store Policy 3.0: a mass revocation plan, tested each year",
  },
  ari: { name: "RFC 9773 (renewal information)", url: "https://www.rfc-editor.org/rfc/rfc9773" },
  renewAt: {
    name:
      "Boulder, core/objects.go RenewalInfoSimple: 2/3 of the validity, 1/2 below 10 days, window +-1 %",
    url: "https://github.com/letsencrypt/boulder/blob/main/core/objects.go",
  },
  ariPoll: {
    name: "Boulder, wfe2/wfe.go: Retry-After of 6 h; certctl has the same",
    url: "https://github.com/letsencrypt/boulder/blob/main/wfe2/wfe.go",
  },
  spread: {
    name:
      "Let's Encrypt's integration guide: spread renewals, retry after 1, 10, 100 minutes, then daily",
    url: "https://letsencrypt.org/docs/integration-guide/",
  },
  certctlTick: {
    name:
      "certctl: a tick of its job scheduler takes all that is due, under a limit of two minutes",
  },
  certctlAgent: {
    name: "certctl, cmd/agent/main.go: heartbeat 60 s, work 30 s, after failures up to 5 min",
  },
} as const satisfies Readonly<Record<string, Source>>;

/** What Let's Encrypt published of its own load, certificates a second: for scale, not as demand. */
export const LETS_ENCRYPT_PER_S = {
  /** 340,000 an hour. */
  hourly: 340_000 / 3600,
  /** Ten million a day. */
  daily: 10_000_000 / 86_400,
  /** 200 million in 24 hours, what it prepared for (10 February 2021). */
  prepared: 200_000_000 / 86_400,
} as const;
