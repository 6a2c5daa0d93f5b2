/**
 * What an RFC 8555 client depends on, asked of a server one thing after the other: register, order, certificate,
 * renewal information, revocation, and the requests that must be refused.
 */
import type { CaseResult, ConformCase, Verdict } from "./case.ts";
import { accountCases } from "./accounts.ts";
import { orderCases } from "./orders.ts";
import { answerCases, requestCases } from "./requests.ts";
import { resourceCases } from "./resources.ts";
import { revocationCases } from "./revocation.ts";
import { NoAnswer, type Subject } from "./subject.ts";

/** The table; later cases use what earlier ones got. */
export const CASES: readonly ConformCase[] = [
  ...resourceCases,
  ...accountCases,
  ...requestCases,
  ...orderCases,
  ...revocationCases,
  ...answerCases,
];

export interface ConformOptions {
  readonly subject: Subject;
  /** Ids of cases that may fail without consequence. */
  readonly known: ReadonlySet<string>;
  readonly onResult: (result: CaseResult) => void;
  readonly signal: AbortSignal;
  /** Whether there is no use in asking on; the cases that are left are then not asked. */
  readonly isLost?: () => boolean;
}

/** Runs all cases, and tells each result as it comes; ends early when `signal` aborts, without the case that it met. */
export async function conform(
  { subject, known, onResult, signal, isLost }: ConformOptions,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const each of CASES) {
    if (signal.aborted || isLost?.()) break;
    const verdict = await verdictOn(each, subject);
    if (signal.aborted && verdict.result !== "pass") break;
    const result = resultOf(each, verdict, known.has(each.id));
    results.push(result);
    onResult(result);
  }
  return results;
}

async function verdictOn(each: ConformCase, subject: Subject): Promise<Verdict> {
  try {
    return await each.run(subject);
  } catch (error) {
    if (error instanceof NoAnswer) return { result: "fail", reason: error.message };
    throw error;
  }
}

function resultOf(
  { id, name, section, level }: ConformCase,
  verdict: Verdict,
  isKnown: boolean,
): CaseResult {
  if (verdict.result === "pass") return { id, name, section, outcome: "pass" };
  const { reason } = verdict;
  if (verdict.result === "skip") return { id, name, section, outcome: "skip", reason };
  const outcome = isKnown ? "known" : level === "must" ? "fail" : "warn";
  return { id, name, section, outcome, reason };
}
