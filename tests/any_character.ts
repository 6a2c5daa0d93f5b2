/** Any character of Unicode, a letter of ASCII as often as any of the others. */
import fc from "fast-check";

/**
 * For `fc.string({ unit: anyCharacter })`. fast-check's own `unit: "binary"` holds the same, and makes a table of all 1.1
 * million first: three seconds for every file that has one.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(
  fc.nat(0x7f),
  fc.nat(0xd7ff),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
).map((code) => String.fromCodePoint(code));
