/**
 * The one masking of all that leaves the process: terminal, files, reports. Secrets that are known (of the plan, the
 * environment, the command line) are found however they are spelt, and what looks like a credential is hidden unknown.
 *
 * A text is decoded as often as it will (percent, JSON, HTML), each decoding remembers where its letters came from, and
 * the secrets are looked for in all of them. Every step is linear in the text. Mask first, then cut: half a secret is none
 * that could be found.
 */
import { decodings } from "./decoding.ts";
import { credentialsIn, namedSecretsIn, type Range } from "./credentials.ts";

export const MASK = "***";

/**
 * Whose words a text is, which says what in it is taken for a secret that nobody has named: `own` speaks of tokens all the
 * time, so only credentials that cannot be mistaken count; in `foreign` text, and in a line of a `plan`, also what stands
 * behind a name such as `api_key`.
 */
type Origin = "own" | "foreign" | "plan";

/** Hides secrets in a text; `shown` says what stands in their place. */
export type Mask = (text: string, origin?: Origin, shown?: (hidden: string) => string) => string;

/** Shorter ones would blot out ordinary words; nobody who has one can be helped here. */
const SHORTEST = 4;
/** Lines of a key in PEM are secrets of their own from this length on. */
const SHORTEST_LINE = 16;

const everHidden = new Set<string>();
let knownMask: Mask | undefined;

/** From now on `mask()` hides these, in this thread. Secrets are never taken back. */
export function hide(secrets: Iterable<string | undefined>): void {
  const before = everHidden.size;
  for (const secret of secrets) if (secret) everHidden.add(secret);
  if (everHidden.size > before) knownMask = undefined;
}

/**
 * Hides these too in what `work`, which is over when it returns, makes: secrets of one arrival, of which a load brings
 * more than could be kept.
 */
export function hiding<Made>(secrets: Iterable<string | undefined>, work: () => Made): Made {
  const before = knownMask;
  const kept = everHidden.size;
  knownMask = maskOf([...everHidden, ...secrets]);
  try {
    return work();
  } finally {
    knownMask = everHidden.size === kept ? before : undefined;
  }
}

/** Hides what was handed to `hide()`, and what looks like a credential. */
export const mask: Mask = (text, origin, shown) => {
  knownMask ??= maskOf(everHidden);
  return knownMask(text, origin, shown);
};

/** Hides these secrets, absent ones left out, and what looks like a credential. */
export function maskOf(secrets: Iterable<string | undefined>): Mask {
  const needles = needlesOf(secrets);
  return (text, origin = "own", shown = () => MASK) => {
    const named = origin === "own" ? [] : namedSecretsIn(text, origin);
    return withoutRanges(
      text,
      [...knownIn(text, needles), ...credentialsIn(text), ...named],
      shown,
    );
  };
}

/** The text with the ranges replaced; ranges that touch are one. */
function withoutRanges(
  text: string,
  ranges: readonly Range[],
  shown: (hidden: string) => string,
): string {
  let masked = "";
  let done = 0;
  for (const [start, end] of united(ranges)) {
    masked += text.slice(done, start) + shown(text.slice(start, end));
    done = end;
  }
  return masked + text.slice(done);
}

function united(ranges: readonly Range[]): Range[] {
  const all: [number, number][] = [];
  for (const [start, end] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else all.push([start, end]);
  }
  return all;
}

/** A text to look for, and the letters of base64 around it that carry bits of the secret too. */
interface Needle {
  readonly text: string;
  readonly before: 0 | 1;
  readonly after: 0 | 1;
}

function needlesOf(secrets: Iterable<string | undefined>): Needle[] {
  const needles = new Map<string, Needle>();
  const add = (text: string, before: 0 | 1 = 0, after: 0 | 1 = 0): void => {
    const folded = foldCase(text);
    if (text.length >= SHORTEST) needles.set(folded, { text: folded, before, after });
  };
  for (const secret of secrets) {
    if (secret === undefined || secret.length < SHORTEST) continue;
    const lines = secret.split(/[\r\n]+/).filter(({ length }) => length >= SHORTEST_LINE);
    for (const part of new Set([secret, ...lines])) {
      // What looks like an escape in a secret is decoded with the text around it.
      for (const { text } of decodings(part)) add(text);
      add(part.replaceAll(" ", "+"));
      const bytes = new TextEncoder().encode(part);
      add(bytes.toHex());
      for (const offset of [0, 1, 2] as const) addBase64(bytes, offset, add);
    }
  }
  return [...needles.values()];
}

/** The letters that the bytes alone decide, `offset` bytes into a group of three, in both alphabets. */
function addBase64(
  bytes: Uint8Array,
  offset: 0 | 1 | 2,
  add: (text: string, before: 0 | 1, after: 0 | 1) => void,
): void {
  const shifted = new Uint8Array(offset + bytes.length);
  shifted.set(bytes, offset);
  const bits = shifted.length * 8;
  const core = shifted.toBase64()
    .slice(Math.ceil(offset * 8 / 6), Math.floor(bits / 6));
  const before = offset === 0 ? 0 : 1;
  const after = bits % 6 === 0 ? 0 : 1;
  add(core, before, after);
  add(core.replaceAll("+", "-").replaceAll("/", "_"), before, after);
}

/** Headers and hosts come back in other case. ASCII alone: the length must stay. */
function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

const BASE64_LETTER = /[\w+/-]/;

function knownIn(text: string, needles: readonly Needle[]): Range[] {
  const ranges: Range[] = [];
  for (const view of decodings(text)) {
    const folded = foldCase(view.text);
    for (const { text: needle, before, after } of needles) {
      for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + 1)) {
        const end = at + needle.length;
        const isLetter = (i: number): boolean => BASE64_LETTER.test(folded.charAt(i));
        const from = before === 1 && isLetter(at - 1) ? at - 1 : at;
        const to = after === 1 && isLetter(end) ? end + 1 : end;
        ranges.push([view.startOf(from), view.startOf(to)]);
      }
    }
  }
  return ranges;
}
