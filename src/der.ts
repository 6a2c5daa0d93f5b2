/**
 * As much of DER (X.690) as a certificate request and a challenge certificate need. A library that knows all of X.509
 * takes 2.3 ms of CPU for one request here; these few functions and one signature take 0.3 ms.
 */

/** One element: tag, length, the parts joined. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...lengthOctets(length)];
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let offset = header.length;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...parts);
}

/** INTEGER of a big-endian magnitude; never negative. */
export function integer(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const trimmed = magnitude.subarray(start);
  const negative = (trimmed[0] ?? 0) >= 0x80;
  return element(0x02, ...(negative ? [Uint8Array.of(0), trimmed] : [trimmed]));
}

export function octetString(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x04, ...parts);
}

/** BIT STRING of whole octets. */
export function bitString(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x03, Uint8Array.of(0), ...parts);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets = [first * 40 + second];
  for (const arc of rest) {
    const base128 = [arc % 128];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      base128.unshift(0x80 | (high % 128));
    }
    octets.push(...base128);
  }
  return element(0x06, Uint8Array.from(octets));
}

/** Context-specific tag, constructed. */
export function explicit(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...parts);
}

export const TRUE = element(0x01, Uint8Array.of(0xff));
export const NULL = element(0x05);

/** UTCTime, whole seconds; for years up to 2049. */
export function utcTime(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return element(0x17, new TextEncoder().encode(digits + "Z"));
}

/** An element as read: where its contents are, and where the next one begins. */
export interface Element {
  readonly tag: number;
  readonly contents: Uint8Array;
  /** Header and contents. */
  readonly whole: Uint8Array;
  readonly end: number;
}

/** The element at `offset`; undefined when the bytes end too early or use an indefinite length. */
export function readElement(der: Uint8Array, offset = 0): Element | undefined {
  const tag = der[offset];
  const first = der[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || octets > 4) return undefined;
  let length = octets === 0 ? first : 0;
  for (let index = 0; index < octets; index++) {
    length = length * 256 + (der[offset + 2 + index] ?? 0);
  }
  const start = offset + 2 + octets;
  const end = start + length;
  if (end > der.length) return undefined;
  return { tag, contents: der.subarray(start, end), whole: der.subarray(offset, end), end };
}

/** Of one constructed element: what certificates and requests have is a few hundred at most. */
const MAX_ELEMENTS = 10_000;

/** The elements inside a constructed one; undefined when they do not add up, or are more than anything has. */
export function readElements(contents: Uint8Array): Element[] | undefined {
  const elements: Element[] = [];
  for (let offset = 0; offset < contents.length;) {
    const next = readElement(contents, offset);
    if (next === undefined || elements.length === MAX_ELEMENTS) return undefined;
    elements.push(next);
    offset = next.end;
  }
  return elements;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
