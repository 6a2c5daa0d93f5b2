/**
 * What a server, a plan or a container says is data, and must not be obeyed: not by a terminal (escape sequences, bidi
 * marks), not by a log (newlines), not by a CI (`::error::`). `foreign()` stands wherever such text becomes part of a
 * message; `lastGuard()` stands before stdout and stderr, and lets pass what is the program's own: lines and colours.
 */
import { mask } from "./masking/mask.ts";

/** Control characters (C0, DEL, C1), and what is invisible and changes how the rest is shown: bidi marks, separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const INSTEAD = "\ufffd";

/** Foreign text as one line that shows what is in it. */
export function printable(text: string): string {
  return text.toWellFormed().replace(/\s+/g, " ").replace(UNSEEN, INSTEAD).trim();
}

/** The same, lines and tabs kept. */
export function harmless(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(
    UNSEEN,
    (character) => character === "\n" || character === "\t" ? character : INSTEAD,
  );
}

/** Foreign text as a part of a message: secrets hidden, one line, then cut to `max` characters. */
export function foreign(text: string, max = Infinity): string {
  return cut(printable(mask(text, "foreign")), max);
}

/** Foreign text in quotation marks, as JSON spells it, so that what is unseen is seen. */
export function quoted(text: string, max = Infinity): string {
  return JSON.stringify(cut(mask(text, "foreign"), max)).replace(
    UNSEEN,
    (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Foreign text of several lines, each a line for `foreign()`. */
export function foreignLines(text: string): string {
  return eachLine(text, foreign);
}

/** Our own words with others' names in them (a file's, an argument), line by line. */
export function printableLines(text: string): string {
  return eachLine(text, printable);
}

function eachLine(text: string, shown: (line: string) => string): string {
  return text.split("\n").map((line) => /^ */.exec(line)![0] + shown(line)).join("\n");
}

/** At most `max` characters; an ellipsis says that there were more. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const characters = Array.from(text);
  return characters.length <= max ? text : characters.slice(0, max - 1).join("") + "…";
}

const ESC = "\u001b";
/** The colours of `report/style.ts`, and what must not pass. */
const COLOUR_OR_UNSEEN = new RegExp(
  `${ESC}\\[(?:0|1|2|31|32|33)m|` +
    "[\\p{Cc}\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\u2028\\u2029]",
  "gu",
);

interface Reader {
  /** Colours are ours alone where there is a terminal. */
  readonly isTerminal: boolean;
  /** A CI that takes commands from a job's output. */
  readonly takesCommands: boolean;
}

/** A whole output as it may be written: no control characters but line ends and tabs, no colours but ours, no commands. */
export function lastGuard(text: string, { isTerminal, takesCommands }: Reader): string {
  const safe = text.replace(COLOUR_OR_UNSEEN, (found) => {
    if (found === "\n" || found === "\t") return found;
    return isTerminal && found.length > 1 ? found : INSTEAD;
  });
  return takesCommands ? withoutCommands(safe) : safe;
}

/** GitHub's runner takes `::name` at the beginning of a line, and `##[name]` anywhere, Azure's also `##vso[`. */
function withoutCommands(text: string): string {
  return text.replace(/^([^\S\n]*:):/gm, "$1 :").replace(/##(?=\w*\[)/g, "# #");
}

/** Whether the environment is of a CI that takes commands. */
export function takesCommands(env: Readonly<Record<string, string>>): boolean {
  return Boolean(env["GITHUB_ACTIONS"] || env["TF_BUILD"] || env["TEAMCITY_VERSION"]);
}
