/** Header compression of HTTP/2 (RFC 7541). Pure. */
import { quoted } from "../../../terminal.ts";
import { decodeHuffman } from "./huffman.ts";

/** Name in lower case, and value. */
export type Field = readonly [string, string];

/** RFC 7541 appendix A. */
const STATIC_TABLE: readonly Field[] = [
  ...["GET", "POST"].map((value): Field => [":method", value]),
  ...["/", "/index.html"].map((value): Field => [":path", value]),
  ...["http", "https"].map((value): Field => [":scheme", value]),
  ...["200", "204", "206", "304", "400", "404", "500"].map((value): Field => [":status", value]),
  ...("accept-charset accept-encoding accept-language accept-ranges accept " +
    "access-control-allow-origin age allow authorization cache-control content-disposition " +
    "content-encoding content-language content-length content-location content-range content-type " +
    "cookie date etag expect expires from host if-match if-modified-since if-none-match if-range " +
    "if-unmodified-since last-modified link location max-forwards proxy-authenticate " +
    "proxy-authorization range referer refresh retry-after server set-cookie " +
    "strict-transport-security transfer-encoding user-agent vary via www-authenticate")
    .split(" ").map((name): Field => [name, name === "accept-encoding" ? "gzip, deflate" : ""]),
];
const TABLE: readonly Field[] = [[":authority", ""], ...STATIC_TABLE];

/** The table that a decoder keeps, as long as nothing else is agreed upon. */
const DYNAMIC_TABLE_BYTES = 4096;
/** What an entry costs beside its letters (section 4.1). */
const ENTRY_BYTES = 32;

/** A block that cannot be read; the connection cannot go on (section 2.2 and RFC 9113 section 4.3). */
export class HpackError extends Error {
  override name = "HpackError";
}

/** A name as HTTP/2 writes it, with the colon of those that are its own (RFC 9113 section 8.2.1). */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const NOT_A_VALUE = /[\0\r\n]/;
/** What is about one HTTP/1 connection has no meaning here (section 8.2.2). */
const OF_CONNECTIONS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Reads the blocks of one connection, in order, every one of them. */
export class HpackDecoder {
  /** What the last list takes, as RFC 9113 section 6.5.2 counts it. */
  listBytes = 0;
  /** Oldest first. */
  readonly #dynamic: Field[] = [];
  #dynamicBytes = 0;
  #maxDynamicBytes = DYNAMIC_TABLE_BYTES;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Undefined where the list is larger than `maxListBytes`: it is not kept, but the table that goes on is. */
  decode(block: Uint8Array, maxListBytes: number): Field[] | undefined {
    this.#bytes = block;
    this.#at = 0;
    this.listBytes = 0;
    const fields: Field[] = [];
    let begun = false;
    while (this.#at < block.length) {
      const field = this.#readField(!begun);
      if (field === undefined) continue;
      begun = true;
      this.listBytes += costOf(field);
      if (this.listBytes <= maxListBytes) fields.push(field);
    }
    return this.listBytes <= maxListBytes ? fields : undefined;
  }

  /** Undefined for a change of the table's size (section 6.3), which comes before all fields. */
  #readField(first: boolean): Field | undefined {
    const byte = this.#bytes[this.#at]!;
    if (byte & 0x80) return this.#entry(this.#readNumber(7));
    if (byte & 0x40) return this.#remember(this.#readLiteral(6));
    if (byte & 0x20) {
      if (!first) throw new HpackError("the table's size changes between fields");
      return this.#resize(this.#readNumber(5));
    }
    return this.#readLiteral(4);
  }

  #readLiteral(prefixBits: number): Field {
    const index = this.#readNumber(prefixBits);
    const name = index === 0 ? this.#readString() : this.#entry(index)[0];
    if (index === 0 && !NAME.test(name)) {
      throw new HpackError(`${quoted(name, 40)} is no field's name`);
    }
    if (OF_CONNECTIONS.has(name)) throw new HpackError(`the field "${name}" is of HTTP/1 alone`);
    const value = this.#readString();
    if (NOT_A_VALUE.test(value)) {
      throw new HpackError(`the field "${name}" has a control character`);
    }
    return [name, value];
  }

  #entry(index: number): Field {
    const field = index <= TABLE.length
      ? TABLE[index - 1]
      : this.#dynamic[this.#dynamic.length - (index - TABLE.length)];
    if (field === undefined) throw new HpackError(`there is no table entry ${index}`);
    return field;
  }

  #remember(field: Field): Field {
    this.#dynamic.push(field);
    this.#dynamicBytes += costOf(field);
    this.#evict();
    return field;
  }

  #resize(bytes: number): undefined {
    if (bytes > DYNAMIC_TABLE_BYTES) throw new HpackError(`a table of ${bytes} bytes is too large`);
    this.#maxDynamicBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#dynamicBytes > this.#maxDynamicBytes) {
      this.#dynamicBytes -= costOf(this.#dynamic.shift()!);
    }
  }

  /** Section 5.1. */
  #readNumber(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#readByte() & most;
    if (value < most) return value;
    for (let factor = 1; factor <= 2 ** 21; factor *= 128) {
      const byte = this.#readByte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new HpackError("a number is too large");
  }

  /** Section 5.2. */
  #readString(): string {
    const coded = (this.#bytes[this.#at]! & 0x80) !== 0;
    const length = this.#readNumber(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new HpackError("the block ends within a field");
    this.#at += length;
    const text = coded ? decodeHuffman(bytes) : lettersOf(bytes);
    if (text === undefined) throw new HpackError("a string is not in the Huffman code");
    return text;
  }

  #readByte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new HpackError("the block ends within a field");
    return byte;
  }
}

/** Each byte a letter; not all at once, for arguments are put on the stack. */
function lettersOf(bytes: Uint8Array): string {
  if (bytes.length <= 4096) return String.fromCharCode(...bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}

function costOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_BYTES;
}

/**
 * A block that any decoder reads in any state: nothing enters the dynamic table, so that the bytes of a request are
 * the same on every connection and are made once.
 */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    const index = INDEX.get(`${name}\0${value}`);
    if (index !== undefined) pushNumber(bytes, 0x80, 7, index);
    else {
      pushNumber(bytes, SECRET.has(name) ? 0x10 : 0, 4, INDEX.get(name) ?? 0);
      if (!INDEX.has(name)) pushString(bytes, name);
      pushString(bytes, value);
    }
  }
  return Uint8Array.from(bytes);
}

/** Never to be put into a table by anyone on the way (section 7.1.3). */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie"]);

/** Index by name, and by name and value; the first entry of a name counts. */
const INDEX = new Map<string, number>();
TABLE.forEach(([name, value], i) => {
  if (!INDEX.has(name)) INDEX.set(name, i + 1);
  if (value !== "") INDEX.set(`${name}\0${value}`, i + 1);
});

function pushNumber(bytes: number[], pattern: number, prefixBits: number, value: number): void {
  const most = 2 ** prefixBits - 1;
  if (value < most) return void bytes.push(pattern | value);
  bytes.push(pattern | most);
  for (value -= most; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  bytes.push(value);
}

function pushString(bytes: number[], text: string): void {
  pushNumber(bytes, 0, 7, text.length);
  for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i));
}
