/** Texts as words of a POSIX shell's command line. */

/**
 * One word that means itself, whatever is in it.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(word("--only=api"), "--only=api");
 * assertEquals(word("it's; rm -rf $HOME"), `'it'\\''s; rm -rf $HOME'`);
 * ```
 */
export function word(text: string): string {
  if (/^[\w@%+:,./-]+(?:=[\w@%+:,./-]*)?$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function words(texts: readonly string[]): string {
  return texts.map(word).join(" ");
}

/** A path that no program takes for a flag. */
export function pathWord(path: string): string {
  return word(path.startsWith("-") ? `./${path}` : path);
}

/** A line of a comment, whatever is in it. */
export function comment(text: string): string {
  return `# ${text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")}`;
}
