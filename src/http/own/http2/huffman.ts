/** HPACK's Huffman code (RFC 7541 appendix B). Only decoding: what is sent is not worth the shrinking. */

/**
 * The code is canonical, so that lengths and order say it all: symbols by the length of their code in bits, each group
 * in ascending order. 256 ends a string and never occurs in one.
 */
const SYMBOLS_BY_LENGTH: readonly (readonly [number, string])[] = [
  [5, "48-50 97 99 101 105 111 115-116"],
  [6, "32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117"],
  [7, "58 66-87 89 106-107 113 118-122"],
  [8, "38 42 44 59 88 90"],
  [10, "33-34 40-41 63"],
  [11, "39 43 124"],
  [12, "35 62"],
  [13, "0 36 64 91 93 126"],
  [14, "94 125"],
  [15, "60 96 123"],
  [19, "92 195 208"],
  [20, "128 130-131 162 184 194 224 226"],
  [21, "153 161 167 172 176-177 179 209 216-217 227 229-230"],
  [
    22,
    "129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 232-233",
  ],
  [
    23,
    "1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 239",
  ],
  [24, "9 142 144-145 148 159 171 206 215 225 236-237"],
  [25, "199 207 234-235"],
  [26, "192-193 200-202 205 210 213 218-219 238 240 242-243 255"],
  [27, "203-204 211-212 214 221-223 241 244-248 250-254"],
  [28, "2-8 11-12 14-21 23-31 127 220 249"],
  [30, "10 13 22 256"],
];
const LONGEST = 30;

interface Group {
  /** The code of the group's first symbol. */
  readonly first: number;
  readonly symbols: readonly number[];
}

const GROUPS: readonly (Group | undefined)[] = makeGroups();

function makeGroups(): (Group | undefined)[] {
  const groups: (Group | undefined)[] = Array(LONGEST + 1).fill(undefined);
  let next = 0, lengthBefore = 0;
  for (const [length, text] of SYMBOLS_BY_LENGTH) {
    const symbols = text.split(" ").flatMap(span);
    next *= 2 ** (length - lengthBefore);
    groups[length] = { first: next, symbols };
    next += symbols.length;
    lengthBefore = length;
  }
  return groups;
}

function span(text: string): number[] {
  const [from = 0, to = from] = text.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** The text, each byte a letter; undefined where the bytes are no such code or end wrongly (RFC 7541 section 5.2). */
export function decodeHuffman(bytes: Uint8Array): string | undefined {
  let text = "", code = 0, length = 0, onlyOnes = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >> bit) & 1;
      code = code * 2 + one;
      length++;
      onlyOnes &&= one === 1;
      const group = GROUPS[length];
      const symbol = group?.symbols[code - group.first];
      if (symbol === undefined) {
        if (length === LONGEST) return undefined;
        continue;
      }
      if (symbol === 256) return undefined;
      text += String.fromCharCode(symbol);
      code = length = 0;
      onlyOnes = true;
    }
  }
  // What is left over fills the last byte: the beginning of the code of 256, which is all ones.
  return length < 8 && onlyOnes ? text : undefined;
}
