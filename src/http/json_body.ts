/** Looking into JSON answers. */
import type { Exchange } from "./http.ts";
import { excerpt } from "./expectation.ts";

const decoder = new TextDecoder();

/** Deeper ones take a hundred times their bytes in memory, and no API answers so. */
const MOST_NESTED = 500;

/** The body as a JSON object, or a sentence that says what it is instead. */
export function jsonObject(exchange: Exchange): Record<string, unknown> | string {
  const value = jsonStructure(exchange);
  return Array.isArray(value) ? `not a JSON object: ${excerpt(exchange)}` : value;
}

/** The body as a JSON object or list, or a sentence that says what it is instead. */
export function jsonStructure(exchange: Exchange): Record<string, unknown> | unknown[] | string {
  const json = jsonValue(exchange);
  if (typeof json === "string") return json;
  const { value } = json;
  const isStructure = typeof value === "object" && value !== null;
  return isStructure ? value as Record<string, unknown> : `not a JSON object: ${excerpt(exchange)}`;
}

/** `source`: a number as it was written. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** The body as any JSON value, or a sentence that says what it is instead. */
export function jsonValue(exchange: Exchange, reviver?: Reviver): { value: unknown } | string {
  if (isNestedBeyond(exchange.body, MOST_NESTED)) {
    return `JSON nested more than ${MOST_NESTED} deep: ${excerpt(exchange)}`;
  }
  try {
    return { value: JSON.parse(decoder.decode(exchange.body), reviver) };
  } catch {
    return `not JSON: ${excerpt(exchange)}`;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** By its brackets outside of texts, before anything is made of them. */
export function isNestedBeyond(json: Uint8Array, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) {
      for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
      // `[` and `{`, `]` and `}` differ in this bit alone.
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth > most) return true;
    } else if ((byte | 0x20) === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** A check that the body is an object whose `field` satisfies `test`; `wanted` names it in the complaint. */
export function requireField(
  field: string,
  wanted: string,
  test: (value: unknown) => boolean,
): (exchange: Exchange) => string | undefined {
  return (exchange) => {
    const body = jsonObject(exchange);
    if (typeof body === "string") return body;
    return test(fieldAt(body, field))
      ? undefined
      : `expected ${wanted} in "${field}": ${excerpt(exchange)}`;
  };
}

/** The value under a path of keys, and of indices from 0 in lists: `items.0.id`. undefined when it is not there. */
export function fieldAt(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    // A list's length is its own too.
    if (Array.isArray(inner) && !/^\d+$/.test(key)) return undefined;
    return (inner as Record<string, unknown>)[key];
  }, value);
}

/** Whether two JSON values are the same whatever the order of their keys. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as Record<string, unknown>[];
  return keys.every((key) => Object.hasOwn(b, key) && isSameJson(left?.[key], right?.[key]));
}
