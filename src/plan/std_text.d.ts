/** The part of `@std/text` that the tool uses: its npm build is JavaScript only. */
export function levenshteinDistance(a: string, b: string): number;
