/** What must be a credential by its form, whoever it belongs to: by where it stands, or by the name before it. */

/** Half-open, in UTF-16 units. */
export type Range = readonly [start: number, end: number];

/** Up to the last @ before the path, as URLs are read; also in a URL that stands in another or in JSON. */
const USER_INFO = /((?:\/|\\\/|%2f){2})((?:[^/?#\s"'<>\\%]|%(?!2f))+)(?:@|%40)/gi;
const SCHEME = /\b((?:Bearer|Basic|Digest|Negotiate)(?:[ \t]|%20|\+)+["']?)([\w.~+/%-]+=*)/gi;

/** Passwords of URLs, and what follows HTTP's authentication schemes where that is no word: `Basic constraints`. */
export function* credentialsIn(text: string): Generator<Range> {
  if (text.includes("@") || text.includes("%40")) {
    for (const range of groupsOf(USER_INFO, text)) if (!isMasked(text, range)) yield range;
  }
  for (const [start, end] of groupsOf(SCHEME, text)) {
    const value = text.slice(start, end);
    if (value.length >= 20 || /[\d=]|[._~+/%-]\w/.test(value)) yield [start, end];
  }
}

/** Stars that stand for letters are left, so that columns stay. */
function isMasked(text: string, [start, end]: Range): boolean {
  return /^\*+$/.test(text.slice(start, end));
}

/** Where the second group of each match is; the first is all before it. */
function* groupsOf(pattern: RegExp, text: string): Generator<Range> {
  for (const match of text.matchAll(pattern)) {
    const start = match.index + match[1]!.length;
    yield [start, start + match[2]!.length];
  }
}

/** Names whose values are secrets: of headers, parameters, variables and options. */
export const SECRET_NAME =
  /token|secret|passw|passphrase|authorization|credential|cookie|hmac|private|(?:api|access|auth|encryption|signing)[_-]?key|(?:^|[_.-])auth$/i;
/** Of parameters of a URL also these. */
const SECRET_PARAMETER = /^(?:key|sig|signature|code|auth|pass|pwd|sid|session|session_?id)$/i;
/** Of these the value is the whole line: `Cookie: a=1; b=2`. */
const WHOLE_LINE = /authorization|cookie/i;
/** A name, anchored so that each is tried once, and the separator behind it. */
const NAME = /(?<![\w.-])([\w.-]{1,200})(\\*["']?[ \t]{0,8}(?::|=|%3d)[ \t]{0,8})/gi;
const OPENING = /\\*["']/y;
/** Of a plan's line, `${VARIABLE:-default}` included. */
const YAML_VALUE = /(?:\$\{[^}]*\}|[^,}#\r\n])*/y;
const TEXT_VALUE = /[^\s,;&"'<>()[\]{}|\\]*/y;
const LINE_VALUE = /[^\r\n"'<>\\]*/y;

/** The values of names that mean a secret: `api_key=...`, `"password": "..."`, `Authorization: ...`. */
export function* namedSecretsIn(text: string, origin: "foreign" | "plan"): Generator<Range> {
  NAME.lastIndex = 0;
  for (let match = NAME.exec(text); match !== null; match = NAME.exec(text)) {
    const name = match[1]!;
    const isParameter = /[?&]/.test(text.charAt(match.index - 1)) && SECRET_PARAMETER.test(name);
    if (!isParameter && !SECRET_NAME.test(name)) continue;
    const at = match.index + match[0].length;
    const [start, end] = valueAt(text, at, name, origin);
    if (end > start) yield [start, end];
    // The generator may be left to others in between, and a value may hold a name of its own.
    NAME.lastIndex = end;
  }
}

function valueAt(text: string, at: number, name: string, origin: "foreign" | "plan"): Range {
  OPENING.lastIndex = at;
  const [opening] = OPENING.exec(text) ?? [];
  if (opening !== undefined) return [at + opening.length, closingOf(text, at, opening)];
  const value = origin === "plan" ? YAML_VALUE : WHOLE_LINE.test(name) ? LINE_VALUE : TEXT_VALUE;
  value.lastIndex = at;
  return [at, at + (value.exec(text)?.[0] ?? "").trimEnd().length];
}

/** The end of a quoted value: the same quotation mark, not escaped further; a text that was cut ends there. */
function closingOf(text: string, at: number, opening: string): number {
  for (
    let end = text.indexOf(opening, at + opening.length);
    end !== -1;
    end = text.indexOf(opening, end + 1)
  ) {
    if (text.charAt(end - 1) !== "\\") return end;
  }
  return text.length;
}

/** The secrets that a text holds, known by their form, to be hidden wherever else they turn up. */
export function secretsIn(text: string): string[] {
  return [...credentialsIn(text), ...namedSecretsIn(text, "foreign")].map(([start, end]) =>
    text.slice(start, end)
  );
}
