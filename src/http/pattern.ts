/**
 * Regular expressions whose time is linear in what they read, whoever wrote them: RE2's, which have no back references
 * and no look-around. JavaScript's own would let a plan's `(a+)+$` hold a load thread for ever.
 */
import type { RE2JS } from "re2js";
import { messageOf } from "../message_of.ts";

/** Its time grows with the pattern's instructions too: `\\w{1,1000}` has a thousand. */
const MOST_INSTRUCTIONS = 256;

let engine: typeof RE2JS | undefined;

/** To be awaited before the functions below: the engine costs 10 ms of CPU in each thread, so it is loaded where wanted. */
export async function loadPatterns(): Promise<void> {
  engine ??= (await import("re2js")).RE2JS;
}

/** Gives the group of the first match, undefined where nothing matches or the group took no part in it. */
export type Pattern = (text: string) => string | undefined;

/** Reads a regular expression with one group; a sentence where it is none. */
export function compilePattern(source: string): Pattern | { readonly problem: string } {
  if (engine === undefined) throw new Error("loadPatterns() comes before compilePattern()");
  try {
    const compiled = engine.compile(source);
    const groups = compiled.groupCount();
    if (groups !== 1) {
      return {
        problem: `must have one group, as in \`id=(\\w+)\`, (?:...) aside: it has ${groups}`,
      };
    }
    if (compiled.programSize() > MOST_INSTRUCTIONS) {
      return { problem: "is too large: repeat with * or + instead of by large numbers" };
    }
    return (text) => {
      const matcher = compiled.matcher(text);
      return matcher.find() ? matcher.group(1) ?? undefined : undefined;
    };
  } catch (error) {
    const reason = messageOf(error).replace("error parsing regexp: ", "");
    return { problem: `must be a regular expression in RE2's syntax (${reason})` };
  }
}
