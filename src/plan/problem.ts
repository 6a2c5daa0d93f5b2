/** What is wrong with a plan, as data, and how a person reads it. */
import { nearest } from "./near_miss.ts";
import { type Mask, mask } from "../masking/mask.ts";
import { printable } from "../terminal.ts";
import { maskLine } from "./secret.ts";

/** Keys and list indices from the top of the plan. */
export type Path = readonly (string | number)[];

/** A stretch of the plan's text, or a command line flag. Lines and columns count from 1. */
export interface SourceSpan {
  /** The plan's file as it was named, or the flag, for example `--set scenarios.list.rate=0/s`. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** In characters, on that line. */
  readonly length?: number;
  /** The whole line. */
  readonly excerpt?: string;
}

export interface Problem extends SourceSpan {
  /** One sentence: what is wrong, and the value seen. */
  readonly message: string;
  /** `scenarios.list.rate`; empty for the plan as a whole. */
  readonly path: string;
  /** What to do next: the near miss, or an example. */
  readonly hint?: string;
  /** Values behind a misspelt key that may be secrets: no problem shows them. */
  readonly secrets?: readonly string[];
}

export function problemAt(span: SourceSpan, path: Path, message: string, hint?: string): Problem {
  const excerpt = span.excerpt === undefined ? {} : { excerpt: shownLine(span.excerpt, mask) };
  return { ...span, ...excerpt, path: path.join("."), message, ...(hint ? { hint } : {}) };
}

let lastShown: { readonly line: string; readonly mask: Mask; readonly shown: string } | undefined;

/** A line may have thousands of problems: it is masked once. */
function shownLine(line: string, hide: Mask): string {
  if (lastShown?.line !== line || lastShown.mask !== hide) {
    lastShown = { line, mask: hide, shown: maskLine(line, hide) };
  }
  return lastShown.shown;
}

const LONGEST_TEXT = 300;

/** The problem with all that `hide` knows masked; then cut to size. */
export function withoutSecrets(problem: Problem, hide: Mask): Problem {
  const shown = (text: string): string => {
    const masked = hide(text);
    return masked.length <= LONGEST_TEXT ? masked : `${masked.slice(0, LONGEST_TEXT)}...`;
  };
  const { secrets: _, ...rest } = problem;
  const { message, hint, excerpt } = rest;
  return {
    ...rest,
    file: hide(problem.file),
    message: shown(message),
    ...(hint && { hint: shown(hint) }),
    ...(excerpt !== undefined && { excerpt: shownLine(excerpt, hide) }),
  };
}

/** The hint for a misspelt word: its near miss, or else the words there are. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const close = nearest(word, known);
  if (close !== undefined) return `did you mean \`${close}\`?`;
  return known.length === 0 ? undefined : `known here: ${known.join(", ")}`;
}

/** By place: the file from top to bottom, then the flags. Repetitions (from YAML aliases) are dropped. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map((problem) => [identityOf(problem), problem]));
  return [...seen.values()].sort((a, b) =>
    (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0
  );
}

function identityOf({ file, line, column, message, hint }: Problem): string {
  return JSON.stringify([file, line, column, message, hint]);
}

/**
 * `file:line:column: message`, the offending line, a caret under the stretch, and the hint:
 *
 *     plan.yaml:7:5: unknown key `duraton`
 *       7 |     duraton: 5m
 *         |     ^^^^^^^ did you mean `duration`?
 */
export function renderProblem(problem: Problem): string {
  const { line, column, excerpt } = problem;
  const [file, message, hint] = [problem.file, problem.message, problem.hint ?? ""].map(printable);
  if (line === undefined || column === undefined || excerpt === undefined) {
    return `${file}: ${message}${hint ? `\n  ${hint}` : ""}`;
  }
  const [shown, lead] = window(excerpt, column - 1);
  const gutter = `  ${line} | `;
  // Tabs are kept, so that the caret stands where the terminal puts the text.
  const indent = lead.replaceAll(/[^\t]/g, " ");
  const caret = "^".repeat(Math.max(1, Math.min(problem.length ?? 1, shown.length - lead.length)));
  return [
    `${file}:${line}:${column}: ${message}`,
    `${gutter}${shown}`,
    `${" ".repeat(gutter.length - 2)}| ${indent}${caret}${hint ? ` ${hint}` : ""}`,
  ].join("\n");
}

const WIDEST = 120;

/** The part of a long line around `column` (0-based), and what of it precedes the column. */
function window(excerpt: string, column: number): [shown: string, lead: string] {
  const from = column > WIDEST - 20 ? column - 20 : 0;
  const line = harmlessLine(excerpt.slice(from, from + WIDEST));
  return [line, line.slice(0, column - from)];
}

/** A plan's text may hold what a terminal would obey. Letter for letter, so that columns stay. */
function harmlessLine(text: string): string {
  return text.replaceAll(/[^\P{C}\t]|[\p{Zl}\p{Zp}]/gu, "�");
}

/** One after the other, as sorted, and how many `more` there are. */
export function renderProblems(problems: readonly Problem[], more = 0): string {
  const rest = more === 0 ? "" : `and ${more} more\n`;
  return problems.map((problem) => `${renderProblem(problem)}\n`).join("") + rest;
}
