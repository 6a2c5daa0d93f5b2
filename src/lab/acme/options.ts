/** Settings of the ACME server: defaults, and certctl's environment names for them. */

/** Whether orders are ready at once, as certctl trusts accounts that it knows, or names have to be proved. */
export type AuthMode = "trust_authenticated" | "challenge";
export const CHALLENGE_TYPES = ["http-01", "tls-alpn-01", "dns-01"] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

/** All fields optional; durations in milliseconds; a limit of 0 is no limit. */
export interface AcmeOptions {
  /** Mode by profile. Default: `prof-test` trusts, `prof-challenge` validates. */
  readonly profiles?: Readonly<Record<string, AuthMode>>;
  /** Profile of the short paths `/acme/...`. Default: none, and they answer 403. */
  readonly defaultProfile?: string;
  /** New orders of one account in an hour, default 100. */
  readonly ordersPerHour?: number;
  /** Pending, ready and processing orders of one account, default 5. */
  readonly concurrentOrders?: number;
  /** Key changes of one account in an hour, default 5. */
  readonly keyChangesPerHour?: number;
  /** Responses to one challenge in an hour, default 60. */
  readonly challengeRespondsPerHour?: number;
  /** Default 5 minutes. */
  readonly nonceTtlMs?: number;
  /** Default 24 hours. */
  readonly orderTtlMs?: number;
  /** Default 24 hours. */
  readonly authorizationTtlMs?: number;
  /** Between sweeps of what has expired, default 1 minute; 0: never. */
  readonly gcIntervalMs?: number;
  /** Validations at once, for each challenge type, default 10. */
  readonly validationConcurrency?: number;
  /** Challenge types offered, default all three (dns-01 alone for wildcards). */
  readonly challengeTypes?: readonly ChallengeType[];
  /** Where every name is taken to be, default 127.0.0.1: the lab asks nobody else. */
  readonly validationAddress?: string;
  /** Default 5002, where certload's responder listens by default; the RFC's is 80 (RFC 8555 section 8.3). */
  readonly http01Port?: number;
  /** Default 5001, likewise; the RFC's is 443 (RFC 8737 section 3). */
  readonly tlsAlpn01Port?: number;
  /** `address:port` of the name server asked for TXT records, default `127.0.0.1:8053`, likewise. */
  readonly dns01Resolver?: string;
  /** Retry-After of what a client polls, default 0: the answers have none, and the client chooses. */
  readonly retryAfterSeconds?: number;
  /** Default true. */
  readonly ariEnabled?: boolean;
  /** Retry-After of renewal information, default 6 hours. */
  readonly ariPollMs?: number;
  /** Lifetime of certificates, default 90 days. */
  readonly lifetimeMs?: number;
  /** Terms that a new account has to agree to. Default: none. */
  readonly termsOfService?: string;
  readonly website?: string;
  readonly caaIdentities?: readonly string[];
  /** New accounts need an external account binding (RFC 8555 section 7.3.4), default false. */
  readonly eabRequired?: boolean;
  /** HMAC keys by key id, base64url. */
  readonly eabKeys?: Readonly<Record<string, string>>;
  /** Share of good nonces that are refused, as Pebble does it, 0..1, default 0. */
  readonly badNonceShare?: number;
  /**
   * With certctl's faults instead of as designed: finalize answers 500 and leaves the order processing, errors carry no
   * Replay-Nonce, 429 no Retry-After, revocation by the certificate's key is refused. Default false.
   */
  readonly asShipped?: boolean;
}

export type AcmeSettings = Required<AcmeOptions>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const DEFAULTS: AcmeSettings = {
  profiles: { "prof-test": "trust_authenticated", "prof-challenge": "challenge" },
  defaultProfile: "",
  ordersPerHour: 100,
  concurrentOrders: 5,
  keyChangesPerHour: 5,
  challengeRespondsPerHour: 60,
  nonceTtlMs: 5 * MINUTE_MS,
  orderTtlMs: 24 * HOUR_MS,
  authorizationTtlMs: 24 * HOUR_MS,
  gcIntervalMs: MINUTE_MS,
  validationConcurrency: 10,
  challengeTypes: CHALLENGE_TYPES,
  validationAddress: "127.0.0.1",
  http01Port: 5002,
  tlsAlpn01Port: 5001,
  dns01Resolver: "127.0.0.1:8053",
  retryAfterSeconds: 0,
  ariEnabled: true,
  ariPollMs: 6 * HOUR_MS,
  lifetimeMs: 90 * 24 * HOUR_MS,
  termsOfService: "",
  website: "",
  caaIdentities: [],
  eabRequired: false,
  eabKeys: {},
  badNonceShare: 0,
  asShipped: false,
};

export function acmeSettings(options: AcmeOptions = {}): AcmeSettings {
  return { ...DEFAULTS, ...options };
}
