/**
 * Reads HTTP/1 responses (RFC 9112) from bytes as they come. Pure: no I/O, no clock. Strict where leniency hides a
 * broken server or desynchronises a connection: lines end in CRLF, names are tokens, no folding (section 5.2).
 */
import type { Failure } from "../failure.ts";

/** Bytes of status lines, header fields and trailers that one answer may have. */
export const MAX_HEAD_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);
const CR = 13, LF = 10, COLON = 58, SEMICOLON = 59, SPACE = 32, TAB = 9;

const enum State {
  Head,
  Length,
  UntilClose,
  ChunkSize,
  ChunkExtension,
  ChunkSizeLf,
  ChunkData,
  ChunkCr,
  ChunkLf,
  Trailers,
  Done,
  Failed,
}

/** 1 for the bytes of a token (RFC 9110 section 5.6.2). */
const TOKEN = table((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)));
/** 1 for the bytes of a field value or a reason phrase: visible, space, tab and obs-text. */
const TEXT = table((byte) => byte === TAB || (byte >= SPACE && byte !== 127));

function table(has: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => has(byte) ? 1 : 0);
}

export class ResponseParser {
  /** Status of the final answer; 0 until its head is complete. */
  status = 0;
  /** The final answer's status line and fields, with the closing empty line. */
  head: Uint8Array = EMPTY;
  /** What is wrong with the answer, once something is. */
  failure: Failure | undefined;
  /** The connection may carry another exchange once this answer is complete. */
  keepAlive = false;

  readonly #maxBodyBytes: number;
  #state = State.Head;
  #headRequest = false;
  /** Head or trailers that have come in part, the length of that, and how many head bytes are still allowed. */
  #partial: Uint8Array = EMPTY;
  #partialLength = 0;
  #headBudget = MAX_HEAD_BYTES;
  #body: Uint8Array = EMPTY;
  #bodyLength = 0;
  /** Bytes that the body or the chunk still lacks. */
  #missing = 0;
  #sizeDigits = 0;
  #contentLength = -1;
  #transferCoding: string | undefined;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Makes ready for the answer to a request with `method`. */
  start(method: string): void {
    this.status = 0;
    this.head = EMPTY;
    this.failure = undefined;
    this.keepAlive = false;
    this.#state = State.Head;
    this.#headRequest = method === "HEAD";
    this.#partialLength = 0;
    this.#headBudget = MAX_HEAD_BYTES;
    this.#body = EMPTY;
    this.#bodyLength = 0;
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /** The de-chunked body, as far as it has come and fits. */
  get body(): Uint8Array {
    return this.#body.length === this.#bodyLength
      ? this.#body
      : this.#body.subarray(0, this.#bodyLength);
  }

  /** Takes bytes in, to keep views of them; returns how many belong to the answer: fewer than all only when it is done. */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && this.#state < State.Done) {
      at = this.#state === State.Head ? this.#readHead(chunk, at) : this.#readBody(chunk, at);
    }
    return this.#state === State.Failed ? chunk.length : at;
  }

  /** The peer sends nothing more. Completes a body that runs until then; anything else unfinished is `closed`. */
  end(): void {
    if (this.#state === State.UntilClose) this.#state = State.Done;
    if (this.#state >= State.Done) return;
    const begun = this.#partial.subarray(0, this.#partialLength);
    if (this.#state === State.Head && !startsLikeHttp1(begun, 0)) this.#failNotHttp(begun, 0);
    else this.#fail("closed", this.#describeEnd());
  }

  #readHead(chunk: Uint8Array, from: number): number {
    if (this.#partialLength === 0) {
      const end = this.#parseHead(chunk, from);
      if (end >= 0) return end;
    }
    if (this.#state === State.Failed) return -1;
    this.status = 0;
    const taken = this.#gather(chunk, from, false);
    if (taken < 0) return chunk.length;
    const head = this.#partial.subarray(0, this.#partialLength);
    this.#partial = EMPTY;
    this.#partialLength = 0;
    this.#parseHead(head, 0);
    return taken;
  }

  /** Index after the head that starts at `from`, or -1 when it is incomplete or wrong. */
  #parseHead(bytes: Uint8Array, from: number): number {
    const firstLineEnd = this.#parseStatusLine(bytes, from);
    if (firstLineEnd < 0) return -1;
    this.#contentLength = -1;
    this.#transferCoding = undefined;
    const end = this.#parseFields(bytes, firstLineEnd);
    if (end < 0) return -1;
    this.#headBudget -= end - from;
    if (this.#headBudget < 0) return this.#failHeadTooLarge();
    if (this.status < 200) return this.#skipInterim(end);
    this.head = bytes.subarray(from, end);
    this.#startBody();
    return end;
  }

  /** `HTTP/1.1 200 OK`; the reason, and the space before it, may lack. Returns the index after the line, or -1. */
  #parseStatusLine(bytes: Uint8Array, from: number): number {
    if (!startsLikeHttp1(bytes, from)) {
      return this.#failNotHttp(bytes, from);
    }
    let at = from + 12;
    while (at < bytes.length && TEXT[bytes[at]!] === 1) at++;
    if (at + 1 >= bytes.length) return -1;
    const status = digits(bytes, from + 9, 3);
    const separated = at === from + 12 || bytes[from + 12] === SPACE;
    const shape = bytes[from + 8] === SPACE && separated && bytes[at] === CR &&
      bytes[at + 1] === LF;
    if (!shape || status < 100 || status > 599) {
      return this.#fail("protocol", `The answer's status line is wrong: ${quote(bytes, from)}`);
    }
    this.status = status;
    this.keepAlive = bytes[from + 7] !== 48;
    return at + 2;
  }

  /** Checks the fields and takes those that frame the body. Returns the index after the empty line, or -1. */
  #parseFields(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at + 1 < bytes.length) {
      if (bytes[at] === CR) {
        return bytes[at + 1] === LF ? at + 2 : this.#failField(bytes, at);
      }
      const nameStart = at;
      while (TOKEN[bytes[at]!] === 1) at++;
      const colon = at;
      if (colon === bytes.length) return -1;
      if (bytes[colon] !== COLON || colon === nameStart) return this.#failField(bytes, nameStart);
      at++;
      while (TEXT[bytes[at]!] === 1) at++;
      if (at + 1 >= bytes.length) return -1;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.#failField(bytes, nameStart);
      if (!this.#takeField(bytes, nameStart, colon, at)) return -1;
      at += 2;
    }
    return -1;
  }

  /** False when the field makes the answer unusable. */
  #takeField(bytes: Uint8Array, start: number, colon: number, end: number): boolean {
    // Every answer has a length and a few other fields: they are told apart by size before any text is made.
    switch (colon - start) {
      case 14:
        return !named(bytes, start, "content-length") ||
          this.#takeContentLength(bytes, colon + 1, end);
      case 17:
        if (named(bytes, start, "transfer-encoding")) this.#takeCoding(text(bytes, colon + 1, end));
        return true;
      case 10:
        if (named(bytes, start, "connection")) this.#takeConnection(bytes, colon + 1, end);
        return true;
      default:
        return true;
    }
  }

  #takeCoding(value: string): void {
    const coding = value.trim().toLowerCase();
    this.#transferCoding = this.#transferCoding ? `${this.#transferCoding}, ${coding}` : coding;
  }

  #takeConnection(bytes: Uint8Array, from: number, to: number): void {
    // What nearly every server says, without making text of it.
    if (to - from === 11 && named(bytes, from + 1, "keep-alive")) this.keepAlive = true;
    else {
      const tokens = text(bytes, from, to).toLowerCase().split(",").map((token) => token.trim());
      if (tokens.includes("close")) this.keepAlive = false;
      else if (tokens.includes("keep-alive")) this.keepAlive = true;
    }
  }

  /** Several equal values are one (RFC 9110 section 8.6); anything else that is no number is refused. */
  #takeContentLength(bytes: Uint8Array, from: number, to: number): boolean {
    if (bytes[from] === SPACE) from++;
    let length = to - from <= 15 ? digits(bytes, from, to - from) : -1;
    if (length < 0) length = repeatedNumber(text(bytes, from, to));
    if (length < 0 || (this.#contentLength >= 0 && this.#contentLength !== length)) {
      this.#fail("protocol", `The answer's Content-Length is wrong: ${quote(bytes, from)}`);
      return false;
    }
    this.#contentLength = length;
    return true;
  }

  /** 1xx: what counts comes after it. No upgrade is ever asked for, so 101 is an error. */
  #skipInterim(end: number): number {
    if (this.status === 101) {
      return this.#fail("protocol", "The server switched protocols unasked (101)");
    }
    this.status = 0;
    return end;
  }

  /** How the body is framed: RFC 9112 section 6.3. */
  #startBody(): void {
    const coding = this.#transferCoding;
    if (this.#headRequest || this.status === 204 || this.status === 304) this.#state = State.Done;
    else if (coding !== undefined) this.#startCoded(coding);
    else if (this.#contentLength >= 0) this.#startLength(this.#contentLength);
    else this.#startUntilClose();
  }

  #startCoded(coding: string): void {
    // Both framings at once may be an attack; the connection must not be used again (RFC 9112 section 6.1).
    if (this.#contentLength >= 0) this.keepAlive = false;
    if (!/(^|[,\s])chunked$/.test(coding)) return this.#startUntilClose();
    this.#state = State.ChunkSize;
    this.#missing = this.#sizeDigits = 0;
  }

  #startLength(length: number): void {
    this.#missing = length;
    this.#state = length === 0 ? State.Done : State.Length;
    if (length > this.#maxBodyBytes) this.#failBodyTooLarge(`${length} bytes are announced`);
  }

  #startUntilClose(): void {
    this.keepAlive = false;
    this.#state = State.UntilClose;
  }

  #readBody(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case State.Length:
      case State.ChunkData:
      case State.UntilClose:
        return this.#readData(chunk, at);
      case State.ChunkSize:
        return this.#readChunkSize(chunk, at);
      case State.ChunkExtension:
        return this.#readChunkExtension(chunk, at);
      case State.ChunkSizeLf:
        return this.#expect(chunk, at, LF, this.#missing > 0 ? State.ChunkData : State.Trailers);
      case State.ChunkCr:
        return this.#expect(chunk, at, CR, State.ChunkLf);
      case State.ChunkLf:
        return this.#expect(chunk, at, LF, State.ChunkSize);
      default:
        return this.#readTrailers(chunk, at);
    }
  }

  #readData(chunk: Uint8Array, from: number): number {
    const counted = this.#state !== State.UntilClose;
    const to = counted ? Math.min(chunk.length, from + this.#missing) : chunk.length;
    const room = this.#maxBodyBytes - this.#bodyLength;
    this.#append(chunk, from, Math.min(to, from + room));
    if (to - from > room) this.#failBodyTooLarge("more came");
    else if (counted) {
      this.#missing -= to - from;
      if (this.#missing === 0) {
        this.#state = this.#state === State.Length ? State.Done : State.ChunkCr;
      }
    }
    return to;
  }

  /** Room for the body grows with what has come, not with what a peer announces. */
  #append(chunk: Uint8Array, from: number, to: number): void {
    if (this.#bodyLength === 0) {
      this.#body = chunk.subarray(from, to);
      this.#bodyLength = to - from;
      return;
    }
    const length = this.#bodyLength + to - from;
    if (length > this.#body.length) {
      this.#body = grown(this.#body, this.#bodyLength, length, this.#maxBodyBytes);
    }
    this.#body.set(chunk.subarray(from, to), this.#bodyLength);
    this.#bodyLength = length;
  }

  #readChunkSize(chunk: Uint8Array, at: number): number {
    const byte = chunk[at]!;
    const digit = hexDigit(byte);
    if (digit >= 0 && this.#sizeDigits < 13) {
      this.#missing = this.#missing * 16 + digit;
      this.#sizeDigits++;
    } else if (this.#sizeDigits > 0 && byte === CR) this.#state = State.ChunkSizeLf;
    else if (this.#sizeDigits > 0 && (byte === SEMICOLON || byte === SPACE || byte === TAB)) {
      this.#state = State.ChunkExtension;
    } else return this.#fail("protocol", `A chunk's size is wrong: ${quote(chunk, at)}`);
    return at + 1;
  }

  /** Extensions are ignored (RFC 9112 section 7.1.1) and count against the room for heads. */
  #readChunkExtension(chunk: Uint8Array, at: number): number {
    if (--this.#headBudget < 0) return this.#failHeadTooLarge();
    const byte = chunk[at]!;
    if (byte === CR) this.#state = State.ChunkSizeLf;
    else if (TEXT[byte] !== 1) {
      return this.#fail("protocol", `A chunk extension is wrong: ${quote(chunk, at)}`);
    }
    return at + 1;
  }

  #expect(chunk: Uint8Array, at: number, byte: number, next: State): number {
    if (chunk[at] !== byte) {
      return this.#fail("protocol", `A chunk does not end where it should: ${quote(chunk, at)}`);
    }
    if (next === State.ChunkSize) this.#sizeDigits = 0;
    this.#state = next;
    return at + 1;
  }

  /** Trailers are checked like fields and dropped; none of them may frame a body any more. */
  #readTrailers(chunk: Uint8Array, from: number): number {
    const taken = this.#gather(chunk, from, true);
    if (taken < 0) return chunk.length;
    const keepAlive = this.keepAlive;
    if (this.#parseFields(this.#partial.subarray(0, this.#partialLength), 0) >= 0) {
      this.keepAlive = keepAlive;
      this.#headBudget -= this.#partialLength;
      this.#state = State.Done;
    }
    return taken;
  }

  /** Collects up to and including the empty line; returns the index after it, or -1 when it has not come. */
  #gather(chunk: Uint8Array, from: number, emptyIsWhole: boolean): number {
    for (let at = from; at < chunk.length; at++) {
      if (this.#partialLength >= this.#headBudget) {
        this.#failHeadTooLarge();
        return -1;
      }
      if (this.#partialLength === this.#partial.length) {
        this.#partial = grown(this.#partial, this.#partialLength, 1024, MAX_HEAD_BYTES);
      }
      this.#partial[this.#partialLength++] = chunk[at]!;
      if (chunk[at] === LF && this.#gatheredAll(emptyIsWhole)) return at + 1;
    }
    return -1;
  }

  #gatheredAll(emptyIsWhole: boolean): boolean {
    const length = this.#partialLength, bytes = this.#partial;
    if (emptyIsWhole && length === 2) return bytes[0] === CR;
    return length >= 4 && bytes[length - 2] === CR && bytes[length - 3] === LF &&
      bytes[length - 4] === CR;
  }

  #fail(kind: Failure["class"], message: string): -1 {
    this.failure = { class: kind, message };
    this.#state = State.Failed;
    this.keepAlive = false;
    return -1;
  }

  #failNotHttp(bytes: Uint8Array, from: number): -1 {
    return this.#fail("protocol", `The answer is not HTTP/1: it begins with ${quote(bytes, from)}`);
  }

  #failField(bytes: Uint8Array, at: number): -1 {
    return this.#fail("protocol", `A header field of the answer is wrong: ${quote(bytes, at)}`);
  }

  #failHeadTooLarge(): -1 {
    return this.#fail("too_large", `The answer's head is larger than ${MAX_HEAD_BYTES} bytes`);
  }

  #failBodyTooLarge(detail: string): void {
    const limit = `The answer's body is larger than the ${this.#maxBodyBytes} bytes allowed`;
    this.#fail("too_large", `${limit}: ${detail}`);
  }

  #describeEnd(): string {
    if (this.status === 0) {
      return this.#partialLength > 0
        ? "The server closed the connection within the answer's head"
        : "The server closed the connection without an answer";
    }
    const came = `The server closed the connection after ${this.#bodyLength} bytes of the body`;
    return this.#state === State.Length
      ? `${came}, of ${this.#bodyLength + this.#missing}`
      : `${came}, before its last chunk`;
  }
}

function startsLikeHttp1(bytes: Uint8Array, from: number): boolean {
  const expected = "HTTP/1.";
  const length = Math.min(expected.length, bytes.length - from);
  for (let i = 0; i < length; i++) {
    if (bytes[from + i] !== expected.charCodeAt(i)) return false;
  }
  return true;
}

/** The field's name is `name`, which is in lower case, whatever its own case; the lengths are equal. */
function named(bytes: Uint8Array, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((bytes[start + i]! | 32) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** The number in `5`, ` 5 ` or `5, 5`; -1 where it is none, or several. */
function repeatedNumber(value: string): number {
  const values = new Set(value.split(",").map((part) => part.trim()));
  const [first = ""] = values;
  return values.size === 1 && /^\d{1,15}$/.test(first) ? Number(first) : -1;
}

/** The number that `count` decimal digits make, or -1. */
function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = count > 0 ? 0 : -1;
  for (let at = from; at < from + count; at++) {
    const digit = bytes[at]! - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function grown(bytes: Uint8Array, used: number, needed: number, most: number): Uint8Array {
  const larger = new Uint8Array(Math.max(needed, Math.min(most, bytes.length * 2)));
  larger.set(bytes.subarray(0, used));
  return larger;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  let value = "";
  for (let at = from; at < to; at++) value += String.fromCharCode(bytes[at]!);
  return value;
}

/** The first bytes of something unexpected, printable, for a message. */
function quote(bytes: Uint8Array, from: number): string {
  return JSON.stringify(text(bytes, from, Math.min(bytes.length, from + 40)));
}
