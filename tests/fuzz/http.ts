/** What servers send: HTTP/1 in all cuts, HTTP/2's frames and HPACK, and bodies in an encoding. */
import fc from "fast-check";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { decodeBody } from "../../src/http/content_coding.ts";
import {
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  Http2Error,
  readSettings,
  settingsFrame,
  writeFrame,
} from "../../src/http/own/http2/frames.ts";
import {
  encodeFields,
  type Field,
  HpackDecoder,
  HpackError,
} from "../../src/http/own/http2/hpack.ts";
import { assert, assertEquals } from "../assert.ts";
import { ANSWERS, bytesOf, CORPUS, cut, MAX_BODY, read } from "../http/own/http1/reading.ts";
import { scene } from "../http/own/http2/scene.ts";
import { octetsLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const places = fc.array(fc.nat(400), { maxLength: 12 });
const answers = fc.oneof(
  ANSWERS,
  octetsLike(fc.constantFrom(...CORPUS.map(([answer]) => bytesOf(answer)))),
);

// HTTP/2

const name = fc.oneof(
  fc.constantFrom(":status", "content-length", "set-cookie", "x", "te", "authorization"),
  fc.string({ unit: fc.constantFrom(..."abc-_019"), minLength: 1, maxLength: 12 }),
);
const fieldValue = fc.oneof(
  fc.constantFrom("200", "103", "0", "2", "gzip", ""),
  fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) }),
);
const fields: fc.Arbitrary<Field[]> = fc.array(fc.tuple(name, fieldValue), { maxLength: 8 });

/** Blocks of RFC 7541 appendix C, with Huffman's code, tables that are filled, and one that shrinks. */
const BLOCKS = [
  "828684418cf1e3c2e5f23a6ba0ab90f4ff",
  "828684be5886a8eb10649cbf",
  "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
  "3fe11f488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
  "20400161016240036162630164c0",
].map((hex) => Uint8Array.fromHex(hex));

const blocks = fc.array(
  octetsLike(fc.oneof(fc.constantFrom(...BLOCKS), fields.map(encodeFields)), 60),
  { minLength: 1, maxLength: 4 },
);

/** Frames as a server sends them, nearly. */
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.integer({ min: 0, max: 11 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 12, 13, 0x20, 0x2d, 255),
    streamId: fc.constantFrom(0, 1, 2, 3, 5, 7, 2 ** 31 - 1),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(4, 5, 6, 8).map((length) => new Uint8Array(length)),
      fc.constant(encodeFields([[":status", "200"], ["content-length", "2"]])),
    ),
  }),
  fc.record({
    type: fc.constant(FrameType.Headers),
    flags: fc.constantFrom(Flag.EndHeaders, Flag.EndHeaders | Flag.EndStream, 0),
    streamId: fc.constantFrom(1, 3),
    payload: fc.oneof(
      fields.map((all) => encodeFields([[":status", "200"], ...all])),
      fc.constantFrom(...BLOCKS),
    ),
  }),
  fc.record({
    type: fc.constant(FrameType.Data),
    flags: fc.constantFrom(0, Flag.EndStream, Flag.Padded),
    streamId: fc.constantFrom(1, 3),
    payload: fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.constant(new Uint8Array(600))),
  }),
  fc.record({
    type: fc.constant(FrameType.Settings),
    flags: fc.constantFrom(0, 0, 0, Flag.Ack),
    streamId: fc.constant(0),
    payload: fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(0, 1, 100, 16_384, 2 ** 31, 2 ** 32 - 1),
      ),
      { maxLength: 3 },
    ).map((settings) => settingsFrame(settings).subarray(9)),
  }),
  fc.record({
    type: fc.constant(FrameType.WindowUpdate),
    flags: fc.constant(0),
    streamId: fc.constantFrom(0, 1, 3),
    payload: fc.constantFrom(0, 1, 100, 2 ** 31 - 1, 2 ** 32 - 1).map((by) =>
      settingsFrame([[0, by]]).slice(11)
    ),
  }),
);

const conversation = fc.oneof(
  fc.array(frame, { maxLength: 20 }).map((frames) => joined(frames.map(writeFrame))),
  octetsLike(fc.array(frame, { maxLength: 6 }).map((frames) => joined(frames.map(writeFrame)))),
);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface Told {
  readonly exchanges:
    readonly (readonly [number, string | undefined, string | undefined, string])[];
  readonly blamed: number | undefined;
  readonly written: number;
}

/** What two requests on a connection come to when the server sends this, in these pieces. */
async function converse(pieces: readonly Uint8Array[]): Promise<Told> {
  const { server, connection, closed, send } = scene(true, MAX_BODY);
  const sent = [send(), send({ method: "POST", body: new Uint8Array(70_000) })];
  for (const piece of pieces) server.sink.onData(piece);
  connection.close();
  const exchanges = await Promise.all(sent);
  assertEquals(closed.count, 1);
  for (const { body, failure } of exchanges) {
    assert(body.length <= MAX_BODY);
    // It stands for what nobody has thought of.
    assert(failure?.class !== "client", failure?.message);
    assert((failure?.message.length ?? 0) < 1000, failure?.message);
  }
  return {
    exchanges: exchanges.map(({ status, failure, body }) =>
      [status, failure?.class, failure?.message, String(body)] as const
    ),
    blamed: server.blamed,
    written: server.frames.length,
  };
}

const FRAME_ERRORS = [Http2Error, HpackError];
function onlyProtocolErrors(work: () => void): void {
  try {
    work();
  } catch (error) {
    assert(FRAME_ERRORS.some((kind) => error instanceof kind), String(error));
  }
}

// Bodies

/** Made once, as brotli takes its time: a coding, the coded body, the body. */
const CODED = [new Uint8Array(0), bytesOf("a"), bytesOf("a body ".repeat(30)), new Uint8Array(1e5)]
  .flatMap((body) =>
    Object.entries({ gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }).map(
      ([coding, encode]) => [coding, new Uint8Array(encode(body)), body] as const,
    )
  );
const coded = fc.constantFrom(...CODED);

export const httpTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "http1",
    name: "an answer reads the same however it is cut",
    input: fc.tuple(answers, places),
    holds: ([bytes, at]) => {
      const whole = read([bytes]);
      assertEquals(read(cut(bytes, at)), whole);
      assertEquals(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
      assert(whole.body.length <= MAX_BODY && (whole.message?.length ?? 0) < 1000);
    },
  }),
  fuzzTarget({
    kind: "http2",
    name: "frames bring every exchange to an end, the same however they are cut",
    input: fc.tuple(conversation, places),
    holds: async ([bytes, at]) => {
      const whole = await converse([bytes]);
      assertEquals(await converse(cut(bytes, at)), whole);
    },
  }),
  fuzzTarget({
    kind: "http2",
    name: "frames are read as they were written, or refused by the protocol's own error",
    input: fc.tuple(conversation, places),
    holds: ([bytes, at]) =>
      onlyProtocolErrors(() => {
        const reader = new FrameReader();
        const frames: Frame[] = [];
        for (const piece of cut(bytes, at)) reader.read(piece, (frame) => void frames.push(frame));
        const again = joined(frames.map(writeFrame));
        // The bit that is reserved is not written back.
        assertEquals(again.length <= bytes.length, true);
        for (const frame of frames) {
          if (frame.type === FrameType.Settings) {
            onlyProtocolErrors(() => void [...readSettings(frame)]);
          }
        }
      }),
  }),
  fuzzTarget({
    kind: "hpack",
    name: "fields are read as they were written",
    input: fields,
    holds: (fields) => {
      const clean = fields.filter(([name]) => !name.includes("_") || name !== "");
      assertEquals(new HpackDecoder().decode(encodeFields(clean), 2 ** 20), clean);
    },
  }),
  fuzzTarget({
    kind: "hpack",
    name: "blocks are lists of fields within the limit, or refused by HPACK's own error",
    input: blocks,
    holds: (blocks) =>
      onlyProtocolErrors(() => {
        const decoder = new HpackDecoder();
        for (const block of blocks) {
          const read = decoder.decode(block, 4096);
          if (read === undefined) continue;
          const letters = read.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
          assert(letters + 32 * read.length <= 4096);
          assert(read.every((field) => !/[\0\r\n]/.test(field.join(""))));
        }
      }),
  }),
  fuzzTarget({
    kind: "content_coding",
    name: "a coded body is what it was, within the limit, or a failure",
    input: coded,
    holds: ([coding, bytes, body]) => {
      const exchange = { body: bytes };
      const failure = decodeBody(exchange, coding, 1000);
      if (body.length <= 1000) assertEquals(exchange.body, body, failure?.message);
      else assertEquals(failure?.class, "too_large");
    },
  }),
  fuzzTarget({
    kind: "content_coding",
    name: "what is no coded body is a failure, and never more than the limit",
    input: fc.tuple(
      octetsLike(coded.map(([, bytes]) => bytes)),
      fc.oneof(
        fc.constantFrom("gzip", "deflate", "br", "gzip, br", "identity", ",,", "zstd", "GZIP"),
        fc.string(),
      ),
    ),
    holds: ([bytes, codings]) => {
      const exchange = { body: bytes };
      const failure = decodeBody(exchange, codings, 1000);
      assert(failure !== undefined || exchange.body === bytes || exchange.body.length <= 1000);
      assert((failure?.message.length ?? 0) < 400);
    },
  }),
];
