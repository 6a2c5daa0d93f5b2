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
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const flat = compact(value);
  if (flat.length + indent.length <= WIDTH || inArray) return flat;
  const inner = indent + "  ";
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + jsonText(item, inner, true)).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${inner}${JSON.stringify(key)}: ${jsonText(item, inner)}`);
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

/** `{"a": 1, "b": [1, 2]}` */
function compact(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(compact).join(", ")}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}: ${compact(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
