/** Colour for terminals, only when asked; and text made fit for one. */

import { cut, printable } from "../terminal.ts";
import type { Mark } from "./marks.ts";

export type Paint = (text: string) => string;

export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
}

const PLAIN: Style = {
  good: String,
  bad: String,
  warn: String,
  strong: String,
  faint: String,
};

const COLOURED: Style = {
  good: sgr(32),
  bad: sgr(31),
  warn: sgr(33),
  strong: sgr(1),
  faint: sgr(2),
};

/** A mark in its colour. */
export function painted({ sign, tone }: Mark, style: Style): string {
  return style[tone](sign);
}

export function styleOf(color: boolean): Style {
  return color ? COLOURED : PLAIN;
}

/**
 * Foreign text as one line without control characters: what a server sends must not move the cursor, colour the
 * terminal or break a table. Cut off at `max` characters with an ellipsis.
 */
export function oneLine(text: string, max = Infinity): string {
  return cut(printable(text), max);
}

function sgr(code: number): Paint {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}
