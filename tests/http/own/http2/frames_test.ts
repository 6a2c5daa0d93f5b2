import fc from "fast-check";
import { assertEquals, assertThrows } from "../../../assert.ts";
import {
  contentOf,
  errorName,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  Http2Error,
  numberFrame,
  readUint32,
  writeFrame,
} from "../../../../src/http/own/http2/frames.ts";

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  streamId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(0, 255, 256, 16_383, 16_384).map((length) => new Uint8Array(length).fill(7)),
  ),
});

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("frames are read as they were written, however they are cut", () => {
  const places = fc.array(fc.nat(200), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), places, (frames, at) => {
      const bytes = concat(frames.map(writeFrame));
      const cuts = [...new Set(at)].sort((a, b) => a - b).filter((place) => place < bytes.length);
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (const [i, from] of [0, ...cuts].entries()) {
        reader.read(bytes.slice(from, cuts[i] ?? bytes.length), (one) => read.push(one));
      }
      const plain = (all: readonly Frame[]): unknown =>
        all.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] }));
      assertEquals(plain(read), plain(frames));
    }),
  );
});

Deno.test("a frame of more bytes than agreed is refused by its first bytes alone", () => {
  for (const size of [16_385, 65_536, 2 ** 24 - 1]) {
    const head = new Uint8Array([size >> 16, size >> 8, size, 0, 0, 0, 0, 0, 1]);
    const reader = new FrameReader();
    assertThrows(() => reader.read(head, () => {}), Http2Error, `${size} bytes`);
  }
});

Deno.test("the bit of a stream's number that is reserved does not count", () => {
  const bytes = writeFrame({ type: 0, flags: 0, streamId: 5, payload: new Uint8Array(0) });
  bytes[5] = 0x80;
  new FrameReader().read(bytes, ({ streamId }) => assertEquals(streamId, 5));
});

Deno.test("numbers are 32 bits, the highest first", () => {
  const payload = numberFrame(FrameType.WindowUpdate, 3, 0x80_01_02_03).subarray(9);
  assertEquals([...payload], [0x80, 1, 2, 3]);
  assertEquals(readUint32(payload, 0), 0x80_01_02_03);
});

Deno.test("content is what padding and priority leave", () => {
  const of = (type: number, flags: number, ...payload: number[]): number[] => [
    ...contentOf({ type, flags, streamId: 1, payload: new Uint8Array(payload) }),
  ];
  const { Data, Headers } = FrameType;
  assertEquals(of(Data, 0, 1, 2), [1, 2]);
  assertEquals(of(Data, Flag.Padded, 1, 2, 3), [2]);
  assertEquals(of(Data, Flag.Padded, 2, 2, 3), []);
  assertEquals(of(Data, Flag.Priority, 1, 2), [1, 2]);
  assertEquals(of(Headers, Flag.Priority, 0, 0, 0, 0, 0, 9), [9]);
  assertEquals(of(Headers, Flag.Priority | Flag.Padded, 1, 0, 0, 0, 0, 0, 9, 8), [9]);
  assertThrows(() => of(Data, Flag.Padded, 3, 2, 3), Http2Error, "padding");
  assertThrows(() => of(Headers, Flag.Priority, 0, 0, 0, 0), Http2Error);
});

Deno.test("errors have the RFC's names, unknown ones their numbers", () => {
  assertEquals([0, 7, 11, 13, 14].map(errorName), [
    "NO_ERROR",
    "REFUSED_STREAM",
    "ENHANCE_YOUR_CALM",
    "HTTP_1_1_REQUIRED",
    "error 14",
  ]);
});
