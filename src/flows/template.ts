/**
 * Text with placeholders that each iteration fills: `{id}` (unique over runs, letters, digits and hyphens), `{index}`
 * (the arrival's number), `{user}` (of the closed model, otherwise 0), `{now}` (RFC 3339, UTC). Anything else in braces
 * stays as it is, so that JSON needs no escaping.
 */
import type { Iteration } from "./flow.ts";

export type Template = (iteration: Iteration) => string;

const VALUES: Readonly<Record<string, Template>> = {
  id: (iteration) => iteration.id,
  index: (iteration) => String(iteration.index),
  user: (iteration) => String(iteration.user ?? 0),
  now: () => new Date().toISOString(),
};

/** Their names. */
export const PLACEHOLDERS: readonly string[] = Object.keys(VALUES);

// Splitting by a pattern with one group gives text and placeholder names in turn.
const PLACEHOLDER = new RegExp(`\\{(${PLACEHOLDERS.join("|")})\\}`);

export function hasPlaceholders(text: string): boolean {
  return PLACEHOLDER.test(text);
}

export function compileTemplate(text: string): Template {
  const pieces = text.split(PLACEHOLDER);
  if (pieces.length === 1) return () => text;
  const parts = pieces.map((piece, at): Template => (at % 2 && VALUES[piece]) || (() => piece));
  return (iteration) => parts.map((part) => part(iteration)).join("");
}
