/** Results of a conformance examination as text. Pure. */
import { foreign } from "../terminal.ts";
import type { CaseResult } from "./case.ts";

const MARKS = { pass: "✓", fail: "✗", warn: "!", skip: "-", known: "~" } as const;

/** One line, and the reason under it where there is one; `paint` may colour the mark. */
export function renderResult(
  { id, name, section, outcome, reason }: CaseResult,
  paint: (mark: string, outcome: CaseResult["outcome"]) => string = String,
): string {
  const line = `  ${paint(MARKS[outcome], outcome)} ${section.padEnd(12)}  ${name}`;
  return reason === undefined
    ? `${line}\n`
    : `${line} (${id})\n${" ".repeat(18)}${foreign(reason)}\n`;
}

/** The last lines: how many of each. */
export function renderTotal(results: readonly CaseResult[]): string {
  const count = (outcome: CaseResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  const parts = [
    `${count("pass")} passed`,
    `${count("fail")} failed`,
    `${count("warn")} recommended and not done (!)`,
    `${count("skip")} not asked (-)`,
    ...(count("known") > 0 ? [`${count("known")} known to fail (~)`] : []),
  ];
  return `\n${parts.join(", ")}\n`;
}
