/** One HTTP/2 connection over any byte stream (RFC 9113): many exchanges at a time, flow control, orderly farewells. */
import { nowUs } from "../../../clock.ts";
import { timerMs } from "../../../timer.ts";
import { ByteBuffer } from "../../byte_buffer.ts";
import { classify, timedOut } from "../../classify.ts";
import { decodeBody } from "../../content_coding.ts";
import { CLIENT_CLOSED, type Job, settle } from "../../exchange.ts";
import type { Failure } from "../../failure.ts";
import type { ServerCertificate } from "../../http.ts";
import { MAX_HEAD_BYTES } from "../http1/parser.ts";
import type { ByteStream, StreamSink } from "../../stream.ts";
import {
  ackFrame,
  checkShape,
  contentOf,
  ErrorCode,
  errorName,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  goawayFrame,
  Http2Error,
  MAX_PAYLOAD_BYTES,
  MAX_WINDOW,
  numberFrame,
  PREFACE,
  readSettings,
  readUint32,
  Setting,
  settingsFrame,
  writeFrame,
} from "./frames.ts";
import { HpackDecoder, HpackError } from "./hpack.ts";
import { encodeRequest, Http2Stream } from "./stream.ts";

/** Streams at a time until the server says how many it takes: what servers commonly allow (Apache 100, nginx 128). */
export const USUAL_STREAMS = 100;

/** Room for what the peer sends. Everything is taken in at once, so that these never slow an answer down. */
const STREAM_WINDOW = 2 ** 20;
const CONNECTION_WINDOW = 2 ** 24;
const DEFAULT_WINDOW = 65_535;
/** Answers to SETTINGS and PING that may wait to be written: a peer could make us hoard them. */
const MAX_UNWRITTEN_ACKS = 1000;
/** Frames in a row that bring no exchange forward: no answer, nothing of a body, no room for one that waits. */
const MAX_IDLE_FRAMES = 10_000;
/** Ids are 31 bits; a connection is replaced long before they run out. */
const LAST_STREAM_ID = 2 ** 30;

export interface Http2Owner {
  /** A stream is done, and the connection has room again. Called before the exchange's promise resolves. */
  onRoom(connection: Http2Connection): void;
  /** The server has said how many streams it takes at a time. */
  onLimit(connection: Http2Connection, streams: number): void;
  /** The connection is gone, called once. */
  onClosed(connection: Http2Connection): void;
  /**
   * True when the owner sends the job again elsewhere, so that its failure is not to be told. `untouched`: the server
   * has said that it did nothing about the request (sections 6.8 and 8.7).
   */
  onLost(job: Job, failure: Failure, untouched: boolean): boolean;
}

interface Http2Options {
  readonly stream: ByteStream;
  readonly certificate?: ServerCertificate;
  /** `host:port`, for messages. */
  readonly name: string;
  readonly maxBodyBytes: number;
  /** Streams at a time until the server says how many it takes. */
  readonly streams?: number;
  readonly owner: Http2Owner;
}

export class Http2Connection implements StreamSink {
  readonly #options: Http2Options;
  readonly #reader = new FrameReader();
  readonly #decoder = new HpackDecoder();
  readonly #streams = new Map<number, Http2Stream>();
  #nextId = 1;
  /** What the peer allows. */
  #maxStreams: number;
  #streamWindow = DEFAULT_WINDOW;
  #sendWindow = DEFAULT_WINDOW;
  #unacknowledged = 0;
  #unwrittenAcks = 0;
  /** A header that is not complete yet; only its continuation may follow. */
  #header: { readonly frame: Frame; readonly block: ByteBuffer } | undefined;
  /** The server has begun, as it must, with its settings. */
  #begun = false;
  #idleFrames = 0;
  /** Nothing more is sent here; what the server said of it, if it did. */
  #draining = false;
  #farewell: Failure | undefined;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;

  constructor(options: Http2Options) {
    this.#options = options;
    this.#maxStreams = options.streams ?? USUAL_STREAMS;
    options.stream.start(this);
    this.#write(PREFACE);
    this.#write(settingsFrame([
      [Setting.EnablePush, 0],
      [Setting.InitialWindowSize, STREAM_WINDOW],
      [Setting.MaxHeaderListSize, MAX_HEAD_BYTES],
    ]));
    this.#write(numberFrame(FrameType.WindowUpdate, 0, CONNECTION_WINDOW - DEFAULT_WINDOW));
  }

  get hasRoom(): boolean {
    return !this.#closed && !this.#draining && this.#streams.size < this.#maxStreams;
  }

  run(job: Job): void {
    const { exchange, prepared } = job;
    const id = this.#nextId;
    this.#nextId += 2;
    if (this.#nextId > LAST_STREAM_ID) this.#draining = true;
    exchange.protocol = "h2";
    exchange.reused = id > 1;
    exchange.certificate = this.#options.certificate;
    const stream = new Http2Stream(id, job, this.#streamWindow, this.#options.maxBodyBytes);
    this.#streams.set(id, stream);
    this.#sendHeader(stream, prepared.fieldBlock ??= encodeRequest(exchange.request));
    this.#sendBody(stream);
    if (job.deadlineUs < this.#timerUs) this.#arm(job.deadlineUs);
  }

  interrupt(matches: (job: Job) => boolean, failure: Failure): void {
    for (const stream of [...this.#streams.values()]) {
      if (matches(stream.job)) this.#cancel(stream, failure);
    }
  }

  close(): void {
    this.#fail(CLIENT_CLOSED);
  }

  onData(bytes: Uint8Array): void {
    const now = nowUs();
    try {
      this.#reader.read(bytes, (frame) => {
        if (!this.#closed) this.#take(frame, now);
      });
    } catch (error) {
      this.#break(error);
    }
  }

  onEnd(): void {
    const message = "The server closed the connection before its answer";
    this.#fail(this.#farewell ?? { class: "closed", message });
  }

  onError(error: unknown): void {
    this.#fail(classify(error, "exchange", this.#options.name));
  }

  // Sending.

  #write(bytes: Uint8Array): void {
    this.#options.stream.write(bytes);
  }

  #send(stream: Http2Stream, type: number, flags: number, payload: Uint8Array): void {
    const bytes = writeFrame({ type, flags, streamId: stream.id, payload });
    stream.job.exchange.bytesSent += bytes.length;
    this.#write(bytes);
  }

  #sendHeader(stream: Http2Stream, block: Uint8Array): void {
    const first = stream.id === 1 ? withEmptyTable(block) : block;
    const end = stream.unsent === undefined ? Flag.EndStream : 0;
    for (let at = 0; at === 0 || at < first.length; at += MAX_PAYLOAD_BYTES) {
      const payload = first.subarray(at, at + MAX_PAYLOAD_BYTES);
      const last = at + MAX_PAYLOAD_BYTES >= first.length ? Flag.EndHeaders : 0;
      if (at === 0) this.#send(stream, FrameType.Headers, end | last, payload);
      else this.#send(stream, FrameType.Continuation, last, payload);
    }
  }

  /** As much of the body as the peer has room for. */
  #sendBody(stream: Http2Stream): void {
    while (stream.unsent !== undefined) {
      const room = Math.min(stream.sendWindow, this.#sendWindow, MAX_PAYLOAD_BYTES);
      if (room <= 0) return;
      this.#idleFrames = 0;
      const payload = stream.unsent.subarray(0, room);
      const last = payload.length === stream.unsent.length;
      stream.unsent = last ? undefined : stream.unsent.subarray(room);
      stream.sendWindow -= payload.length;
      this.#sendWindow -= payload.length;
      this.#send(stream, FrameType.Data, last ? Flag.EndStream : 0, payload);
    }
  }

  #sendBodies(): void {
    for (const stream of this.#streams.values()) {
      if (this.#sendWindow <= 0) return;
      this.#sendBody(stream);
    }
  }

  #acknowledge(bytes: Uint8Array): void {
    this.#unwrittenAcks = this.#options.stream.writing ? this.#unwrittenAcks + 1 : 0;
    if (this.#unwrittenAcks > MAX_UNWRITTEN_ACKS) {
      throw new Http2Error("it asks for answers and takes none", ErrorCode.EnhanceYourCalm);
    }
    this.#write(bytes);
  }

  // Receiving.

  #take(frame: Frame, now: number): void {
    checkShape(frame);
    const expected = this.#header !== undefined ? FrameType.Continuation : undefined;
    if ((frame.type === FrameType.Continuation ? frame.type : undefined) !== expected) {
      throw new Http2Error("a header is not continued, or continued without a beginning");
    }
    if (!this.#begun && (frame.type !== FrameType.Settings || frame.flags & Flag.Ack)) {
      throw new Http2Error("it does not begin with its settings");
    }
    if (++this.#idleFrames > MAX_IDLE_FRAMES) {
      const flood = `it sent ${MAX_IDLE_FRAMES} frames in a row that bring no answer forward`;
      throw new Http2Error(flood, ErrorCode.EnhanceYourCalm);
    }
    switch (frame.type) {
      case FrameType.Data:
        return this.#takeData(frame);
      case FrameType.Headers:
        return this.#takeHeader(frame, contentOf(frame), now);
      case FrameType.Continuation:
        return this.#continueHeader(frame, now);
      case FrameType.RstStream:
        return this.#takeReset(frame);
      case FrameType.Settings:
        return this.#takeSettings(frame);
      case FrameType.Ping:
        return this.#takePing(frame);
      case FrameType.Goaway:
        return this.#takeGoaway(frame);
      case FrameType.WindowUpdate:
        return this.#takeWindow(frame);
      case FrameType.PushPromise:
        throw new Http2Error("it pushes, though it was told not to");
    }
  }

  /** The stream of a frame; undefined for one that is over, of which something may still come. */
  #streamOf({ streamId }: Frame): Http2Stream | undefined {
    if (streamId === 0 || streamId % 2 === 0 || streamId >= this.#nextId) {
      throw new Http2Error(`a frame is for stream ${streamId}, which was never opened`);
    }
    return this.#streams.get(streamId);
  }

  #takeData(frame: Frame): void {
    const stream = this.#streamOf(frame);
    const data = contentOf(frame);
    const { length } = frame.payload;
    this.#unacknowledged += length;
    if (this.#unacknowledged >= CONNECTION_WINDOW / 2) {
      this.#write(numberFrame(FrameType.WindowUpdate, 0, this.#unacknowledged));
      this.#unacknowledged = 0;
    }
    if (stream === undefined) return;
    stream.job.exchange.bytesReceived += 9 + length;
    if (data.length > 0) this.#idleFrames = 0;
    const last = (frame.flags & Flag.EndStream) !== 0;
    const failure = stream.takeData(data, last);
    if (failure === undefined && !last) this.#giveRoom(stream, length);
    this.#proceed(stream, failure);
  }

  #giveRoom(stream: Http2Stream, length: number): void {
    stream.unacknowledged += length;
    if (stream.unacknowledged < STREAM_WINDOW / 2) return;
    this.#write(numberFrame(FrameType.WindowUpdate, stream.id, stream.unacknowledged));
    stream.unacknowledged = 0;
  }

  #takeHeader(frame: Frame, block: Uint8Array, now: number): void {
    const stream = this.#streamOf(frame);
    if ((frame.flags & Flag.EndHeaders) === 0) {
      this.#header = { frame, block: new ByteBuffer(MAX_HEAD_BYTES) };
      this.#header.block.append(block);
      return;
    }
    // Decoded even if nobody wants it any more: the table that later blocks refer to changes with it.
    const decoder = this.#decoder;
    const fields = decoder.decode(block, stream?.headRoom ?? MAX_HEAD_BYTES);
    if (stream === undefined) return;
    stream.headRoom -= decoder.listBytes;
    stream.job.exchange.bytesReceived += 9 + block.length;
    const failure = stream.takeFields(fields, (frame.flags & Flag.EndStream) !== 0, now);
    if (stream.answered) this.#idleFrames = 0;
    this.#proceed(stream, failure);
  }

  #continueHeader({ streamId, flags, payload }: Frame, now: number): void {
    const { frame, block } = this.#header!;
    if (streamId !== frame.streamId) throw new Http2Error("another stream continues a header");
    if (block.length + payload.length > MAX_HEAD_BYTES) {
      const large = `a header is larger than ${MAX_HEAD_BYTES} bytes`;
      throw new Http2Error(large, ErrorCode.EnhanceYourCalm, "too_large");
    }
    block.append(payload);
    if ((flags & Flag.EndHeaders) === 0) return;
    this.#header = undefined;
    this.#takeHeader({ ...frame, flags: frame.flags | Flag.EndHeaders }, block.bytes, now);
  }

  /** Goes on, or ends the stream for better or worse. */
  #proceed(stream: Http2Stream, failure: Failure | undefined): void {
    if (failure !== undefined) this.#cancel(stream, failure);
    else if (stream.complete) {
      // An answer may come before the request is sent whole; the rest of it is not wanted (section 8.1).
      if (stream.unsent !== undefined) this.#reset(stream);
      this.#end(stream, undefined);
    }
  }

  #takeReset(frame: Frame): void {
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    const code = readUint32(frame.payload, 0);
    const message = `The server at ${this.#options.name} reset the stream: ${errorName(code)}`;
    this.#end(stream, { class: "reset", message }, code === ErrorCode.RefusedStream);
  }

  #takeSettings(frame: Frame): void {
    let window = this.#streamWindow, streams = this.#maxStreams;
    for (const [name, value] of readSettings(frame)) {
      if (name === Setting.MaxConcurrentStreams) streams = value;
      else if (name === Setting.InitialWindowSize) window = value;
    }
    if (frame.flags & Flag.Ack) return;
    this.#begun = true;
    this.#acknowledge(ackFrame(FrameType.Settings));
    if (window !== this.#streamWindow) this.#moveWindows(window);
    if (streams === this.#maxStreams) return;
    this.#maxStreams = streams;
    this.#options.owner.onLimit(this, streams);
  }

  #moveWindows(size: number): void {
    const change = size - this.#streamWindow;
    this.#streamWindow = size;
    for (const stream of this.#streams.values()) widen(stream, change);
    this.#sendBodies();
  }

  #takePing({ flags, payload }: Frame): void {
    if ((flags & Flag.Ack) === 0) this.#acknowledge(ackFrame(FrameType.Ping, payload));
  }

  /** What the server has begun it will finish; what it has not begun goes elsewhere. */
  #takeGoaway({ payload }: Frame): void {
    if (payload.length < 8) {
      throw new Http2Error("a farewell is cut short", ErrorCode.FrameSizeError);
    }
    const lastId = readUint32(payload, 0) & 0x7fffffff;
    const code = readUint32(payload, 4);
    this.#draining = true;
    const message = `The server at ${this.#options.name} is closing the connection: ${
      errorName(code)
    }`;
    this.#farewell = { class: "closed", message };
    for (const stream of [...this.#streams.values()]) {
      if (stream.id > lastId) this.#end(stream, this.#farewell, true);
    }
    if (this.#streams.size === 0) this.#fail(this.#farewell);
  }

  #takeWindow(frame: Frame): void {
    const more = readUint32(frame.payload, 0) & 0x7fffffff;
    if (more === 0) throw new Http2Error("a window is widened by nothing");
    if (frame.streamId === 0) {
      this.#sendWindow += more;
      if (this.#sendWindow > MAX_WINDOW) throw tooWide();
      return this.#sendBodies();
    }
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    widen(stream, more);
    this.#sendBody(stream);
  }

  // Endings.

  #reset(stream: Http2Stream): void {
    this.#write(numberFrame(FrameType.RstStream, stream.id, ErrorCode.Cancel));
  }

  /** Tells the server that the answer is not wanted any more. */
  #cancel(stream: Http2Stream, failure: Failure): void {
    this.#reset(stream);
    this.#end(stream, failure);
  }

  #end(stream: Http2Stream, failure: Failure | undefined, untouched = false): void {
    const endedUs = nowUs();
    const { job } = stream;
    const { owner, maxBodyBytes } = this.#options;
    this.#streams.delete(stream.id);
    const resent = failure !== undefined && !stream.answered &&
      owner.onLost(job, failure, untouched);
    const { exchange } = job;
    exchange.body = stream.body;
    failure ??= decodeBody(exchange, exchange.header("content-encoding"), maxBodyBytes);
    if (this.#draining && this.#streams.size === 0) this.#shut();
    else if (!this.#closed) owner.onRoom(this);
    if (!resent) settle(job, failure, endedUs);
  }

  /** The server broke the rules: it is told, and nothing more is taken from it. */
  #break(error: unknown): void {
    if (this.#closed) return;
    this.#write(goawayFrame(codeOf(error)));
    this.#fail(protocolFailure(error));
  }

  /** Ends the connection and everything on it. */
  #fail(failure: Failure): void {
    if (this.#closed) return;
    this.#shut();
    for (const stream of [...this.#streams.values()]) this.#end(stream, failure);
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.stream.destroy();
    this.#options.owner.onClosed(this);
  }

  /** One timer, for whatever stream's time is up first. */
  #arm(deadlineUs: number): void {
    clearTimeout(this.#timer);
    this.#timerUs = deadlineUs;
    this.#timer = setTimeout(() => this.#onTimer(), timerMs((deadlineUs - nowUs()) / 1000));
  }

  #onTimer(): void {
    this.#timerUs = Infinity;
    // Timers count whole milliseconds and may fire early by less than one.
    const now = nowUs() + 1000;
    let next = Infinity;
    for (const stream of [...this.#streams.values()]) {
      const { deadlineUs, options } = stream.job;
      if (deadlineUs > now) next = Math.min(next, deadlineUs);
      else this.#cancel(stream, timedOut("exchange", this.#options.name, options.timeoutMs));
    }
    if (next < Infinity && !this.#closed) this.#arm(next);
  }
}

/** Begins the first block with the word that no dynamic table is used, whatever table the peer allows (RFC 7541 4.2). */
function withEmptyTable(block: Uint8Array): Uint8Array {
  const whole = new Uint8Array(block.length + 1);
  whole[0] = 0x20;
  whole.set(block, 1);
  return whole;
}

function widen(stream: Http2Stream, more: number): void {
  stream.sendWindow += more;
  if (stream.sendWindow > MAX_WINDOW) throw tooWide();
}

function tooWide(): Http2Error {
  return new Http2Error(`a window is wider than ${MAX_WINDOW}`, ErrorCode.FlowControlError);
}

function codeOf(error: unknown): number {
  if (error instanceof Http2Error) return error.code;
  return error instanceof HpackError ? ErrorCode.CompressionError : ErrorCode.InternalError;
}

function protocolFailure(error: unknown): Failure {
  if (error instanceof Http2Error || error instanceof HpackError) {
    const kind = error instanceof Http2Error ? error.kind : "protocol";
    return { class: kind, message: `The server breaks HTTP/2's rules: ${error.message}` };
  }
  return { class: "client", message: `Cannot read the answer: ${String(error)}` };
}
