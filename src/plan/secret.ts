/** What must not be shown. */

export const MASK = "***";

const SECRET_KEY = /token|secret|password|passwd|authorization|cookie|hmac|private|api_?key/i;

/** Whether the value under a key is kept out of every output. Headers are, all of them: any may carry a credential. */
export function isSecret(path: readonly (string | number)[]): boolean {
  return path.some((key, at) => {
    const isName = at === 1 && path[0] === "scenarios";
    if (typeof key !== "string" || isName) return false;
    return SECRET_KEY.test(key) || (key === "headers" && at < path.length - 1);
  });
}

/** A copy of plain data in which secrets are masked, and so is every occurrence of the `known` ones. */
export function maskSecrets(
  value: unknown,
  known: readonly string[] = [],
  path: readonly (string | number)[] = [],
): unknown {
  if (Array.isArray(value)) return value.map((item, at) => maskSecrets(item, known, [...path, at]));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, maskSecrets(item, known, [...path, key])]),
    );
  }
  if (value === undefined || value === null || typeof value === "boolean") return value;
  if (isSecret(path)) return MASK;
  return typeof value === "string" ? maskText(value, known) : value;
}

/** Every text under a secret's key; of `Bearer abc` also `abc`. */
export function findSecrets(value: unknown, key = ""): string[] {
  if (typeof value === "string") {
    if (!SECRET_KEY.test(key) || value === "") return [];
    return [...new Set([value, value.replace(/^(Bearer|Basic) +/i, "")])];
  }
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value) ? value.map((item) => [key, item]) : Object.entries(value);
  return entries.flatMap(([name, item]) => findSecrets(item, name));
}

/** Shorter ones would blot out ordinary words. */
const SHORTEST = 4;

/** Masks credentials in URLs, and the `known` secrets. */
export function maskText(text: string, known: readonly string[] = []): string {
  const masked = text.replaceAll(/(\/\/)[^/?#@\s]+@/g, `$1${MASK}@`);
  return known.filter(({ length }) => length >= SHORTEST).reduce(
    (rest, secret) => rest.replaceAll(secret, MASK),
    masked,
  );
}

const KEY_AND_VALUE = new RegExp(
  `((?:[\\w-]*(?:${SECRET_KEY.source})[\\w-]*)["']?\\s*[:=]\\s*)` +
    `("[^"]*"|'[^']*'|(?:\\$\\{[^}]*\\}|[^,}#])+)`,
  "gi",
);

/**
 * A line of a plan's text with the values of secret keys starred out, letter for letter, so that columns stay. The names
 * of variables stay too; their defaults do not.
 */
export function maskLine(line: string): string {
  return line
    .replaceAll(KEY_AND_VALUE, (_, key: string, value: string) => key + starred(value))
    .replaceAll(/(?<=\/\/)[^/?#@\s]+(?=@)/g, starred);
}

function starred(text: string): string {
  return text.replaceAll(
    /(\$\{\w+(?::-)?)|[^\s"'}]/g,
    (letter, name) => name ?? "*".repeat(letter.length),
  );
}
