/** "Did you mean": the known word that a misspelt one most likely stands for. */
// @ts-types="./std_text.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * The candidate nearest to `word`, or undefined when none is near enough to be worth offering: at most a third of the
 * longer word's letters may differ, or it is the first word of one candidate alone. Case, `-` and `_` count for nothing.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    const longer = Math.max(word.length, candidate.length);
    const allowed = longer < 2 ? 0 : Math.max(1, Math.floor(longer / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? only(begunBy(word, candidates));
}

/** `ca` is short for `ca_file`. */
function begunBy(word: string, candidates: Iterable<string>): string[] {
  return [...candidates].filter((candidate) => candidate.startsWith(`${word}_`));
}

function only(words: readonly string[]): string | undefined {
  return words.length === 1 ? words[0] : undefined;
}

function plain(word: string): string {
  return word.slice(0, 100).toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Insertions, deletions and substitutions that turn one word into the other; a swap of neighbours alone is one too. */
function editDistance(a: string, b: string): number {
  return isSwap(a, b) ? 1 : levenshteinDistance(a, b);
}

function isSwap(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at < a.length && a.slice(at, at + 2) === [b[at + 1], b[at]].join("") &&
    a.slice(at + 2) === b.slice(at + 2);
}
