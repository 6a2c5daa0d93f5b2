/** HTTP/2 frames (RFC 9113 sections 4 and 6). Pure. */
import type { FailureClass } from "../../failure.ts";

export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  Goaway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

export const Flag = { EndStream: 1, Ack: 1, EndHeaders: 4, Padded: 8, Priority: 0x20 } as const;

export const Setting = {
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
} as const;

/** Section 7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  EnhanceYourCalm: 11,
} as const;

const ERROR_NAMES = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

export function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `error ${code}`;
}

/** What a client begins with (section 3.4). */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const FRAME_HEAD_BYTES = 9;
/** The payload that either side may send unless told otherwise; no larger one is ever allowed here. */
export const MAX_PAYLOAD_BYTES = 16_384;
export const MAX_WINDOW = 2 ** 31 - 1;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** The connection broke the rules and cannot go on. */
export class Http2Error extends Error {
  override name = "Http2Error";

  /** What is told to the peer, and to whoever awaits an answer. */
  constructor(
    message: string,
    readonly code: number = ErrorCode.ProtocolError,
    readonly kind: FailureClass = "protocol",
  ) {
    super(message);
  }
}

const EMPTY = new Uint8Array(0);

export function writeFrame({ type, flags, streamId, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  bytes[0] = payload.length >> 16;
  bytes[1] = payload.length >> 8;
  bytes[2] = payload.length;
  bytes[3] = type;
  bytes[4] = flags;
  writeUint32(bytes, 5, streamId);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Uint8Array {
  const payload = new Uint8Array(6 * settings.length);
  settings.forEach(([name, value], i) => {
    payload[6 * i + 1] = name;
    writeUint32(payload, 6 * i + 2, value);
  });
  return writeFrame({ type: FrameType.Settings, flags: 0, streamId: 0, payload });
}

/** A frame whose payload is one number: WINDOW_UPDATE or RST_STREAM. */
export function numberFrame(type: number, streamId: number, value: number): Uint8Array {
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, value);
  return writeFrame({ type, flags: 0, streamId, payload });
}

export function ackFrame(type: number, payload: Uint8Array = EMPTY): Uint8Array {
  return writeFrame({ type, flags: Flag.Ack, streamId: 0, payload });
}

/** A farewell that blames the peer: nothing that it began (no push is allowed) has been taken. */
export function goawayFrame(code: number): Uint8Array {
  const payload = new Uint8Array(8);
  writeUint32(payload, 4, code);
  return writeFrame({ type: FrameType.Goaway, flags: 0, streamId: 0, payload });
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Puts frames together from bytes as they come; keeps at most one incomplete frame. */
export class FrameReader {
  #rest: Uint8Array = EMPTY;

  /** Calls `take` for each frame that is complete. Throws `Http2Error` for one that is too large. */
  read(bytes: Uint8Array, take: (frame: Frame) => void): void {
    const all = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes);
    let at = 0;
    while (at + FRAME_HEAD_BYTES <= all.length) {
      const length = (all[at]! << 16) | (all[at + 1]! << 8) | all[at + 2]!;
      if (length > MAX_PAYLOAD_BYTES) {
        throw new Http2Error(`a frame of ${length} bytes is too large`, ErrorCode.FrameSizeError);
      }
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > all.length) break;
      const type = all[at + 3]!, flags = all[at + 4]!;
      const streamId = readUint32(all, at + 5) & 0x7fffffff;
      const payload = all.subarray(at + FRAME_HEAD_BYTES, end);
      at = end;
      take({ type, flags, streamId, payload });
    }
    this.#rest = all.subarray(at);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

interface Shape {
  /** It belongs to a stream, or else to the connection; undefined where it may be both. */
  readonly ofStream?: boolean;
  readonly bytes?: number;
}

/** By frame type. Types that are not here are passed over (section 5.5). */
const SHAPES: readonly Shape[] = [
  { ofStream: true },
  { ofStream: true },
  { ofStream: true, bytes: 5 },
  { ofStream: true, bytes: 4 },
  { ofStream: false },
  { ofStream: true },
  { ofStream: false, bytes: 8 },
  { ofStream: false },
  { bytes: 4 },
  { ofStream: true },
];

/** Throws where a frame is on a stream, or of a size, that its type must not have (section 6). */
export function checkShape({ type, streamId, payload }: Frame): void {
  const shape = SHAPES[type];
  if (shape === undefined) return;
  const { ofStream, bytes } = shape;
  if (ofStream !== undefined && ofStream !== (streamId !== 0)) {
    throw new Http2Error(`a frame of type ${type} is on stream ${streamId}`);
  }
  if (bytes !== undefined && bytes !== payload.length) {
    const seen = `a frame of type ${type} has ${payload.length} bytes in place of ${bytes}`;
    throw new Http2Error(seen, ErrorCode.FrameSizeError);
  }
}

/** The settings of a frame, in order. Throws for values that no peer may send (section 6.5.2). */
export function* readSettings({ flags, payload }: Frame): Generator<readonly [number, number]> {
  if (payload.length % 6 !== 0 || (flags & Flag.Ack && payload.length > 0)) {
    throw new Http2Error("a setting is cut short", ErrorCode.FrameSizeError);
  }
  for (let at = 0; at < payload.length; at += 6) {
    const name = (payload[at]! << 8) | payload[at + 1]!, value = readUint32(payload, at + 2);
    checkSetting(name, value);
    yield [name, value];
  }
}

function checkSetting(name: number, value: number): void {
  if (name === Setting.EnablePush && value !== 0) {
    throw new Http2Error(`it sets ENABLE_PUSH to ${value}, which only a client may`);
  }
  if (name === Setting.InitialWindowSize && value > MAX_WINDOW) {
    throw new Http2Error(
      `it sets INITIAL_WINDOW_SIZE to ${value}, above ${MAX_WINDOW}`,
      ErrorCode.FlowControlError,
    );
  }
  if (name === Setting.MaxFrameSize && !(value >= MAX_PAYLOAD_BYTES && value < 2 ** 24)) {
    throw new Http2Error(`it sets MAX_FRAME_SIZE to ${value}, not between 16384 and 16777215`);
  }
}

/** The payload of a DATA or HEADERS frame without padding and priority (sections 6.1 and 6.2). */
export function contentOf({ type, flags, payload }: Frame): Uint8Array {
  let from = 0, to = payload.length;
  if (flags & Flag.Padded) {
    from = 1;
    to -= payload[0] ?? 0;
  }
  if (type === FrameType.Headers && flags & Flag.Priority) from += 5;
  if (from > to) throw new Http2Error("a frame is all padding");
  return payload.subarray(from, to);
}
