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
