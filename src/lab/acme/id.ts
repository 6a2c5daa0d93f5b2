/** Ids in certctl's manner: a prefix and 16 base32 characters, 80 random bits. */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

export function newId(prefix: string): string {
  let id = `${prefix}-`;
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) id += ALPHABET[byte & 31];
  return id;
}
