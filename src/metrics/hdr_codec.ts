/**
 * HdrHistogram's V2 compressed encoding in base64, as its log files and other tools hold it: a cookie and a length,
 * then zlib data of a 40-byte header and the counts as ZigZag LEB128 (64b9B variant), where a negative number is a run
 * of empty buckets. Source: AbstractHistogram.encodeIntoByteBuffer and ZigZagEncoding of HdrHistogram (Java).
 *
 * Written out here because hdr-histogram-js 3.0.1 puts 1 where the format has a normalizing index offset of 0, and an
 * integer where it has a double: HdrHistogram_c then iterates one bucket off, and reads a recorded 37 as 38. The tests
 * hold both to the same counts.
 */
import { deflateSync, inflateSync } from "node:zlib";
import { BUCKET_LIMIT, bucketHigh, Histogram, type HistogramData } from "./histogram.ts";

const COOKIE = 0x1c849303 | 0x10;
const COMPRESSED_COOKIE = 0x1c849304 | 0x10;
const HEADER_BYTES = 40;
const DIGITS = 3;
const LOWEST_US = 1n;
/** What a decoded histogram may unfold to: every bucket up to 2^53 µs, at most nine bytes each. */
const MAX_BYTES = HEADER_BYTES + 9 * BUCKET_LIMIT;

/** What the buckets alone cannot tell, kept beside them in summary.json. */
export interface ExactStats {
  readonly sumUs: number;
  readonly minUs: number;
  readonly maxUs: number;
}

export function encodeHdr(histogram: HistogramData): string {
  const counts: number[] = [];
  let next = 0;
  histogram.indices.forEach((index, i) => {
    const gap = index - next;
    // One empty bucket is written as a count of 0, as every other implementation does.
    if (gap > 0) putZigZag(counts, gap === 1 ? 0 : -gap);
    putZigZag(counts, histogram.counts[i]!);
    next = index + 1;
  });
  const bytes = new Uint8Array(HEADER_BYTES + counts.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COOKIE);
  view.setUint32(4, counts.length);
  view.setUint32(8, 0);
  view.setUint32(12, DIGITS);
  view.setBigInt64(16, LOWEST_US);
  view.setBigInt64(24, BigInt(Math.max(2, bucketHigh(Math.max(0, next - 1)))));
  view.setFloat64(32, 1);
  bytes.set(counts, HEADER_BYTES);
  return compress(bytes);
}

/**
 * Reads what `encodeHdr` wrote, or any V2 encoding of lowest value 1 and 3 digits.
 * @throws {RangeError} when the text is something else, with what it is.
 */
export function decodeHdr(text: string, exact?: ExactStats): HistogramData {
  const bytes = decompress(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(bytes.length >= HEADER_BYTES, "is cut off in the header");
  expect((view.getUint32(0) & ~0xf0) === (COOKIE & ~0xf0), "is not in V2 encoding");
  expect(view.getUint32(12) === DIGITS, `has ${view.getUint32(12)} significant digits, not 3`);
  expect(view.getBigInt64(16) === LOWEST_US, "has a lowest value other than 1");
  const end = HEADER_BYTES + view.getUint32(4);
  expect(end <= bytes.length, "is cut off in the counts");
  const indices: number[] = [];
  const counts: number[] = [];
  let index = 0;
  for (let at = HEADER_BYTES; at < end;) {
    const [value, after] = getZigZag(bytes, at);
    at = after;
    if (value < 0) {
      index -= value;
      continue;
    }
    expect(index < BUCKET_LIMIT, "has more buckets than there can be");
    if (value > 0) indices.push(index), counts.push(value);
    index++;
  }
  return withStats(Uint32Array.from(indices), Float64Array.from(counts), exact);
}

/** The histogram of given buckets; without exact figures, those that the buckets allow. */
function withStats(
  indices: Uint32Array,
  counts: Float64Array,
  exact?: ExactStats,
): HistogramData {
  const count = counts.reduce((sum, n) => sum + n, 0);
  if (exact) return { count, ...exact, indices, counts };
  const sumUs = indices.reduce((sum, index, i) => sum + bucketHigh(index) * counts[i]!, 0);
  const edge = (at: number): number => (count === 0 ? 0 : bucketHigh(indices.at(at)!));
  return { count, sumUs, minUs: edge(0), maxUs: edge(-1), indices, counts };
}

export function histogramOf(text: string, exact?: ExactStats): Histogram {
  return Histogram.from(decodeHdr(text, exact));
}

function compress(bytes: Uint8Array): string {
  const body = deflateSync(bytes);
  const out = new Uint8Array(8 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, COMPRESSED_COOKIE);
  view.setUint32(4, body.length);
  out.set(body, 8);
  return out.toBase64();
}

function decompress(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text);
  } catch {
    throw new RangeError("Cannot read a histogram as it is not base64");
  }
  expect(bytes.length >= 8, "is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect((view.getUint32(0) & ~0xf0) === (COMPRESSED_COOKIE & ~0xf0), "is not V2 compressed");
  try {
    return inflateSync(bytes.subarray(8, 8 + view.getUint32(4)), { maxOutputLength: MAX_BYTES });
  } catch (error) {
    throw new RangeError(`Cannot read a histogram as its data is damaged: ${message(error)}`);
  }
}

function putZigZag(out: number[], value: number): void {
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

/** The number at a place (below 2^53, so eight bytes do), and the place after it. */
function getZigZag(bytes: Uint8Array, at: number): [value: number, after: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value % 2 === 0 ? value / 2 : -(value + 1) / 2, at + i + 1];
  }
  throw new RangeError("Cannot read a histogram as a count is cut off or beyond 2^53");
}

function expect(condition: boolean, complaint: string): void {
  if (!condition) throw new RangeError(`Cannot read a histogram as it ${complaint}`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
