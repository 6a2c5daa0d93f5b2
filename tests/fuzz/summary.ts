/** summary.json as it may come back: changed, cut, made up; its histograms; and what the reports make of it. */
import fc from "fast-check";
import { maskOf } from "../../src/masking/mask.ts";
import { decodeHdr, encodeHdr } from "../../src/metrics/hdr_codec.ts";
import { BUCKET_LIMIT, Histogram } from "../../src/metrics/histogram.ts";
import { readSummary, SummaryError } from "../../src/metrics/read_summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { RENDERERS } from "../../src/report/formats.ts";
import { hgrmFiles } from "../../src/report/hgrm.ts";
import { renderJson } from "../../src/report/json.ts";
import { maskTexts } from "../../src/report/mask.ts";
import { compare } from "../../src/verdict/compare.ts";
import { framed, SummaryLog } from "../../src/metrics/summary_log.ts";
import { MergeError, mergeSummaries } from "../../src/verdict/merge.ts";
import { randomOf } from "../../src/random.ts";
import { assert, assertEquals } from "../assert.ts";
import { deploymentAt } from "../metrics/deployments.ts";
import { percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";
import { madeShards } from "../verdict/made_shards.ts";
import { changedJson, octetsLike, textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const small = concluded(runOf([{
  name: "list",
  steps: ["list", "more"],
  durationS: 2,
  failure: (n) => n % 3 === 0 ? { class: "status_5xx", message: "no" } : undefined,
  thresholds: [thresholdOf("p95 < 2s", percentileOf(95), "<", 2000)],
}, {
  name: "deploy",
  tier: "lifecycle",
  durationS: 1,
  own: (recorder, startUs) => {
    recorder.deployment(deploymentAt(startUs));
    recorder.deployment(deploymentAt(startUs + 1e5, { verdict: "late", by: "agent" }));
    recorder.observe("propagation", 300_000);
    recorder.observe("watch_interval", 5_000);
    recorder.observe("job_time", 70_000);
    recorder.count("jobs_completed", 2);
    recorder.count("batches_ms", 900);
    recorder.gauge("jobs_in_flight", 2, startUs + 5e5);
    recorder.gauge("jobs_limit", 2, startUs);
  },
}]));
const [shard, otherShard] = madeShards(2, { made: [{ name: "list", durationS: 1 }] });
const changedShard = changedJson(JSON.parse(renderJson(shard!)) as unknown)
  .map((value) => JSON.stringify(value));

/** What does not get small, so that it takes several lines. */
const packedTexts = [1, 2].map((seed) => {
  const random = randomOf(seed);
  return Array.from({ length: 5_000 * seed }, () => Math.floor(36 * random()).toString(36)).join(
    "",
  );
});
const frames = packedTexts.map((text, i) => framed(text, { index: i + 1, count: 2 }));

const text = renderJson(small);
const value: unknown = JSON.parse(text);

/** Undefined where it is refused as it should be. */
function summaryOf(text: string): Summary | undefined {
  try {
    return readSummary(text, "summary.json");
  } catch (error) {
    assert(error instanceof SummaryError, String(error));
    assert(error.message.length < 2000);
  }
}

const changedText = changedJson(value).map((value) => JSON.stringify(value));

/** Of buckets and counts as they may be, from nothing to 2^53. */
const histogram = fc.uniqueArray(
  fc.tuple(
    fc.oneof(fc.nat(4000), fc.nat(BUCKET_LIMIT - 1)),
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 40 })),
  ),
  { selector: ([index]) => index, maxLength: 30 },
).map((buckets) => {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  return {
    indices: Uint32Array.from(sorted, ([index]) => index),
    counts: Float64Array.from(sorted, ([, count]) => count),
  };
});
const histogramOf = (buckets: { indices: Uint32Array; counts: Float64Array }): Histogram => {
  const count = buckets.counts.reduce((sum, n) => sum + n, 0);
  return Histogram.from({ ...buckets, count, ...STATS });
};
const STATS = { sumUs: 0, minUs: 0, maxUs: 2 ** 53 };

export const summaryTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "summary",
    name: "a text is a summary, or refused with a sentence",
    input: fc.oneof(textLike(fc.constant(text)), changedText),
    holds: (text) => {
      const summary = summaryOf(text);
      if (summary === undefined) return;
      assertEquals(summaryOf(renderJson(summary)), summary);
    },
  }),
  fuzzTarget({
    kind: "reports",
    name: "whatever is read as a summary is shown by every report, and can be masked",
    input: changedText,
    holds: (text) => {
      const summary = summaryOf(text);
      if (summary === undefined) return;
      const masked = maskTexts(summary, maskOf(["list"]));
      for (const render of Object.values(RENDERERS)) assert(render(masked).length > 0);
      hgrmFiles(masked);
    },
  }),
  fuzzTarget({
    kind: "compare",
    name: "whatever is read as a summary is compared and merged, or refused",
    input: changedText,
    holds: (text) => {
      const summary = summaryOf(text);
      if (summary === undefined) return;
      compare(small, summary, { force: true });
      compare(summary, small);
      try {
        mergeSummaries([summary, small]);
      } catch (error) {
        assert(error instanceof MergeError, String(error));
      }
    },
  }),
  fuzzTarget({
    kind: "merge",
    name: "whatever is read as a shard is merged with another and shown, or refused",
    input: changedShard,
    holds: (text) => {
      const summary = summaryOf(text);
      if (summary === undefined) return;
      try {
        const merged = mergeSummaries([summary, otherShard!]);
        for (const render of Object.values(RENDERERS)) assert(render(merged).length > 0);
      } catch (error) {
        assert(error instanceof MergeError, String(error));
      }
    },
  }),
  fuzzTarget({
    kind: "log",
    name: "a log holds summaries as they were printed, or says what is wrong with them",
    input: textLike(fc.constantFrom(frames.join(""), frames[0]!), 6_000, [
      "\n",
      "\r\n",
      "certload-shard ",
      "1-of-2 ",
      "end-of-1 sha256-",
      "[pod/x] ",
    ]),
    holds: (text) => {
      const log = new SummaryLog({ maxOctets: 20_000 });
      const octets = new TextEncoder().encode(text);
      const found = [...log.push(octets.subarray(0, 999)), ...log.push(octets.subarray(999))];
      const end = log.end();
      for (const { shard, text } of [...found, ...end.found]) {
        assertEquals(text, packedTexts[shard.index - 1]);
      }
      for (const problem of end.problems) assert(problem.length < 300, problem);
    },
  }),
  fuzzTarget({
    kind: "histogram",
    name: "a histogram is read as it was written",
    input: histogram,
    holds: (given) => {
      const read = decodeHdr(encodeHdr(histogramOf(given)), STATS).toData();
      assertEquals([read.indices, read.counts], [given.indices, given.counts]);
    },
  }),
  fuzzTarget({
    kind: "histogram",
    name: "octets are a histogram of some buckets, or refused",
    input: fc.oneof(
      octetsLike(histogram.map((given) => Uint8Array.fromBase64(encodeHdr(histogramOf(given)))))
        .map(
          (octets) => octets.toBase64(),
        ),
      textLike(histogram.map((given) => encodeHdr(histogramOf(given)))),
    ),
    holds: (text) => {
      try {
        const { indices, counts } = decodeHdr(text, STATS).toData();
        assertEquals(indices.length, counts.length);
        indices.forEach((index, i) =>
          assert(index < BUCKET_LIMIT && index > (indices[i - 1] ?? -1))
        );
      } catch (error) {
        assert(error instanceof RangeError && /^Cannot read/.test(error.message), String(error));
      }
    },
  }),
];
