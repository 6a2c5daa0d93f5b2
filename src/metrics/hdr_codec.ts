/**
 * HdrHistogram's V2 compressed encoding in base64, as its log files and other tools hold it, by hdr-histogram-js: a
 * cookie and a length, then zlib data of a 40-byte header and the counts, where a negative number is a run of empty
 * buckets. Two things of the library's are mended here. Its header has 1 where the format has a normalizing index
 * offset of 0, and an integer where it has a double: HdrHistogram_c then iterates one bucket off. And it reads whatever
 * a header claims, without bound: reading is done here.
 */
import { deflateSync, inflateSync } from "node:zlib";
import "hdr-histogram-js/dist/JsHistogram.encoding.js";
import {
  BUCKET_LIMIT,
  bucketsBelow,
  type ExactStats,
  Histogram,
  type HistogramData,
} from "./histogram.ts";
import { messageOf } from "../message_of.ts";

const COOKIE = 0x1c849303;
const COMPRESSED_COOKIE = 0x1c849304;
const HEADER_BYTES = 40;
/** What a decoded histogram may unfold to: at most nine bytes for each bucket. */
const MAX_BYTES = HEADER_BYTES + 9 * BUCKET_LIMIT;
/** Most unfold to less: to set 16 KiB aside for each takes three times as long as to unfold it. */
const CHUNK_BYTES = 1024;

export function encodeHdr({ hdr }: Histogram): string {
  // Compressed in a hurry, as it is unfolded again at once.
  const body = inflateSync(Uint8Array.fromBase64(hdr.encodeIntoCompressedBase64(1)).subarray(8));
  const header = viewOf(body);
  header.setUint32(8, 0);
  header.setFloat64(32, 1);
  const compressed = deflateSync(body);
  const out = new Uint8Array(8 + compressed.length);
  const view = viewOf(out);
  view.setUint32(0, COMPRESSED_COOKIE | 0x10);
  view.setUint32(4, compressed.length);
  out.set(compressed, 8);
  return out.toBase64();
}

/**
 * Reads what `encodeHdr` wrote, or any V2 encoding of lowest value 1 and 3 digits.
 * @param exact What is known beside the buckets.
 * @throws {RangeError} when the text is something else, with what it is.
 */
export function decodeHdr(text: string, exact: ExactStats): Histogram {
  return Histogram.from(decodeBuckets(text, exact));
}

/**
 * The same as plain data, in a tenth of the time: the summaries of a thousand machines hold some millions of them.
 * @throws {RangeError} as `decodeHdr` does.
 */
export function decodeBuckets(text: string, { sumUs, minUs, maxUs }: ExactStats): HistogramData {
  const bytes = decompress(text);
  const header = viewOf(bytes);
  checkHeader(header);
  const buckets = bucketsOf(bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.getUint32(4)));
  const room = bucketsBelow(Number(header.getBigInt64(24)));
  expect(buckets.used <= room, "has more buckets than its header says");
  const { count, indices, counts } = buckets;
  return { count, sumUs, minUs: count === 0 ? 0 : minUs, maxUs, indices, counts };
}

function checkHeader(view: DataView): void {
  expect(view.byteLength >= HEADER_BYTES, "is cut off in the header");
  expect((view.getUint32(0) & ~0xf0) === COOKIE, "is not in V2 encoding");
  expect(view.getUint32(12) === 3, `has ${view.getUint32(12)} significant digits, not 3`);
  expect(view.getBigInt64(16) === 1n, "has a lowest value other than 1");
  const highest = view.getBigInt64(24);
  expect(highest >= 2n && highest <= 2n ** 53n, "has a highest value that no duration has");
  expect(HEADER_BYTES + view.getUint32(4) <= view.byteLength, "is cut off in the counts");
}

/** Numbers of seven bits a byte, least first and zigzag: a count, or as a negative one a run of empty buckets. */
function bucketsOf(
  bytes: Uint8Array,
): Pick<HistogramData, "count" | "indices" | "counts"> & { readonly used: number } {
  const [indices, counts] = [new Uint32Array(bytes.length), new Float64Array(bytes.length)];
  let [used, kept, sum] = [0, 0, 0];
  for (let at = 0; at < bytes.length;) {
    let [value, scale, byte] = [0, 1, 0x80];
    for (; byte >= 0x80; scale *= 0x80) {
      byte = bytes[at++] ?? Infinity;
      value += (byte & 0x7f) * scale;
      expect(
        byte < 0x100 && value < 2 ** 54 && scale < 2 ** 63,
        "has a count that is cut off or beyond 2^53",
      );
    }
    if (value % 2 === 0 && value > 0) {
      indices[kept] = used;
      counts[kept++] = value / 2;
      sum += value / 2;
    }
    used += value % 2 === 0 ? 1 : (value + 1) / 2;
  }
  expect(used <= BUCKET_LIMIT, "has more buckets than there can be");
  return { used, count: sum, indices: indices.slice(0, kept), counts: counts.slice(0, kept) };
}

function decompress(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text);
  } catch {
    throw new RangeError("Cannot read a histogram as it is not base64");
  }
  expect(bytes.length >= 8, "is cut off");
  const view = viewOf(bytes);
  expect((view.getUint32(0) & ~0xf0) === COMPRESSED_COOKIE, "is not V2 compressed");
  try {
    const body = bytes.subarray(8, 8 + view.getUint32(4));
    return inflateSync(body, { maxOutputLength: MAX_BYTES, chunkSize: CHUNK_BYTES });
  } catch (error) {
    const reason = messageOf(error);
    throw new RangeError(`Cannot read a histogram as its data is damaged: ${reason}`);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function expect(condition: boolean, complaint: string): void {
  if (!condition) throw new RangeError(`Cannot read a histogram as it ${complaint}`);
}
