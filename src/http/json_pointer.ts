/** JSON pointers (RFC 6901): `/items/0/id`. */

/** For schemas and editors: what section 3 allows. */
export const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** The names and indices that a pointer goes through; undefined where it is none. The empty pointer is the whole. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (!JSON_POINTER.test(pointer)) return undefined;
  // `~01` is `~1`: the slashes first (section 4).
  return pointer.split("/").slice(1).map((token) =>
    token.replaceAll("~1", "/").replaceAll("~0", "~")
  );
}

/** Where a pointer's way ends: at its value, or before the token at `missingAt`, with what is there instead. */
export type Pointed =
  | { readonly value: unknown }
  | { readonly missingAt: number; readonly within: unknown };

/** Goes through a value. Own names alone, and in lists whole numbers without leading zeros (RFC 6901 section 4). */
export function followPointer(value: unknown, tokens: readonly string[]): Pointed {
  let within = value;
  for (const [at, token] of tokens.entries()) {
    const isThere = Array.isArray(within)
      ? /^(?:0|[1-9]\d*)$/.test(token) && Number(token) < within.length
      : typeof within === "object" && within !== null && Object.hasOwn(within, token);
    if (!isThere) return { missingAt: at, within };
    within = (within as Record<string, unknown>)[token];
  }
  return { value: within };
}
