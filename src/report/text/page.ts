/** What the sections of the text share: how wide it is, its colours, and how sentences are laid out. */
import { oneLine, type Paint, type Style, styleOf } from "../style.ts";
import { FILE_WIDTH, NARROWEST, WIDEST, widthOf, wrap } from "../width.ts";

export interface TextOptions {
  readonly color?: boolean;
  /** Of the terminal, in columns; of a file where there is none. */
  readonly width?: number;
}

export interface Page {
  readonly width: number;
  readonly style: Style;
}

export function pageOf({ color = false, width = FILE_WIDTH }: TextOptions = {}): Page {
  return { style: styleOf(color), width: Math.max(NARROWEST, Math.min(WIDEST, width)) };
}

interface Block {
  /** Blanks before the first line. */
  readonly first?: number;
  /** Blanks before the others. */
  readonly rest?: number;
  readonly paint?: Paint;
}

/** A sentence in lines that fit the page; each is painted by itself, so that none runs into what is beside it. */
export function block(
  text: string,
  { width }: Page,
  { first = 0, rest = first, paint = String }: Block = {},
): string[] {
  const blank = Math.max(first, rest);
  return wrap(oneLine(text), width - blank).map((line, i) =>
    " ".repeat(i === 0 ? first : rest) + paint(line)
  );
}

/** A sentence behind a mark, or a number. */
export function item(mark: string, text: string, page: Page): string[] {
  const [line = "", ...more] = block(text, page, { first: 3 + widthOf(mark) });
  return [`  ${mark} ${line.trimStart()}`, ...more];
}

/** A section's title, and what is to be known of its figures. */
export function title(name: string, note: string, page: Page): string[] {
  const { style } = page;
  const [line = "", ...more] = block(note, page, { first: widthOf(name) + 2, paint: style.faint });
  return [`${style.strong(name)}  ${line.trimStart()}`.trimEnd(), ...more];
}
