import fc from "fast-check";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { deflateSync, inflateSync } from "node:zlib";
import { assert, assertEquals, assertLess, assertThrows } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";
import { findProgram } from "../programs.ts";
import { decodeHdr, encodeHdr } from "../../src/metrics/hdr_codec.ts";
import { bucketHigh, Histogram } from "../../src/metrics/histogram.ts";

const durations = fc.array(
  fc.double({ min: 0, max: 40, noNaN: true }).map((exponent) => Math.floor(2 ** exponent)),
  { maxLength: 200 },
);

const NOTHING = { sumUs: 0, minUs: 0, maxUs: 0 };

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The unfolded encoding with some of its bytes changed, folded again. */
function tampered(text: string, change: (body: DataView) => void, counts?: number[]): string {
  const bytes = Uint8Array.fromBase64(text);
  let body = new Uint8Array(inflateSync(bytes.subarray(8)));
  if (counts) body = Uint8Array.from([...body.subarray(0, 40)].concat(counts));
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  view.setUint32(4, body.length - 40);
  change(view);
  const folded = deflateSync(body);
  const out = Uint8Array.of(...bytes.subarray(0, 8), ...folded);
  new DataView(out.buffer).setUint32(4, folded.length);
  return out.toBase64();
}

Deno.test("decodeHdr() gives back what encodeHdr() took, with the exact figures beside it", () => {
  fc.assert(fc.property(durations, (values) => {
    const histogram = histogramOf(values);
    const data = histogram.toData();
    assertEquals(decodeHdr(encodeHdr(histogram), data).toData(), data);
  }));
});

Deno.test("decodeHdr() takes a header without a count for no values, and nothing shorter than a header", () => {
  const text = encodeHdr(histogramOf([1, 2, 3]));
  assertEquals(decodeHdr(tampered(text, () => {}, []), NOTHING).toData().indices.length, 0);
  const bytes = Uint8Array.fromBase64(text);
  const folded = deflateSync(inflateSync(bytes.subarray(8)).subarray(0, 39));
  const cut = Uint8Array.of(...bytes.subarray(0, 8), ...folded);
  new DataView(cut.buffer).setUint32(4, folded.length);
  assertThrows(() => decodeHdr(cut.toBase64(), NOTHING), RangeError, "cut off in the header");
});

Deno.test("what was decoded can be added to, recorded in and encoded again", () => {
  fc.assert(fc.property(durations, durations, (a, b) => {
    const decoded = [a, b].map(histogramOf).map((h) => decodeHdr(encodeHdr(h), h.toData()));
    const whole = histogramOf([...a, ...b, 7_000_000]);
    const sum = decoded[0]!.add(decoded[1]!);
    sum.record(7_000_000);
    const again = decodeHdr(encodeHdr(sum), whole.toData());
    assertEquals(again.toData(), whole.toData());
  }));
});

Deno.test("hdr-histogram-js reads what encodeHdr() writes, and decodeHdr() what that writes", () => {
  fc.assert(fc.property(durations, (values) => {
    const library = build({ highestTrackableValue: 2 ** 41, numberOfSignificantValueDigits: 3 });
    for (const value of values) library.recordValue(value);
    const histogram = histogramOf(values);
    const read = decodeFromCompressedBase64(encodeHdr(histogram));
    assertEquals(read.totalCount, values.length);
    for (const p of [0, 50, 90, 99, 100]) {
      assertEquals(read.getValueAtPercentile(p), library.getValueAtPercentile(p));
    }
    const data = histogram.toData();
    assertEquals(decodeHdr(encodeIntoCompressedBase64(library), data).toData(), data);
  }));
});

Deno.test("encodeHdr() writes the header that the Java and C implementations expect", () => {
  const bytes = Uint8Array.fromBase64(encodeHdr(histogramOf([1, 5, 5, 3000])));
  const outer = new DataView(bytes.buffer);
  assertEquals(outer.getUint32(0), 0x1c849314);
  assertEquals(outer.getUint32(4), bytes.length - 8);
  const body = new Uint8Array(inflateSync(bytes.subarray(8)));
  const inner = new DataView(body.buffer, body.byteOffset);
  assertEquals(inner.getUint32(0), 0x1c849313);
  assertEquals(inner.getUint32(4), body.length - 40);
  assertEquals(inner.getUint32(8), 0, "normalizing index offset");
  assertEquals(inner.getUint32(12), 3, "significant digits");
  assertEquals(inner.getBigInt64(16), 1n, "lowest value");
  assert(inner.getBigInt64(24) >= 3000n, "highest value");
  assertEquals(inner.getFloat64(32), 1, "integer to double conversion ratio");
  // 0: empty, 1: one, 2..4: empty, 5: two, then empty up to the bucket of 3000 (1024 + 3000 / 2).
  assertEquals(Array.from(body.subarray(40, 44)), [0, 2, 5, 4]);
});

Deno.test("decodeHdr() refuses every truncation and foreign text with a reason", () => {
  const text = encodeHdr(histogramOf([1, 50, 70_000]));
  for (let length = 0; length < text.length; length += 4) {
    assertThrows(
      () => decodeHdr(text.slice(0, length), NOTHING),
      RangeError,
      "Cannot read a histogram",
    );
  }
  for (const foreign of ["", "****", "aGVsbG8gd29ybGQ="]) {
    assertThrows(() => decodeHdr(foreign, NOTHING), RangeError, "Cannot read a histogram");
  }
  const twoDigits = encodeIntoCompressedBase64(build({ numberOfSignificantValueDigits: 2 }));
  assertThrows(() => decodeHdr(twoDigits, NOTHING), RangeError, "2 significant digits");
});

Deno.test("decodeHdr() is bounded, whatever the header claims and the counts reach over", () => {
  const text = encodeHdr(histogramOf([1, 50, 70_000]));
  // Runs of 2^20 and of 2^52 empty buckets, counts of eight and of ten bytes, one that goes on beyond the end.
  const long = [0xff, 0xff, 0x7f, 2];
  const endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 2];
  const many = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  const hostile: [string, string][] = [
    [tampered(text, (body) => body.setBigInt64(24, 2n ** 62n)), "highest value"],
    [tampered(text, (body) => body.setBigInt64(24, -1n)), "highest value"],
    [tampered(text, (body) => body.setBigInt64(24, 2n)), "than its header says"],
    [tampered(text, (body) => body.setBigInt64(16, 1024n)), "lowest value"],
    [tampered(text, (body) => body.setUint32(12, 5)), "5 significant digits"],
    [tampered(text, (body) => body.setUint32(4, 2 ** 31)), "cut off in the counts"],
    [tampered(text, () => {}, long), "more buckets than there can be"],
    [tampered(text, () => {}, endless), "more buckets than there can be"],
    [tampered(text, () => {}, many), "beyond 2^53"],
    [tampered(text, () => {}, huge), "beyond 2^53"],
    [tampered(text, () => {}, [2, 0xff]), "cut off"],
    [tampered(text, () => {}, new Array(450_000).fill(0)), "damaged"],
  ];
  const tookMs = cpuMsOf(() => {
    for (const [one, reason] of hostile) {
      assertThrows(() => decodeHdr(one, NOTHING), RangeError, reason, reason);
    }
  });
  assertLess(tookMs, 2_000, "each one is told at once");
});

Deno.test("decodeHdr() throws nothing but RangeError, whatever the bytes", () => {
  const text = encodeHdr(histogramOf([1, 50, 70_000]));
  const refusesOnly = (damaged: string): void => {
    try {
      decodeHdr(damaged, NOTHING);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (noise, at) => {
    const bytes = Uint8Array.fromBase64(text);
    bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
    refusesOnly(bytes.toBase64());
    refusesOnly(tampered(text, () => {}, Array.from(noise)));
  }));
});

/** Another implementation: https://github.com/HdrHistogram/HdrHistogram_py, the counts by HdrHistogram_c. */
const READER = `
import json, sys
from hdrh.histogram import HdrHistogram
def read(text, values):
    h = HdrHistogram.decode(text)
    return [h.get_total_count(), h.get_max_value(), [h.get_count_at_value(v) for v in values]]
print(json.dumps([read(*one) for one in json.load(sys.stdin)]))
`;

function missingReader(): string | undefined {
  if (findProgram("python3") === undefined) return "python3 is not installed";
  const args = ["-c", "import hdrh.histogram"];
  const { success } = new Deno.Command("python3", { args, stderr: "null" }).outputSync();
  return success ? undefined : "Python's hdrhistogram is not installed";
}

const missing = missingReader();
Deno.test({
  name: `HdrHistogram in Python reads every bucket of what encodeHdr() writes${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const lists = [[1], [0, 0, 37], [1, 5, 5, 3000], ...fc.sample(durations, 60)]
      .filter((values) => values.length > 0);
    const python = new Deno.Command("python3", {
      args: ["-c", READER],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = python.stdin.getWriter();
    const buckets = lists.map((values) => {
      const { indices, counts } = histogramOf(values).toData();
      return Array.from(indices, (index, i) => ({ highUs: bucketHigh(index), count: counts[i]! }));
    });
    const asked = lists.map((values, i) => [
      encodeHdr(histogramOf(values)),
      buckets[i]!.map(({ highUs }) => highUs),
    ]);
    await writer.write(new TextEncoder().encode(JSON.stringify(asked)));
    await writer.close();
    const { stdout } = await python.output();
    const read = JSON.parse(new TextDecoder().decode(stdout));
    lists.forEach((values, i) => {
      const counts = buckets[i]!.map(({ count }) => count);
      assertEquals(read[i], [values.length, buckets[i]!.at(-1)!.highUs, counts]);
    });
  },
});

Deno.test("decodeHdr() says what is wrong with a header", () => {
  const text = encodeHdr(histogramOf([1, 50, 70_000]));
  const folded = (body: Uint8Array): string => {
    const data = deflateSync(body);
    const out = Uint8Array.of(...Uint8Array.fromBase64(text).subarray(0, 8), ...data);
    new DataView(out.buffer).setUint32(4, data.length);
    return out.toBase64();
  };
  const body = new Uint8Array(inflateSync(Uint8Array.fromBase64(text).subarray(8)));
  const refused = (one: string, reason: string): unknown =>
    assertThrows(
      () => decodeHdr(one, NOTHING),
      RangeError,
      `Cannot read a histogram as it ${reason}`,
    );
  refused(folded(body.subarray(0, 0)), "is cut off in the header");
  refused(folded(body.subarray(0, 39)), "is cut off in the header");
  refused(folded(body.subarray(0, body.length - 1)), "is cut off in the counts");
  refused(tampered(text, (view) => view.setUint32(0, 0x1c849303 + 1)), "is not in V2 encoding");
  refused(tampered(text, (view) => view.setBigInt64(24, 1n)), "has a highest value");
  refused(tampered(text, (view) => view.setBigInt64(24, 2n ** 53n + 1n)), "has a highest value");
  assertEquals(decodeHdr(tampered(text, (v) => v.setBigInt64(24, 2n ** 53n)), NOTHING).count, 3);
  const short = Uint8Array.fromBase64(text).subarray(0, 7).toBase64();
  refused(short, "is cut off");
  const other = Uint8Array.fromBase64(text);
  new DataView(other.buffer).setUint32(0, 0x1c849303);
  refused(other.toBase64(), "is not V2 compressed");
});

Deno.test("decodeHdr() takes the largest value that there is a bucket for", () => {
  const largest = histogramOf([2 ** 53 - 1]);
  assertEquals(decodeHdr(encodeHdr(largest), largest.toData()).toData(), largest.toData());
});
