/**
 * Problem documents (RFC 7807, RFC 8555 section 6.7): how an ACME server says no.
 */
import { statusClass } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { foreign, quoted } from "../terminal.ts";
import { parseObject, quotedBody } from "./body.ts";

export const ACME_ERROR = "urn:ietf:params:acme:error:";

export interface Problem {
  /** A URI, mostly `urn:ietf:params:acme:error:...`; `about:blank` when the document names none. */
  readonly type: string;
  readonly detail?: string;
  readonly status?: number;
  /** Of a compound problem: each with the identifier that it is about, where given. */
  readonly subproblems: readonly {
    readonly type: string;
    readonly detail?: string;
    readonly identifier?: string;
  }[];
}

/** The problem document in an answer, whatever its media type says; undefined when there is none. */
export function parseProblem(body: Uint8Array): Problem | undefined {
  const value = parseObject(body);
  return value === undefined ? undefined : problemOf(value);
}

/** A problem that stands inside another resource (an order's or a challenge's `error`). */
export function problemOf(value: unknown): Problem | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, detail, status, subproblems } = value as Record<string, unknown>;
  if (typeof type !== "string" && typeof detail !== "string") return undefined;
  return {
    type: typeof type === "string" ? type : "about:blank",
    detail: typeof detail === "string" ? detail : undefined,
    status: typeof status === "number" ? status : undefined,
    subproblems: Array.isArray(subproblems) ? subproblems.map(subproblemOf) : [],
  };
}

function subproblemOf(value: unknown): Problem["subproblems"][number] {
  const { type, detail, identifier } = (value ?? {}) as Record<string, unknown>;
  const name = (identifier as { value?: unknown } | undefined)?.value;
  return {
    type: typeof type === "string" ? type : "about:blank",
    detail: typeof detail === "string" ? detail : undefined,
    identifier: typeof name === "string" ? name : undefined,
  };
}

/** `urn:ietf:params:acme:error:rateLimited: too many orders [a.test: …]`, at most 300 characters. */
export function problemText(problem: Problem): string {
  const parts = problem.subproblems.map((sub) =>
    `${sub.identifier ?? "?"}: ${sub.type}${sub.detail === undefined ? "" : ` ${sub.detail}`}`
  );
  const text = problem.type + (problem.detail === undefined ? "" : `: ${problem.detail}`) +
    (parts.length === 0 ? "" : ` [${parts.join("; ")}]`);
  return foreign(text, 300);
}

/** The failure that an answer with an unwelcome status is; the urn stands in the message. */
export function statusFailure(exchange: Exchange): Failure {
  const problem = parseProblem(exchange.body);
  const rateLimited = problem?.type === ACME_ERROR + "rateLimited";
  const location = exchange.status < 400 ? exchange.header("location") : undefined;
  const said = location !== undefined
    ? `and points to ${quoted(location, 200)}`
    : problem === undefined
    ? quotedBody(exchange.body)
    : problemText(problem);
  return {
    class: rateLimited ? "rate_limited" : statusClass(exchange.status),
    message: `${exchange.request.method} ${exchange.request.url.pathname} was answered with ` +
      `${exchange.status} ${said}`,
  };
}
