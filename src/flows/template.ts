/**
 * Text with placeholders that each iteration fills: `{id}` (unique over runs, letters, digits and hyphens), `{index}`
 * (the arrival's number), `{user}` (of the closed model, otherwise 0), `{run}` (one over all scenarios of a run), `{now}` (RFC 3339, UTC). Anything else in braces
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

/** All names. */
export const PLACEHOLDERS: readonly string[] = [...Object.keys(VALUES), "run"];

// Splitting by a pattern with one group gives text and placeholder names in turn.
const PLACEHOLDER = new RegExp(`\\{(${Object.keys(VALUES).join("|")})\\}`);

/** Whether the text is another one for each arrival. */
export function hasPlaceholders(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** `runId`: what `{run}` is. */
export function compileTemplate(text: string, runId: string): Template {
  const ofRun = text.replaceAll("{run}", () => runId);
  const pieces = ofRun.split(PLACEHOLDER);
  if (pieces.length === 1) return () => ofRun;
  const parts = pieces.map((piece, at): Template => (at % 2 && VALUES[piece]) || (() => piece));
  return (iteration) => parts.map((part) => part(iteration)).join("");
}
