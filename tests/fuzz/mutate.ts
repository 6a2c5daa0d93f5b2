/** Inputs that are nearly right: octets and texts with a few changes, among them those that parsers stumble over. */
import fc from "fast-check";

/** One change of a list: at `at` (a share of its length), `drop` items go and `insert` comes. */
interface Edit<Item> {
  readonly at: number;
  readonly drop: number;
  readonly insert: readonly Item[];
}

/** 0, 1, the ends of signed and unsigned octets, and DER's long forms. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff];

const octet = fc.oneof(fc.constantFrom(...TELLING), fc.nat(255));

const octetEdit: fc.Arbitrary<Edit<number>> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  drop: fc.oneof(fc.constantFrom(0, 1, 1, 1, 2, 4), fc.nat(40)),
  insert: fc.oneof(fc.array(octet, { maxLength: 1 }), fc.array(octet, { maxLength: 40 })),
});

const PIECES = [
  "\r\n",
  "\n",
  "\0",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "-----",
  "null",
  "1e999",
];

const textEdit: fc.Arbitrary<Edit<string>> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  drop: fc.oneof(fc.constantFrom(0, 1, 1, 2), fc.nat(60)),
  insert: fc.array(
    fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 8 })),
    {
      maxLength: 2,
    },
  ),
});

function edited<Item>(items: readonly Item[], edits: readonly Edit<Item>[]): Item[] {
  const result = [...items];
  for (const { at, drop, insert } of edits) {
    result.splice(Math.floor(at * result.length), drop, ...insert);
  }
  return result;
}

/** What is valid, with one to four changes. */
export function mutatedOctets(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(valid, fc.array(octetEdit, { minLength: 1, maxLength: 4 })).map(
    ([octets, edits]) => Uint8Array.from(edited([...octets], edits)),
  );
}

/** Anything, what is valid, and mostly what is nearly so. */
export function octetsLike(
  valid: fc.Arbitrary<Uint8Array>,
  maxLength = 300,
): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { arbitrary: fc.uint8Array({ maxLength }), weight: 1 },
    { arbitrary: valid, weight: 1 },
    { arbitrary: mutatedOctets(valid), weight: 4 },
  );
}

/** The same for text. */
export function textLike(valid: fc.Arbitrary<string>, maxLength = 300): fc.Arbitrary<string> {
  const mutated = fc.tuple(valid, fc.array(textEdit, { minLength: 1, maxLength: 4 })).map(
    ([text, edits]) => edited([...text], edits).join(""),
  );
  return fc.oneof(
    { arbitrary: fc.string({ unit: "binary", maxLength }), weight: 1 },
    { arbitrary: valid, weight: 1 },
    { arbitrary: mutated, weight: 4 },
  );
}
