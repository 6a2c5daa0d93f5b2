/** certctl's environment names for the settings of its ACME server. Pure. */
import type { AcmeOptions } from "./options.ts";

type Parse = (text: string) => unknown;
type Target = keyof AcmeOptions;

const PREFIX = "CERTCTL_ACME_SERVER_";

const VARIABLES: Readonly<Record<string, readonly [Target, Parse]>> = {
  DEFAULT_PROFILE_ID: ["defaultProfile", String],
  RATE_LIMIT_ORDERS_PER_HOUR: ["ordersPerHour", parseCount],
  RATE_LIMIT_CONCURRENT_ORDERS: ["concurrentOrders", parseCount],
  RATE_LIMIT_KEY_CHANGE_PER_HOUR: ["keyChangesPerHour", parseCount],
  RATE_LIMIT_CHALLENGE_RESPONDS_PER_HOUR: ["challengeRespondsPerHour", parseCount],
  NONCE_TTL: ["nonceTtlMs", parseDuration],
  ORDER_TTL: ["orderTtlMs", parseDuration],
  AUTHZ_TTL: ["authorizationTtlMs", parseDuration],
  GC_INTERVAL: ["gcIntervalMs", parseDuration],
  HTTP01_CONCURRENCY: ["validationConcurrency", parseCount],
  DNS01_RESOLVER: ["dns01Resolver", String],
  ARI_ENABLED: ["ariEnabled", parseFlag],
  ARI_POLL_INTERVAL: ["ariPollMs", parseDuration],
  TOS_URL: ["termsOfService", String],
  WEBSITE: ["website", String],
  CAA_IDENTITIES: ["caaIdentities", (text) => text.split(",").map((name) => name.trim())],
  EAB_REQUIRED: ["eabRequired", parseFlag],
};

/** Options that the variables set. As in certctl, a value that is no number or duration is as good as none. */
export function acmeOptionsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): AcmeOptions {
  const options: Partial<Record<Target, unknown>> = {};
  for (const [name, [target, parse]] of Object.entries(VARIABLES)) {
    const text = environment[`${PREFIX}${name}`];
    const value = text ? parse(text) : undefined;
    if (value !== undefined) options[target] = value;
  }
  return options as AcmeOptions;
}

function parseCount(text: string): number | undefined {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function parseFlag(text: string): boolean {
  return ["true", "1", "yes"].includes(text.toLowerCase());
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's durations: `90s`, `1h30m`, `1.5h`. Milliseconds. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(number) * UNIT_MS[unit!]!;
  }
  return ms;
}
