/** Reading answers' bodies. */

import { startOf } from "../http/expectation.ts";
import { foreign } from "../terminal.ts";

const decoder = new TextDecoder();

/** The JSON object in a body; undefined when it is something else. */
export function parseObject(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a body for an error text, on one line: at most `length` characters, quoted. */
export function quotedBody(body: Uint8Array, length = 120): string {
  if (body.length === 0) return "(empty body)";
  return JSON.stringify(foreign(startOf(body), length));
}
