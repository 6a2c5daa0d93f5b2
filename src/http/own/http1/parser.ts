/**
 * Reads HTTP/1 responses (RFC 9112) from bytes as they come. Pure: no I/O, no clock. Strict where leniency hides a
 * broken server or desynchronises a connection: lines end in CRLF, names are tokens, no folding (section 5.2). The
 * verdict does not depend on how the bytes are cut: a head or trailers that come in part are gathered, and reading goes
 * on where it ended.
 */
import { quoted } from "../../../terminal.ts";
import { ByteBuffer } from "../../byte_buffer.ts";
import { ANSWERED_IN_TLS, TLS_ALERT } from "../../classify.ts";
import type { Failure } from "../../failure.ts";

/** Bytes of status lines, header fields and trailers that one answer may have. */
export const MAX_HEAD_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);

const FOLDED =
  "A header field of the answer goes on in the next line (obs-fold), which RFC 9112 section 5.2 forbids servers";

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
  /** What its Content-Encoding says, in lower case. */
  contentCoding: string | undefined;

  readonly #maxBodyBytes: number;
  #state = State.Head;
  #headRequest = false;
  /** Head or trailers that have come in part, and how many bytes of them are still allowed. */
  readonly #partial = new ByteBuffer(MAX_HEAD_BYTES);
  #headBudget = MAX_HEAD_BYTES;
  /** The line being read: where it begins, up to where it is checked, and its colon (0 until it has come). */
  #lineAt = 0;
  #checkedTo = 0;
  #colonAt = 0;
  /** Of the head being read; 0 until its first line is whole. */
  #lineStatus = 0;
  readonly #body: ByteBuffer;
  /** Bytes that the body or the chunk still lacks. */
  #missing = 0;
  #sizeDigits = 0;
  #contentLength = -1;
  #transferCoding: string | undefined;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#body = new ByteBuffer(maxBodyBytes);
  }

  /** Makes ready for the answer to a request with `method`. */
  start(method: string): void {
    this.status = 0;
    this.head = EMPTY;
    this.failure = undefined;
    this.keepAlive = false;
    this.#state = State.Head;
    this.#headRequest = method === "HEAD";
    this.#partial.clear();
    this.#headBudget = MAX_HEAD_BYTES;
    this.#body.clear();
    this.#startHead();
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /** The de-chunked body, as far as it has come and fits. */
  get body(): Uint8Array {
    return this.#body.bytes;
  }

  /** Takes bytes in, to keep views of them; returns how many belong to the answer: fewer than all only when it is done. */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && this.#state < State.Done) {
      at = this.#state === State.Head ? this.#readSection(chunk, at) : this.#readBody(chunk, at);
    }
    return this.#state === State.Failed ? chunk.length : at;
  }

  /** The peer sends nothing more. Completes a body that runs until then; anything else unfinished is `closed`. */
  end(): void {
    if (this.#state === State.UntilClose) this.#state = State.Done;
    if (this.#state >= State.Done) return;
    this.#fail("closed", this.#describeEnd());
  }

  #startHead(): void {
    this.#lineStatus = 0;
    this.#contentLength = -1;
    this.#transferCoding = undefined;
    this.contentCoding = undefined;
  }

  #startLine(at: number): void {
    this.#lineAt = this.#checkedTo = at;
    this.#colonAt = 0;
  }

  /**
   * Reads a head or trailers, in place where they are in one chunk. Returns the index after them, or after the chunk
   * when they are not whole.
   */
  #readSection(chunk: Uint8Array, from: number): number {
    const before = this.#partial.length;
    const room = this.#headBudget - before;
    // What is beyond the room must not count, however much of it is in this chunk.
    const to = Math.min(chunk.length, from + room);
    let bytes = to < chunk.length ? chunk.subarray(0, to) : chunk;
    if (before > 0) {
      this.#partial.append(chunk, from, to);
      bytes = this.#partial.bytes;
    } else this.#startLine(from);
    const start = before > 0 ? 0 : from;
    const end = this.#state === State.Head
      ? this.#readHead(bytes, start)
      : this.#readTrailers(bytes, start);
    if (end >= 0) {
      this.#partial.clear();
      return from + end - start - before;
    }
    if (this.#state === State.Failed) return chunk.length;
    if (to - from === room) this.#failHeadTooLarge();
    else if (before === 0) this.#keepPart(chunk, from);
    return chunk.length;
  }

  /** Index after the head that begins at `from`, or -1 when it is incomplete or wrong. */
  #readHead(bytes: Uint8Array, from: number): number {
    if (this.#lineStatus === 0 && !this.#readStatusLine(bytes)) return -1;
    const end = this.#readFields(bytes);
    if (end >= 0) this.#takeHead(bytes, from, end);
    return end;
  }

  /** Trailers are checked like fields and dropped: none of them frames a body any more. */
  #readTrailers(bytes: Uint8Array, from: number): number {
    const end = this.#readFields(bytes);
    if (end < 0) return -1;
    this.#headBudget -= end - from;
    this.#state = State.Done;
    return end;
  }

  #keepPart(chunk: Uint8Array, from: number): void {
    this.#partial.append(chunk.slice(from), 0, chunk.length - from);
    this.#lineAt -= from;
    this.#checkedTo -= from;
    if (this.#colonAt > 0) this.#colonAt -= from;
  }

  #takeHead(bytes: Uint8Array, from: number, end: number): void {
    this.#headBudget -= end - from;
    const status = this.#lineStatus;
    if (status === 101) this.#fail("protocol", "The server switched protocols unasked (101)");
    else if (status < 200) this.#startHead();
    else {
      this.status = status;
      this.head = bytes.subarray(from, end);
      this.#startBody();
    }
  }

  /** `HTTP/1.1 200 OK`; the reason, and the space before it, may lack. False when it is incomplete or wrong. */
  #readStatusLine(bytes: Uint8Array): boolean {
    const from = this.#lineAt;
    if (!startsLikeHttp1(bytes, from)) {
      this.#failNotHttp(bytes, from);
      return false;
    }
    const at = this.#readText(bytes);
    if (at < 0) return false;
    const status = digits(bytes, from + 9, 3);
    const separated = at === from + 12 || bytes[from + 12] === SPACE;
    const shape = digits(bytes, from + 7, 1) >= 0 && bytes[from + 8] === SPACE && separated;
    if (at < from + 12 || !shape || status < 100 || status > 599) {
      this.#fail("protocol", `The answer's status line is wrong: ${quote(bytes, from, at)}`);
      return false;
    }
    this.#lineStatus = status;
    this.keepAlive = bytes[from + 7] !== 48;
    this.#startLine(at + 2);
    return true;
  }

  /** Checks the fields and takes those that frame the body. Returns the index after the empty line, or -1. */
  #readFields(bytes: Uint8Array): number {
    for (;;) {
      const start = this.#lineAt;
      if (this.#colonAt === 0) {
        let at = this.#checkedTo;
        while (TOKEN[bytes[at]!] === 1) at++;
        this.#checkedTo = at;
        if (at >= bytes.length) return -1;
        if (at === start && bytes[at] === CR) {
          if (at + 1 === bytes.length) return -1;
          if (bytes[at + 1] === LF) return at + 2;
        }
        if (bytes[at] !== COLON || at === start) return this.#failLine(bytes, start, at);
        this.#colonAt = at;
        this.#checkedTo = at + 1;
      }
      const end = this.#readText(bytes);
      if (end < 0) return -1;
      if (this.#state === State.Head && !this.#takeField(bytes, start, this.#colonAt, end)) {
        return -1;
      }
      this.#startLine(end + 2);
    }
  }

  /** The index of the CRLF that ends the line, or -1 when it has not come or is none. */
  #readText(bytes: Uint8Array): number {
    let at = this.#checkedTo;
    while (TEXT[bytes[at]!] === 1) at++;
    this.#checkedTo = at;
    if (at >= bytes.length) return -1;
    if (bytes[at] === CR) {
      if (at + 1 === bytes.length) return -1;
      if (bytes[at + 1] === LF) return at;
    }
    return this.#failLine(bytes, this.#lineAt, at);
  }

  /** False when the field makes the answer unusable. */
  #takeField(bytes: Uint8Array, start: number, colon: number, end: number): boolean {
    // Every answer has a length and a few other fields: they are told apart by size before any text is made.
    switch (colon - start) {
      case 14:
        return !named(bytes, start, "content-length") ||
          this.#takeContentLength(bytes, colon + 1, end);
      case 16:
        if (named(bytes, start, "content-encoding")) {
          this.contentCoding = listed(this.contentCoding, text(bytes, colon + 1, end));
        }
        return true;
      case 17:
        if (named(bytes, start, "transfer-encoding")) {
          this.#transferCoding = listed(this.#transferCoding, text(bytes, colon + 1, end));
        }
        return true;
      case 10:
        if (named(bytes, start, "connection")) this.#takeConnection(bytes, colon + 1, end);
        return true;
      default:
        return true;
    }
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
      this.#fail("protocol", `The answer's Content-Length is wrong: ${quote(bytes, from, to)}`);
      return false;
    }
    this.#contentLength = length;
    return true;
  }

  /** How the body is framed: RFC 9112 section 6.3. */
  #startBody(): void {
    const coding = this.#transferCoding;
    if (this.#headRequest || this.status === 204 || this.status === 304) this.#state = State.Done;
    else if (coding !== undefined) this.#startCoded(coding);
    else if (this.#contentLength >= 0) this.#startLength(this.#contentLength);
    else this.#startUntilClose();
  }

  /** No other coding than chunks is ever asked for (`TE`), so none may come (RFC 9112 section 7). */
  #startCoded(coding: string): void {
    if (coding !== "chunked") {
      const seen = quoted(coding, 40);
      this.#fail(
        "protocol",
        `The answer's Transfer-Encoding is ${seen}: only chunked is understood`,
      );
      return;
    }
    // Both framings at once may be an attack; the connection must not be used again (RFC 9112 section 6.1).
    if (this.#contentLength >= 0) this.keepAlive = false;
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
        return this.#readSection(chunk, at);
    }
  }

  #readData(chunk: Uint8Array, from: number): number {
    const counted = this.#state !== State.UntilClose;
    const to = counted ? Math.min(chunk.length, from + this.#missing) : chunk.length;
    const room = this.#maxBodyBytes - this.#body.length;
    this.#body.append(chunk, from, Math.min(to, from + room));
    if (to - from > room) this.#failBodyTooLarge("more came");
    else if (counted) {
      this.#missing -= to - from;
      if (this.#missing === 0) {
        this.#state = this.#state === State.Length ? State.Done : State.ChunkCr;
      }
    }
    return to;
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

  #fail(kind: Failure["class"], message: string): -1 {
    this.failure = { class: kind, message };
    this.#state = State.Failed;
    this.keepAlive = false;
    return -1;
  }

  #failNotHttp(bytes: Uint8Array, from: number): -1 {
    if (bytes[from] === TLS_ALERT) {
      return this.#fail(ANSWERED_IN_TLS.class, ANSWERED_IN_TLS.message);
    }
    return this.#fail("protocol", `The answer is not HTTP/1: it begins with ${quote(bytes, from)}`);
  }

  /** The line of the head or the trailers that begins at `start` is wrong at `at`. */
  #failLine(bytes: Uint8Array, start: number, at: number): -1 {
    const wrong = bytes[at], fields = this.#lineStatus > 0;
    let what = fields
      ? "A header field of the answer is wrong"
      : "The answer's status line is wrong";
    if (wrong === LF) what = "A line of the answer's head ends in LF alone, not in CRLF";
    else if (fields && at === start && (wrong === SPACE || wrong === TAB)) what = FOLDED;
    return this.#fail("protocol", `${what}: ${quote(bytes, start, at + 1)}`);
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
      return this.#partial.length > 0
        ? "The server closed the connection within the answer's head"
        : "The server closed the connection without an answer";
    }
    const came = `The server closed the connection after ${this.#body.length} bytes of the body`;
    return this.#state === State.Length
      ? `${came}, of ${this.#body.length + this.#missing}`
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
export function repeatedNumber(value: string): number {
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

/** A list that comes in several fields, in lower case. */
function listed(before: string | undefined, value: string): string {
  const more = value.trim().toLowerCase();
  return before ? `${before}, ${more}` : more;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  let value = "";
  for (let at = from; at < to; at++) value += String.fromCharCode(bytes[at]!);
  return value;
}

/** For a quotation: a secret must be seen whole to be hidden. */
const LOOKED_AT = 1024;

/** The first bytes of something unexpected, printable, for a message. */
function quote(bytes: Uint8Array, from: number, to = bytes.length): string {
  return quoted(text(bytes, from, Math.min(to, from + LOOKED_AT)), 40);
}
