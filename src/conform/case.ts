/** What a conformance case is: a name, the section that demands it, and a question to the server. */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { mediaType } from "../http/expectation.ts";
import { quotedBody } from "../acme/body.ts";
import { ACME_ERROR, parseProblem } from "../acme/problem.ts";
import type { Subject } from "./subject.ts";

export type Verdict =
  | { readonly result: "pass" }
  /** `skip`: the server has no such thing and need not, or an earlier case left nothing to ask about. */
  | { readonly result: "fail" | "skip"; readonly reason: string };

export interface ConformCase {
  /** How a user names the case: a contract. */
  readonly id: string;
  /** A sentence about a server that conforms. */
  readonly name: string;
  /** `8555 §6.5` */
  readonly section: string;
  /** Whether the section says MUST; without, a failure is a warning. */
  readonly level: "must" | "should";
  run(subject: Subject): Promise<Verdict>;
}

/** How a case ended. */
export interface CaseResult {
  readonly id: string;
  readonly name: string;
  readonly section: string;
  /** `warn`: a SHOULD that does not hold; `known`: it does not hold, and the user knows. */
  readonly outcome: "pass" | "fail" | "warn" | "skip" | "known";
  readonly reason?: string;
}

type MakeCase = (id: string, section: string, name: string, run: ConformCase["run"]) => ConformCase;

function caseOf(level: ConformCase["level"]): MakeCase {
  return (id, section, name, run) => ({ id, section, name, level, run });
}

export const must = caseOf("must");
export const should = caseOf("should");

export const PASS: Verdict = { result: "pass" };

function fail(reason: string): Verdict {
  return { result: "fail", reason };
}

export function skip(reason: string): Verdict {
  return { result: "skip", reason };
}

/** Fails with the first complaint. */
export function verdictOf(...complaints: readonly (string | Failure | undefined)[]): Verdict {
  const first = complaints.find((complaint) => complaint !== undefined);
  if (first === undefined) return PASS;
  return fail(isFailure(first) ? first.message : first);
}

/** A complaint unless the status is one of these. */
export function wantStatus(exchange: Exchange, ...statuses: readonly number[]): string | undefined {
  return statuses.includes(exchange.status)
    ? undefined
    : `status ${exchange.status} where ${statuses.join(" or ")} was due: ${
      quotedBody(exchange.body, 200)
    }`;
}

export interface WantedProblem {
  /** Default: any 4xx. */
  readonly statuses?: readonly number[];
  /** Names after `urn:ietf:params:acme:error:`; default: any. */
  readonly types?: readonly string[];
}

/** A complaint unless the answer refuses with a problem document (RFC 8555 section 6.7) of these types. */
export function wantProblem(
  exchange: Exchange,
  { statuses, types }: WantedProblem = {},
): string | undefined {
  const refused = statuses?.includes(exchange.status) ??
    (exchange.status >= 400 && exchange.status < 500);
  const wanted = statuses?.join(" or ") ?? "a 4xx";
  const seen = `${exchange.status} ${quotedBody(exchange.body, 200)}`;
  if (!refused) return `${wanted} was due, the answer is ${seen}`;
  const problem = parseProblem(exchange.body);
  if (problem === undefined || mediaType(exchange) !== "application/problem+json") {
    return `a problem document was due, the answer is ${mediaType(exchange) || "untyped"}: ${seen}`;
  }
  const urns = types?.map((type) => ACME_ERROR + type);
  return urns === undefined || urns.includes(problem.type)
    ? undefined
    : `${urns.join(" or ")} was due, the answer is ${seen}`;
}

/** The case's verdict when the answer must be such a problem. */
export function refusedWith(exchange: Exchange, wanted?: WantedProblem): Verdict {
  return verdictOf(wantProblem(exchange, wanted));
}
