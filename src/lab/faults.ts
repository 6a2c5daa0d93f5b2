/**
 * Misbehaviour as data: what the lab is told to do wrong, and the decision for one request. The decision is pure but
 * for its source of chance, which is an argument.
 */

import type { TargetName } from "./target_name.ts";

export type ServerName = "api" | TargetName;

/**
 * What goes out instead of the right answer:
 * - `status`: `status` (default 500) with the server's error body;
 * - `limited`: 429 as certctl's limiter gives it;
 * - `html`: 200 with the dashboard's page;
 * - `garbage`: bytes that are no HTTP;
 * - `half`: the head and half of the body of the right answer, then the end of the connection;
 * - `huge`: 200 with a JSON body of `hugeBytes`;
 * - `close`: the end of the connection once the request is in;
 * - `silence`: nothing, on an open connection.
 */
export const ANSWERS = [
  "status",
  "limited",
  "html",
  "garbage",
  "half",
  "huge",
  "close",
  "silence",
] as const;
export type AnswerFault = (typeof ANSWERS)[number];

/** Which requests something holds for. */
export interface RequestMatch {
  /** Absent: all servers. */
  readonly server?: ServerName;
  /** Absent: all methods. */
  readonly method?: string;
  /** Start of the path; absent: all paths. */
  readonly prefix?: string;
}

/** One rule. Rules are gone through in order: delays add up, the first answer that is drawn is the one. */
export interface FaultRule extends RequestMatch {
  /** Share of the matching requests that the rule holds for, 0..1, default 1. */
  readonly share?: number;
  /** Added before the answer. */
  readonly latencyMs?: number;
  /** Added too: uniform in 0..jitterMs. */
  readonly jitterMs?: number;
  /** The answer takes this many times as long as its making took. */
  readonly latencyFactor?: number;
  readonly answer?: AnswerFault;
  /** For `answer: "status"`. */
  readonly status?: number;
  /** For `answer: "huge"`, default 64 MiB. */
  readonly hugeBytes?: number;
}

/** Nothing is answered, and no handshake made, for `durationMs`; from `afterMs` on, and then every `everyMs`. */
interface Stall {
  /** Absent: all servers. */
  readonly server?: ServerName;
  /** Default 0: at once. */
  readonly afterMs?: number;
  readonly durationMs: number;
  /** From start to start. Absent: once. */
  readonly everyMs?: number;
}

/**
 * The certificate that a server shows: `renewed` is as good as the usual one but another, `wrong_name` names another
 * host, `expired` has expired, `unknown_ca` comes from a CA that nobody knows, `self_signed` is certctl's bootstrap
 * certificate: self-signed with CA:TRUE.
 */
export const CERTIFICATE_FAULTS = [
  "renewed",
  "wrong_name",
  "expired",
  "unknown_ca",
  "self_signed",
] as const;
export type CertificateFault = (typeof CERTIFICATE_FAULTS)[number];

/**
 * What becomes of a certificate that is installed on a target:
 * - `late`: the old one is served for `afterMs` (default 1 s), then the new one;
 * - `mixed`: from `afterMs` (default 0) on, for `forMs` (default 1 s), every other handshake gets the old one;
 * - `wrong`: from `afterMs` (default 0) on, for `forMs` (absent: until the next one), a third certificate is served;
 * - `reverted`: the new one is served for `afterMs` (default 1 s), then the old one for `forMs` (absent: until the next
 *   one).
 */
export const DEPLOYMENT_FAULTS = ["late", "mixed", "wrong", "reverted"] as const;
export type DeploymentFaultKind = (typeof DEPLOYMENT_FAULTS)[number];

export interface DeploymentFault {
  /** Absent: all targets. */
  readonly target?: TargetName;
  readonly kind: DeploymentFaultKind;
  /** Every so manieth installation that the rule looks at; absent, and without a share: each. */
  readonly every?: number;
  /** Of the installations, 0..1, by chance. */
  readonly share?: number;
  readonly afterMs?: number;
  readonly forMs?: number;
}

export interface Faults {
  readonly rules?: readonly FaultRule[];
  readonly stalls?: readonly Stall[];
  readonly certificates?: Readonly<Partial<Record<ServerName, CertificateFault>>>;
  /** The first that holds for an installation is the one. */
  readonly deployments?: readonly DeploymentFault[];
  /** Servers that do not listen: connections to them are refused. */
  readonly down?: readonly ServerName[];
}

/** What is to be done with one request. */
export interface Effect {
  readonly delayMs: number;
  /** The time that the answer's making took is waited this many times more. */
  readonly slowdown: number;
  readonly rule?: FaultRule & { readonly answer: AnswerFault };
}

const NO_EFFECT: Effect = { delayMs: 0, slowdown: 0 };

/** `random` gives numbers in [0, 1), one for each share and jitter that matter. */
export function effectOn(
  rules: readonly FaultRule[],
  request: { readonly server: ServerName; readonly method: string; readonly path: string },
  random: () => number,
): Effect {
  let { delayMs, slowdown } = NO_EFFECT;
  let rule: Effect["rule"];
  for (const candidate of rules) {
    if (!matches(candidate, request)) continue;
    const { share = 1, latencyMs = 0, jitterMs = 0, latencyFactor = 1, answer } = candidate;
    if (share < 1 && random() >= share) continue;
    delayMs += latencyMs + (jitterMs > 0 ? jitterMs * random() : 0);
    slowdown += Math.max(0, latencyFactor - 1);
    if (answer !== undefined) rule ??= { ...candidate, answer };
  }
  return { delayMs, slowdown, ...(rule && { rule }) };
}

export function matches(
  { server, method, prefix }: RequestMatch,
  request: { readonly server: ServerName; readonly method: string; readonly path: string },
): boolean {
  return (server === undefined || server === request.server) &&
    (method === undefined || method === request.method) &&
    (prefix === undefined || request.path.startsWith(prefix));
}

/** Milliseconds that the server still stands still, `sinceMs` after the stalls were set. */
export function stalledForMs(
  stalls: readonly Stall[],
  server: ServerName,
  sinceMs: number,
): number {
  const own = stalls.filter((stall) => stall.server === undefined || stall.server === server);
  return Math.max(0, ...own.map((stall) => remainingMs(stall, sinceMs)));
}

function remainingMs({ afterMs = 0, durationMs, everyMs }: Stall, sinceMs: number): number {
  const into = sinceMs - afterMs;
  if (into < 0) return 0;
  return durationMs - (everyMs === undefined ? into : into % everyMs);
}
