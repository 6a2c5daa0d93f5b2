/** The texts of a step in which names in braces are filled in. */

export interface StepText {
  /** Below the step. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Of a step as a plan has it, right or wrong. */
export function textsOf(step: unknown): StepText[] {
  return ["path", "url", "headers", "body"].flatMap((key) => textsIn(memberOf(step, key), [key]));
}

export function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** Names of a structure are texts of it too. */
function textsIn(value: unknown, path: readonly (string | number)[]): StepText[] {
  if (typeof value === "string") return [{ path, text: value }];
  const isList = Array.isArray(value);
  return entriesOf(value).flatMap(([key, inner]) => {
    const place = [...path, isList ? Number(key) : key];
    return [...isList ? [] : [{ path: place, text: key }], ...textsIn(inner, place)];
  });
}

/** The names in braces, once each. */
export function namesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\{([A-Za-z_]\w*)\}/g)].map(([, name = ""]) => name))];
}
