/**
 * summary.json as text: indented by two, but an array element or a small object of plain values on one line, so that
 * a run of 300 slices has 300 lines and a diff of two runs can be read.
 */
import type { Summary } from "../metrics/summary_schema.ts";

const WIDTH = 100;

/**
 * A summary as `summary.json`, units in the names of its keys (`_ms`, `_s`, `_bytes`). What `readSummary` reads back is the same.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertEquals(readSummary(renderJson(summary), "again"), summary);
 * ```
 */
export function renderJson(summary: Summary): string {
  return jsonText(summary) + "\n";
}

export function jsonText(value: unknown, indent = "", inArray = false): string {
  const flat = compact(value, inArray ? Infinity : WIDTH - indent.length);
  if (flat !== undefined) return flat;
  const inner = indent + "  ";
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + jsonText(item, inner, true)).join(",\n")}\n${indent}]`;
  }
  const entries = entriesOf(value as object)
    .map(([key, item]) => `${inner}${JSON.stringify(key)}: ${jsonText(item, inner)}`);
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

/** `{ "a": 1, "b": [1, 2] }`; undefined of what has parts and is longer: most of a summary is, and is not gone through for it. */
function compact(value: unknown, most: number): string | undefined {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const isArray = Array.isArray(value);
  const parts: string[] = [];
  let left = most;
  for (const [key, item] of isArray ? value.entries() : entriesOf(value)) {
    const flat = compact(item, left);
    if (flat === undefined) return undefined;
    const part = isArray ? flat : `${JSON.stringify(key)}: ${flat}`;
    left -= part.length;
    if (left < 0) return undefined;
    parts.push(part);
  }
  const flat = parts.join(", ");
  const text = isArray ? `[${flat}]` : flat === "" ? "{}" : `{ ${flat} }`;
  return text.length <= most ? text : undefined;
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
