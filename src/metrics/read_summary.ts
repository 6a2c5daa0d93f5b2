/** Reading summary.json back: whole, of this program and of this schema, or a sentence that says what it is instead. */
import type { ZodError } from "zod";
import { formatBytes, formatCount } from "./format.ts";
import { unpackedData } from "./stats.ts";
import {
  SCHEMA_VERSION,
  type Summary,
  type SummaryHistogram,
  summarySchema,
} from "./summary_schema.ts";
import { messageOf } from "../message_of.ts";

/** For the user as it is: what was attempted, what was found, what to do. */
export class SummaryError extends Error {
  override readonly name = "SummaryError";
}

const PROBLEMS_SHOWN = 3;

/** Of a file; a run of ten scenarios with five steps each and ten minutes of slices has a tenth of it. */
export const MAX_SUMMARY_BYTES = 256 * 2 ** 20;
/** How deep braces and brackets may be nested; a summary's are 12 deep. */
const MAX_DEPTH = 32;
/** Entries of one array or object; a run's slices are a tenth of it. */
const MAX_ENTRIES = 20_000;

interface ReadOptions {
  /** Whoever unpacks every histogram next finds the damaged ones by that: `damaged` says it. */
  readonly histograms?: "checked" | "unchecked";
}

/**
 * @param name How messages call the file.
 * @throws {SummaryError} when the text is anything but a whole summary of this schema.
 */
export function readSummary(
  text: string,
  name: string,
  { histograms = "checked" }: ReadOptions = {},
): Summary {
  checkSize(text.length, name);
  const value = parse(text, name);
  checkOrigin(value, name);
  const crowded = crowdedPlace(value);
  if (crowded !== undefined) throw new SummaryError(`Cannot read "${name}" as ${crowded}`);
  const result = summarySchema.safeParse(value);
  if (!result.success) throw damaged(name, problems(result.error));
  const damage = histograms === "checked" ? damagedHistogram(result.data, []) : undefined;
  if (damage === undefined) return result.data;
  throw damaged(name, damage);
}

export function damaged(name: string, damage: string): SummaryError {
  return new SummaryError(
    `Cannot read "${name}" as it is damaged: ${damage}. Copy it again or run the test again`,
  );
}

/** @throws {SummaryError} for what is too large for a summary, before it is read. */
export function checkSize(bytes: number, name: string): void {
  if (bytes <= MAX_SUMMARY_BYTES) return;
  throw new SummaryError(
    `Cannot read "${name}" as it is ${formatBytes(bytes)} large: no summary is larger than ${
      formatBytes(MAX_SUMMARY_BYTES)
    }`,
  );
}

/** An array or object with more entries than any summary has: not to be gone through by the schema. */
function crowdedPlace(value: unknown): string | undefined {
  const found = value !== null && typeof value === "object" ? crowd(value) : undefined;
  return found &&
    `${found.path.join(".") || "the whole"} has ${
      formatCount(found.size)
    } entries: no summary has more than ${formatCount(MAX_ENTRIES)} in one place`;
}

/** Its place is put together on the way back from it: nearly every summary has none. */
function crowd(value: object): { readonly size: number; readonly path: string[] } | undefined {
  const keys = Object.keys(value);
  if (keys.length > MAX_ENTRIES) return { size: keys.length, path: [] };
  for (const key of keys) {
    const part = (value as Record<string, unknown>)[key];
    if (part === null || typeof part !== "object") continue;
    const found = crowd(part);
    if (found !== undefined) return { ...found, path: [key, ...found.path] };
  }
  return undefined;
}

/** Told before it is parsed: each level costs memory and stack out of proportion to its one character. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22) at = endOfString(text, at);
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
}

/** Where the string ends that begins at `from`; most of a summary is strings without an escape. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/** Where a histogram's buckets cannot be had, and why: found on reading, not in the middle of a report. */
function damagedHistogram(value: unknown, path: readonly string[]): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (!("hdr" in value)) {
    for (const [key, part] of Object.entries(value)) {
      const damage = damagedHistogram(part, [...path, key]);
      if (damage !== undefined) return damage;
    }
    return undefined;
  }
  try {
    unpackedData(value as SummaryHistogram);
    return undefined;
  } catch (error) {
    return `${path.join(".")}: ${messageOf(error)}`;
  }
}

function parse(text: string, name: string): unknown {
  if (text.trim() === "") throw new SummaryError(`Cannot read "${name}" as it is empty`);
  if (isTooDeep(text)) {
    throw new SummaryError(
      `Cannot read "${name}" as it is not a summary of certload: it is nested more than ${MAX_DEPTH} deep`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = messageOf(error);
    // V8 tells where the text stopped making sense: at its end, when it was cut off while it was written or copied.
    const at = Number(/position (\d+)/.exec(reason)?.[1] ?? text.length);
    const cut = text.trimStart().startsWith("{") && at >= text.trimEnd().length;
    throw new SummaryError(
      cut
        ? `Cannot read "${name}" as it is cut off after ${text.length} characters: run the test again or copy it again`
        : `Cannot read "${name}" as it is not JSON: ${reason}`,
    );
  }
}

function checkOrigin(value: unknown, name: string): void {
  const object = value !== null && typeof value === "object" ? value : {};
  const isOther = "answer" in object || "fleet" in object;
  if (isOther || !("schema_version" in object) || !("tool" in object)) {
    throw new SummaryError(`Cannot read "${name}" as it is ${foreign(object)}`);
  }
  const { schema_version: version } = object;
  if (version === SCHEMA_VERSION) return;
  const advice = typeof version === "number" && version > SCHEMA_VERSION
    ? "update certload"
    : "run the test again with this version";
  throw new SummaryError(
    `Cannot read "${name}" as its schema_version is ${JSON.stringify(version)}: ` +
      `this certload reads ${SCHEMA_VERSION}, ${advice}`,
  );
}

function foreign(object: object): string {
  if ("root_group" in object || ("metrics" in object && "state" in object)) {
    return "a summary of k6, not of certload: only summaries that certload wrote can be read";
  }
  if ("answer" in object) return "what `certload capacity` wrote, and no run's summary";
  if ("fleet" in object) return "what `certload fleet` wrote, and no run's summary";
  return "not a summary of certload: it has no schema_version and tool";
}

function problems(error: ZodError): string {
  const shown = error.issues.slice(0, PROBLEMS_SHOWN)
    .map((issue) => `${issue.path.join(".") || "the whole"}: ${issue.message}`);
  const more = error.issues.length - shown.length;
  return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
}
