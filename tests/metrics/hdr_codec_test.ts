import fc from "fast-check";
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as LibraryHistogram,
} from "hdr-histogram-js";
import { inflateSync } from "node:zlib";
import { assertAlmostEquals, assertEquals, assertThrows } from "../assert.ts";
import { decodeHdr, encodeHdr } from "../../src/metrics/hdr_codec.ts";
import { Histogram } from "../../src/metrics/histogram.ts";

const durations = fc.array(
  fc.double({ min: 0, max: 40, noNaN: true }).map((exponent) => Math.floor(2 ** exponent)),
  { maxLength: 200 },
);

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function libraryHistogram(values: readonly number[]): LibraryHistogram {
  const histogram = build({ highestTrackableValue: 2 ** 41, numberOfSignificantValueDigits: 3 });
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

Deno.test("decodeHdr() gives back what encodeHdr() took, with the exact figures beside it", () => {
  fc.assert(fc.property(durations, (values) => {
    const data = histogramOf(values).toData();
    assertEquals(decodeHdr(encodeHdr(data), data), data);
  }));
});

Deno.test("decodeHdr() without exact figures keeps them within a bucket", () => {
  fc.assert(fc.property(durations, (values) => {
    const data = histogramOf(values).toData();
    const decoded = decodeHdr(encodeHdr(data));
    assertEquals(decoded.count, data.count);
    assertAlmostEquals(decoded.maxUs, data.maxUs, data.maxUs / 1000);
    assertAlmostEquals(decoded.sumUs, data.sumUs, data.sumUs / 1000);
  }));
});

Deno.test("hdr-histogram-js reads what encodeHdr() writes", () => {
  fc.assert(fc.property(durations, (values) => {
    const read = decodeFromCompressedBase64(encodeHdr(histogramOf(values).toData()));
    const oracle = libraryHistogram(values);
    assertEquals(read.totalCount, values.length);
    for (const p of [0, 50, 90, 99, 100]) {
      assertEquals(read.getValueAtPercentile(p), oracle.getValueAtPercentile(p));
    }
  }));
});

Deno.test("decodeHdr() reads what hdr-histogram-js writes", () => {
  fc.assert(fc.property(durations, (values) => {
    const decoded = decodeHdr(encodeIntoCompressedBase64(libraryHistogram(values)));
    const data = histogramOf(values).toData();
    assertEquals([decoded.indices, decoded.counts], [data.indices, data.counts]);
  }));
});

Deno.test("encodeHdr() writes the header that the Java and C implementations expect", () => {
  const bytes = Uint8Array.fromBase64(encodeHdr(histogramOf([1, 5, 5, 3000]).toData()));
  const outer = new DataView(bytes.buffer);
  assertEquals(outer.getUint32(0), 0x1c849314);
  assertEquals(outer.getUint32(4), bytes.length - 8);
  const body = new Uint8Array(inflateSync(bytes.subarray(8)));
  const inner = new DataView(body.buffer, body.byteOffset);
  assertEquals(inner.getUint32(0), 0x1c849313);
  assertEquals(inner.getUint32(4), body.length - 40);
  assertEquals(inner.getUint32(8), 0, "normalizing index offset");
  assertEquals(inner.getUint32(12), 3, "significant digits");
  assertEquals(inner.getFloat64(32), 1, "integer to double conversion ratio");
  // 0: empty, 1: one, 2..4: empty, 5: two, then empty up to the bucket of 3000 (1024 + 3000 / 2).
  assertEquals(Array.from(body.subarray(40, 44)), [0, 2, 5, 4]);
});

Deno.test("decodeHdr() refuses every truncation and foreign text with a reason", () => {
  const text = encodeHdr(histogramOf([1, 50, 70_000]).toData());
  for (let length = 0; length < text.length; length += 4) {
    assertThrows(() => decodeHdr(text.slice(0, length)), RangeError, "Cannot read a histogram");
  }
  for (const foreign of ["", "****", "aGVsbG8gd29ybGQ="]) {
    assertThrows(() => decodeHdr(foreign), RangeError, "Cannot read a histogram");
  }
  const twoDigits = build({ numberOfSignificantValueDigits: 2 });
  assertThrows(
    () => decodeHdr(encodeIntoCompressedBase64(twoDigits)),
    RangeError,
    "2 significant digits",
  );
});

Deno.test("decodeHdr() throws nothing but RangeError, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (noise, at) => {
    const bytes = Uint8Array.fromBase64(encodeHdr(histogramOf([1, 50, 70_000]).toData()));
    bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
    try {
      decodeHdr(bytes.toBase64());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }));
});
