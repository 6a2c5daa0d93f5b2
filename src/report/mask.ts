/** A summary fit to be shown and written: secrets hidden, and nothing in it that a terminal would obey. */
import type { Mask } from "../masking/mask.ts";
import { harmless } from "../terminal.ts";

/**
 * Keys of a summary whose values are words of its schema, figures in letters, or names: a secret that is an ordinary
 * word must not blot them.
 */
const FIXED = new Set([
  "hdr",
  "class",
  "verdict",
  "cause",
  "code",
  "name",
  "model",
  "kind",
  "unit",
  "comparison",
  "measure",
  "sha256",
  "plan_sha256",
  "fingerprint_sha256",
  "who",
  "decision",
  "purpose",
  "ended",
  "arrivals",
  "started_at",
  "saved_at",
  "tool_version",
]);

/** A copy with every text in it masked that is not a word of the schema; keys stay as they are. */
export function maskTexts<T>(value: T, mask: Mask): T {
  const masked = (item: unknown, key: string): unknown => {
    if (typeof item === "string") return harmless(FIXED.has(key) ? item : mask(item));
    if (Array.isArray(item)) return item.map((one) => masked(one, key));
    if (item === null || typeof item !== "object") return item;
    return Object.fromEntries(Object.entries(item).map(([k, v]) => [harmless(k), masked(v, k)]));
  };
  return masked(value, "") as T;
}
