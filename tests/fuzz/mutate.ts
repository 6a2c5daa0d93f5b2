/** Inputs that are nearly right: octets and texts with a few changes, among them those that parsers stumble over. */
import fc from "fast-check";
import { anyCharacter } from "../any_character.ts";

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

function textEdit(pieces: readonly string[]): fc.Arbitrary<Edit<string>> {
  const inserted = fc.oneof(
    fc.constantFrom(...pieces),
    fc.string({ unit: anyCharacter, maxLength: 8 }),
  );
  return fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.oneof(fc.constantFrom(0, 1, 1, 2), fc.nat(60)),
    insert: fc.array(inserted, { maxLength: 2 }),
  });
}

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

/** The same for text; `pieces` are what its grammar is made of. */
export function textLike(
  valid: fc.Arbitrary<string>,
  maxLength = 300,
  pieces: readonly string[] = PIECES,
): fc.Arbitrary<string> {
  const edits = fc.array(textEdit(pieces), { minLength: 1, maxLength: 4 });
  const mutated = fc.tuple(valid, edits).map(
    ([text, edits]) => edited([...text], edits).join(""),
  );
  return fc.oneof(
    { arbitrary: fc.string({ unit: anyCharacter, maxLength }), weight: 1 },
    { arbitrary: valid, weight: 1 },
    { arbitrary: mutated, weight: 4 },
  );
}

/** Values that a reader of JSON or YAML may not have thought of. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  -0,
  "",
  "0",
  " ",
  "30d",
  "__proto__",
  "\u0000",
  "\u202e",
  "x".repeat(300),
  [],
  {},
  [null],
  [[]],
  { value: 1 },
];

/** A JSON value with one to three of its parts replaced, left out, doubled or renamed. */
export function changedJson(value: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom("replace", "replace", "replace", "leave out", "add", "rename"),
    what: fc.oneof(fc.constantFrom(...STRANGE), fc.jsonValue({ maxDepth: 2 })),
    name: fc.constantFrom("x", "__proto__", "constructor", "toString", "", "0", "a b"),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const copy = structuredClone(value);
    for (const { at, how, what, name } of changes) {
      const places = placesOf(copy);
      const [holder, key] = places[at % places.length] ?? [];
      if (holder === undefined || key === undefined) break;
      if (how === "replace") holder[key] = structuredClone(what);
      else if (how === "add") define(holder, name, structuredClone(what));
      else {
        if (how === "rename") define(holder, name, holder[key]);
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
      }
    }
    return copy;
  });
}

type Holder = Record<string, unknown>;

/** Every member of every object and list within. */
function placesOf(value: unknown): [Holder, string][] {
  if (value === null || typeof value !== "object") return [];
  const holder = value as Holder;
  return Object.keys(holder).flatMap((key) => [[holder, key], ...placesOf(holder[key])]);
}

/** As `JSON.parse` would, also where the name is `__proto__`. */
function define(holder: Holder, name: string, value: unknown): void {
  const [enumerable, configurable, writable] = [true, true, true];
  if (Array.isArray(holder)) holder.push(value);
  else Object.defineProperty(holder, name, { value, enumerable, configurable, writable });
}
