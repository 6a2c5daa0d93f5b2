/**
 * How every verdict is told, in all reports: its mark, its colour, its word. The records are total: a verdict without an
 * entry does not compile.
 */
import type { ComparedFigure, Comparison, ThresholdResult } from "../metrics/summary_schema.ts";
import type { ExitName } from "../verdict/exit.ts";

export interface Mark {
  /** In text and HTML. */
  readonly sign: string;
  /** In Markdown. */
  readonly icon: string;
  /** Colour in `Style`, class in HTML. */
  readonly tone: "good" | "warn" | "bad" | "faint";
}

interface WordedMark extends Mark {
  readonly word: string;
}

export const GOOD: Mark = { sign: "✓", icon: "✅", tone: "good" };
/** Of remarks too. */
export const WARN: Mark = { sign: "!", icon: "⚠️", tone: "warn" };
/** Of what makes a run invalid, or not comparable, too. */
export const BAD: Mark = { sign: "✗", icon: "❌", tone: "bad" };
export const UNSURE: Mark = { sign: "?", icon: "?", tone: "warn" };
const SAME: Mark = { sign: "=", icon: "=", tone: "faint" };
const SKIPPED: Mark = { sign: "-", icon: "➖", tone: "faint" };

export const THRESHOLD_MARKS: Readonly<Record<ThresholdResult["verdict"], WordedMark>> = {
  pass: { ...GOOD, word: "passed" },
  fail: { ...BAD, word: "failed" },
  no_data: { ...BAD, word: "no data" },
  regressed: { ...BAD, word: "regressed" },
  skipped: { ...SKIPPED, word: "skipped" },
  cannot_tell: { ...UNSURE, word: "cannot tell" },
};

/** In the order in which they are counted. */
export const FIGURE_MARKS: Readonly<Record<ComparedFigure["verdict"], WordedMark>> = {
  regressed: { ...BAD, word: "regressed" },
  improved: { ...GOOD, word: "improved" },
  same: { ...SAME, word: "same" },
  cannot_tell: { ...UNSURE, word: "cannot tell" },
};

export const COMPARISON_MARKS: Readonly<Record<Comparison["verdict"], WordedMark>> = {
  regressed: { ...BAD, word: "REGRESSED" },
  improved: { ...GOOD, word: "IMPROVED" },
  same: { ...GOOD, word: "SAME" },
  cannot_tell: { ...GOOD, word: "NO REGRESSION FOUND" },
  refused: { ...BAD, word: "NOT COMPARED" },
};

const EXIT_MARKS: Readonly<Record<ExitName, WordedMark>> = {
  passed: { ...GOOD, word: "PASSED" },
  delivered: { ...GOOD, word: "DELIVERED" },
  threshold: { ...BAD, word: "FAILED" },
  regression: { ...BAD, word: "REGRESSED" },
  invalid: { ...BAD, word: "INVALID" },
  interrupted: { ...WARN, word: "INTERRUPTED" },
  // Of a run that was carried out: its baseline was bad.
  bad_input: { ...BAD, word: "NOT COMPARED" },
  not_ready: { ...BAD, word: "NOT READY" },
  internal: { ...BAD, word: "INTERNAL ERROR" },
};

/** Of a run's end; of an exit that this version does not know, its name. */
export function exitMark({ exit }: { readonly exit: { readonly name: string } }): WordedMark {
  return Object.hasOwn(EXIT_MARKS, exit.name)
    ? EXIT_MARKS[exit.name as ExitName]
    : { ...BAD, word: exit.name.toUpperCase() };
}

/** Of a difference between runs that are compared. */
export function differenceMark({ refusal }: Comparison["differences"][number]): Mark {
  return refusal ? BAD : WARN;
}
