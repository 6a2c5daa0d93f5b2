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
const SMALL = { chunkSize: 1024 };
const LARGE = { ...SMALL, maxOutputLength: MAX_BYTES };
/** DEFLATE unfolds no octet to more than 1032, so these need no bound, which costs a quarter of their time. */
const SMALL_BYTES = Math.floor(MAX_BYTES / 1032);

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
 * @param room Where its buckets are put; absent: into arrays of their own.
 * @throws {RangeError} as `decodeHdr` does.
 */
export function decodeBuckets(
  text: string,
  { sumUs, minUs, maxUs }: ExactStats,
  room?: BucketRoom,
): HistogramData {
  const bytes = decompress(text);
  const header = viewOf(bytes);
  checkHeader(header);
  const found = bucketsOf(bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.getUint32(4)));
  const { used, kept, count } = found;
  expect(used <= bucketsBelow(highestOf(header)), "has more buckets than its header says");
  const [indices, counts] = [keptIndices.subarray(0, kept), keptCounts.subarray(0, kept)];
  const buckets = room?.put(indices, counts) ??
    { indices: indices.slice(), counts: counts.slice() };
  return { count, sumUs, minUs: count === 0 ? 0 : minUs, maxUs, ...buckets };
}

/** Buckets of many histograms side by side, until all of them are done with: then the room is used again. */
export class BucketRoom {
  readonly #parts: { readonly indices: Uint32Array; readonly counts: Float64Array }[] = [];
  #part = 0;
  #used = 0;

  put(
    indices: Uint32Array,
    counts: Float64Array,
  ): Pick<HistogramData, "indices" | "counts"> {
    if (this.#used + indices.length > PART_BUCKETS) {
      this.#part++;
      this.#used = 0;
    }
    const part = this.#parts[this.#part] ??= {
      indices: new Uint32Array(PART_BUCKETS),
      counts: new Float64Array(PART_BUCKETS),
    };
    const [from, to] = [this.#used, this.#used += indices.length];
    part.indices.set(indices, from);
    part.counts.set(counts, from);
    return { indices: part.indices.subarray(from, to), counts: part.counts.subarray(from, to) };
  }

  /** Nothing that was put here is looked at any more. */
  clear(): void {
    this.#part = 0;
    this.#used = 0;
  }
}

/** No histogram has more. */
const PART_BUCKETS = BUCKET_LIMIT;

function checkHeader(view: DataView): void {
  expect(view.byteLength >= HEADER_BYTES, "is cut off in the header");
  expect((view.getUint32(0) & ~0xf0) === COOKIE, "is not in V2 encoding");
  const digits = view.getUint32(12);
  if (digits !== 3) expect(false, `has ${digits} significant digits, not 3`);
  const isFromOne = view.getUint32(16) === 0 && view.getUint32(20) === 1;
  expect(isFromOne, "has a lowest value other than 1");
  const [high, low] = [view.getUint32(24), view.getUint32(28)];
  const isDuration = high < 2 ** 21 ? high > 0 || low >= 2 : high === 2 ** 21 && low === 0;
  expect(isDuration, "has a highest value that no duration has");
  expect(HEADER_BYTES + view.getUint32(4) <= view.byteLength, "is cut off in the counts");
}

function highestOf(header: DataView): number {
  return header.getUint32(24) * 2 ** 32 + header.getUint32(28);
}

/** Filled anew for each histogram. */
const keptIndices = new Uint32Array(BUCKET_LIMIT);
const keptCounts = new Float64Array(BUCKET_LIMIT);

/** Numbers of seven bits a byte, least first and zigzag: a count, or as a negative one a run of empty buckets. */
function bucketsOf(
  bytes: Uint8Array,
): { readonly used: number; readonly kept: number; readonly count: number } {
  let used = 0;
  let kept = 0;
  let sum = 0;
  for (let at = 0; at < bytes.length;) {
    let value = bytes[at++]!;
    if (value >= 0x80) {
      value &= 0x7f;
      for (let scale = 0x80, byte = 0x80; byte >= 0x80; scale *= 0x80) {
        byte = bytes[at++] ?? Infinity;
        value += (byte & 0x7f) * scale;
        expect(
          byte < 0x100 && value < 2 ** 54 && scale < 2 ** 63,
          "has a count that is cut off or beyond 2^53",
        );
      }
    }
    const isRun = value % 2 !== 0;
    if (!isRun && value > 0) {
      expect(used < BUCKET_LIMIT, "has more buckets than there can be");
      keptIndices[kept] = used;
      keptCounts[kept++] = value / 2;
      sum += value / 2;
    }
    used += isRun ? (value + 1) / 2 : 1;
  }
  expect(used <= BUCKET_LIMIT, "has more buckets than there can be");
  return { used, kept, count: sum };
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
    return inflateSync(body, body.length <= SMALL_BYTES ? SMALL : LARGE);
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
