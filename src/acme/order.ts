/**
 * Orders and authorisations (RFC 8555 sections 7.1.3 to 7.1.6) as pure state: read an answer, then say what comes next.
 */
import { canonicalName } from "../identifier.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { unexpected } from "./answer.ts";
import { parseObject, quotedBody } from "./body.ts";
import { type Problem, problemOf, problemText } from "./problem.ts";

export type ChallengeType = "http-01" | "tls-alpn-01" | "dns-01";

export interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly error?: Problem;
}

export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly status: string;
  readonly token: string;
  readonly error?: Problem;
}

export interface Authorization {
  readonly status: string;
  readonly name: string;
  readonly challenges: readonly Challenge[];
}

type OrderStep =
  | { readonly next: "authorize" | "finalize" | "poll" }
  | { readonly next: "download"; readonly url: string }
  | { readonly next: "fail"; readonly failure: Failure };

type AuthorizationStep =
  | { readonly next: "done" }
  | { readonly next: "poll" }
  | { readonly next: "respond"; readonly challenge: Challenge }
  | { readonly next: "fail"; readonly failure: Failure };

/** Each costs requests; an order has as many as it has names, or somewhat more. */
const MAX_AUTHORIZATIONS = 10_000;

export function readOrder(exchange: Exchange): Order | Failure {
  const value = parseObject(exchange.body);
  const { status, finalize, certificate, error } = value ?? {};
  // Servers leave the list out of an order that needs none any more.
  const authorizations = value?.authorizations ?? (status === "pending" ? undefined : []);
  if (
    typeof status !== "string" || !isTexts(authorizations) || typeof finalize !== "string" ||
    authorizations.length > MAX_AUTHORIZATIONS
  ) {
    return unexpected(
      `The answer is no order with status, authorizations and finalize ` +
        `(RFC 8555 section 7.1.3): ${quotedBody(exchange.body)}`,
    );
  }
  return {
    status,
    authorizations,
    finalize,
    certificate: typeof certificate === "string" ? certificate : undefined,
    error: problemOf(error),
  };
}

export function readAuthorization(exchange: Exchange): Authorization | Failure {
  const { status, identifier, challenges } = parseObject(exchange.body) ?? {};
  const name = (identifier as { value?: unknown } | undefined)?.value;
  const read = Array.isArray(challenges) ? challenges.map(challengeOf) : [];
  if (typeof status !== "string" || typeof name !== "string" || read.includes(undefined)) {
    return unexpected(
      `The answer is no authorization with identifier, status and challenges ` +
        `(RFC 8555 section 7.1.4): ${quotedBody(exchange.body)}`,
    );
  }
  return { status, name: canonicalName(name), challenges: read as Challenge[] };
}

export function readChallenge(exchange: Exchange): Challenge | Failure {
  return challengeOf(parseObject(exchange.body)) ??
    unexpected(`The answer is no challenge (RFC 8555 section 7.1.5): ${quotedBody(exchange.body)}`);
}

function challengeOf(value: unknown): Challenge | undefined {
  const { type, url, status, token, error } = (value ?? {}) as Record<string, unknown>;
  if (typeof type !== "string" || typeof url !== "string" || typeof status !== "string") {
    return undefined;
  }
  return {
    type,
    url,
    status,
    token: typeof token === "string" ? token : "",
    error: problemOf(error),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** What a client does with an order in this state (RFC 8555 section 7.4). */
export function nextForOrder(order: Order): OrderStep {
  switch (order.status) {
    case "pending":
      return { next: "authorize" };
    case "ready":
      return { next: "finalize" };
    case "processing":
      return { next: "poll" };
    case "valid":
      return order.certificate === undefined
        ? fail(unexpected("The order is valid but has no certificate URL"))
        : { next: "download", url: order.certificate };
    default:
      return fail(refused(`The order is ${order.status}`, order.error));
  }
}

/**
 * What a client does with an authorisation in this state (RFC 8555 section 7.5.1), when it can answer challenges of
 * one type; undefined: of none.
 */
export function nextForAuthorization(
  authorization: Authorization,
  type: ChallengeType | undefined,
): AuthorizationStep {
  const { status, name, challenges } = authorization;
  if (status === "valid") return { next: "done" };
  const failed = challenges.find((challenge) => challenge.status === "invalid");
  if (status !== "pending" || failed !== undefined) {
    const error = failed?.error ?? errorOf(authorization);
    return fail(refused(`The authorization for ${name} is ${status}`, error));
  }
  const challenge = challenges.find((offered) => offered.type === type);
  if (challenge === undefined) return fail(noChallenge(authorization, type));
  return challenge.status === "pending" ? { next: "respond", challenge } : { next: "poll" };
}

/** Why a validation has not succeeded so far, where a challenge says so (RFC 8555 section 8.2). */
export function errorOf({ challenges }: Authorization): Problem | undefined {
  return challenges.find(({ error }) => error !== undefined)?.error;
}

function noChallenge(
  { name, challenges }: Authorization,
  type: ChallengeType | undefined,
): Failure {
  const offered = challenges.map((challenge) => challenge.type).join(", ") || "none";
  return {
    class: "client",
    message: type === undefined
      ? `The server wants ${name} to be proved (${offered}) and the plan names no challenge: ` +
        `set challenge: { type, listen } in the scenario's options (conform: --challenge TYPE)`
      : `The server offers no ${type} challenge for ${name}, only ${offered}`,
  };
}

function refused(what: string, problem: Problem | undefined): Failure {
  const why = problem === undefined ? "the server gives no reason" : problemText(problem);
  return { class: "unexpected_body", message: `${what}: ${why}` };
}

function fail(failure: Failure): { readonly next: "fail"; readonly failure: Failure } {
  return { next: "fail", failure };
}
