/**
 * A text as others may have encoded it, taken back: percent (RFC 3986), JSON's and other languages' escapes, HTML's
 * entities. Each decoding knows where its letters came from.
 */

/** JSON in JSON in a percent-encoded parameter is 3. */
const MOST_DECODINGS = 4;

/** A text, or a decoding of it. */
interface View {
  readonly text: string;
  /** Where in the text as it was given the letter at this index starts. */
  startOf(index: number): number;
}

/** The text and its decodings, as long as there is anything to decode. */
export function decodings(given: string): View[] {
  const views: View[] = [{ text: given, startOf: (index) => index }];
  while (views.length <= MOST_DECODINGS) {
    const next = decoded(views.at(-1)!);
    if (next === undefined) break;
    views.push(next);
  }
  return views;
}

const ESCAPE =
  /(?:%[0-9a-f]{2})+|\\u\{0{0,4}[0-9a-f]{1,6}\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\["'\\/bfnrt]|&(?:#0{0,6}\d{1,7}|#x0{0,6}[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp|plus|sol|equals|percnt|colon|commat);/gi;

function decoded(before: View): View | undefined {
  const pieces: string[] = [];
  /** In pairs, rising: a letter's index here, and where it starts in `before`; letters between are one to one. */
  const here: number[] = [0];
  const there: number[] = [0];
  let length = 0;
  let done = 0;
  const place = (at: number): void => {
    here.push(length);
    there.push(at);
  };
  for (const { 0: escape, index } of before.text.matchAll(ESCAPE)) {
    pieces.push(before.text.slice(done, index));
    length += index - done;
    for (const [letters, spelt] of lettersOf(escape)) {
      place(index + spelt);
      pieces.push(letters);
      length += letters.length;
    }
    done = index + escape.length;
    place(done);
  }
  pieces.push(before.text.slice(done));
  const text = pieces.join("");
  if (text === before.text) return undefined;
  return {
    text,
    startOf: (index) => {
      const at = lastAtMost(here, index);
      return before.startOf(there[at]! + index - here[at]!);
    },
  };
}

/** Of a rising list, the index of the last that is at most `value`. */
function lastAtMost(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rising[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  plus: "+",
  sol: "/",
  equals: "=",
  percnt: "%",
  colon: ":",
  commat: "@",
};
const CONTROL: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** What an escape stands for, letter by letter, and where in it each is spelt. */
function lettersOf(escape: string): [letters: string, at: number][] {
  if (escape.startsWith("%")) return percentDecoded(escape);
  const body = escape.slice(1);
  if (escape.startsWith("\\")) {
    const code = /^[ux]\{?([0-9a-f]+)\}?$/i.exec(body)?.[1];
    return [[
      code === undefined ? CONTROL[body] ?? body : character(parseInt(code, 16), escape),
      0,
    ]];
  }
  const name = body.slice(0, -1).toLowerCase();
  if (!name.startsWith("#")) return [[NAMED[name] ?? escape, 0]];
  const isHex = name.startsWith("#x");
  return [[character(parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10), escape), 0]];
}

function character(code: number, otherwise: string): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 character by character; a byte that is none stays as it was spelt. */
function percentDecoded(escape: string): [letters: string, at: number][] {
  const bytes = Uint8Array.fromHex(escape.replaceAll("%", ""));
  const letters: [string, number][] = [];
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      letters.push([String.fromCharCode(lead), at * 3]);
      at += 1;
      continue;
    }
    const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const letter = utf8.decode(bytes.subarray(at, at + size));
    const isOne = !letter.includes("\ufffd");
    letters.push([isOne ? letter : escape.slice(at * 3, at * 3 + 3), at * 3]);
    at += isOne ? size : 1;
  }
  return letters;
}
