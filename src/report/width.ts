/** Text and the columns that it takes on a terminal: wide characters take two, combining ones and colours none. */
import stringWidth from "string-width";

/** Terminals within these are filled; narrower ones break the lines, and in wider ones no eye finds the next. */
export const NARROWEST = 60;
export const WIDEST = 200;

/** Of files, and of what goes to no terminal. */
export const FILE_WIDTH = 100;

export function widthOf(text: string): number {
  return stringWidth(text);
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Without its middle where it is too wide, both ends kept: names that begin alike differ at their end. */
export function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const characters = charactersOf(text);
  const tailRoom = Math.floor((width - 1) / 2);
  const tail = fitting(characters.toReversed(), tailRoom).toReversed();
  const head = fitting(characters, width - 1 - widthOf(tail.join("")));
  return [...head, "…", ...tail].join("");
}

/** Cut off at its end where it is too wide. */
export function cutOff(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return [...fitting(charactersOf(text), width - 1), "…"].join("");
}

/**
 * Breaks text at spaces so that no line is wider than `width`. A number stays with its unit, and a word that is wider
 * than a line is broken where the line ends.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of wordsOf(text).flatMap((word) => pieces(word, width))) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

const UNIT = "(?:µs|ms|s|min|h|%|pp|B|[kMGT]B|[MG]iB)(?![\\w/])";
const BEFORE_UNIT = new RegExp(`(?<=\\d) (?=${UNIT})`, "gu");
/** `< 0.01 %` is one figure. */
const AFTER_SIGN = /(?<=[<>≤≥]) (?=\d)/gu;
/** `1 min 30 s` is one number. */
const BETWEEN_UNITS = / (?:(?<=\d h )(?=\d+ min(?!\w))|(?<=\d min )(?=\d+ s(?!\w)))/gu;

function wordsOf(text: string): string[] {
  return text.replace(BETWEEN_UNITS, "\n").replace(BEFORE_UNIT, "\n").replace(AFTER_SIGN, "\n")
    .split(" ")
    .filter((word) => word !== "").map((word) => word.replaceAll("\n", " "));
}

function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  let rest = charactersOf(word);
  while (widthOf(rest.join("")) > width) {
    const head = fitting(rest, width);
    // A character that is wider than the line has to go somewhere.
    const length = Math.max(1, head.length);
    found.push(rest.slice(0, length).join(""));
    rest = rest.slice(length);
  }
  return [...found, rest.join("")];
}

/** As a reader sees them: what combines with a letter stays with it. */
function charactersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter("en").segment(text), ({ segment }) => segment);
}

/** As many characters from the first on as there is room for. */
function fitting(characters: readonly string[], width: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => (used += widthOf(character)) > width);
  return characters.slice(0, end < 0 ? characters.length : end);
}
