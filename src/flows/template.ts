/**
 * Text with placeholders that each arrival fills: `{id}` (unique over runs, letters, digits and hyphens), `{index}` (the
 * arrival's number), `{user}` (of the closed model, otherwise 0), `{run}` (one over all scenarios of a run), `{now}` (RFC
 * 3339, UTC), and the names of values that were captured from answers before. Anything else in braces stays as it is, so
 * that JSON needs no escaping.
 */
import type { Iteration } from "./flow.ts";

/** What an arrival has captured so far, by name. */
export type Values = ReadonlyMap<string, string>;

/** What is the same for every arrival is a text. */
export type Template = string | ((iteration: Iteration, values: Values) => string);

const ARRIVAL: Readonly<Record<string, (iteration: Iteration) => string>> = {
  id: (iteration) => iteration.id,
  index: (iteration) => String(iteration.index),
  user: (iteration) => String(iteration.user ?? 0),
  now: () => new Date().toISOString(),
};

/** Of those that are another one for each arrival. */
export const ARRIVAL_PLACEHOLDERS: readonly string[] = Object.keys(ARRIVAL);

/** All names. */
export const PLACEHOLDERS: readonly string[] = [...ARRIVAL_PLACEHOLDERS, "run"];

/** What a text may have beside its arrival's own, and how it is written into it. */
export interface Known {
  /** What is the same for all arrivals: `run`, and what was captured before the first. */
  readonly given: Values;
  /** What an arrival captures itself. */
  readonly names: readonly string[];
  readonly encode?: (value: string) => string;
}

export function compileTemplate(text: string, known: Known): Template {
  const parts = partsOf(text, known);
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  return (iteration, values) => {
    let filled = "";
    for (const part of parts) filled += typeof part === "string" ? part : part(iteration, values);
    return filled;
  };
}

export function fill(template: Template, iteration: Iteration, values: Values): string {
  return typeof template === "string" ? template : template(iteration, values);
}

function partsOf(text: string, { given, names, encode = same }: Known): Template[] {
  const known = [...ARRIVAL_PLACEHOLDERS, ...given.keys(), ...names];
  // Splitting by a pattern with one group gives text and placeholder names in turn.
  return text.split(new RegExp(`\\{(${known.join("|")})\\}`)).map((piece, at): Template => {
    if (at % 2 === 0) return piece;
    const value = given.get(piece);
    if (value !== undefined) return encode(value);
    return ARRIVAL[piece] ?? ((_iteration, values) => encode(values.get(piece) ?? ""));
  });
}

function same(text: string): string {
  return text;
}
