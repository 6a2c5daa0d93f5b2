/** Keeps secrets out of anything that is shown or written. */

/** Shorter ones would blot out ordinary words; nobody who has one can be helped here. */
const SHORTEST = 4;
export const MASK = "***";

export type Mask = (text: string) => string;

/**
 * Replaces each of the secrets, also percent-encoded, in base64 and as JSON spells it, and whatever follows `Bearer`.
 * Absent secrets are left out, so that `maskOf([plan.target.token])` is fine.
 */
export function maskOf(secrets: readonly (string | undefined)[]): Mask {
  const spellings = new Set(secrets.flatMap((secret) => secret ? spellingsOf(secret) : []));
  const longestFirst = Array.from(spellings).filter((text) => text.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const masked = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
    return masked.replace(/\b(Bearer|Basic) +[\w.~+/=-]+/gi, `$1 ${MASK}`);
  };
}

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
  "started_at",
  "saved_at",
  "tool_version",
]);

/** A copy with every text in it masked that is not a word of the schema; keys stay as they are. */
export function maskTexts<T>(value: T, mask: Mask): T {
  const masked = (item: unknown, key: string): unknown => {
    if (typeof item === "string") return FIXED.has(key) ? item : mask(item);
    if (Array.isArray(item)) return item.map((one) => masked(one, key));
    if (item === null || typeof item !== "object") return item;
    return Object.fromEntries(Object.entries(item).map(([k, v]) => [k, masked(v, k)]));
  };
  return masked(value, "") as T;
}

function spellingsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toBase64(),
    bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
  ];
}
