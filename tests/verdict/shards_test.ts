import fc from "fast-check";
import { Histogram } from "../../src/metrics/histogram.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { unpacked } from "../../src/metrics/stats.ts";
import type { Finding, Summary } from "../../src/metrics/summary_schema.ts";
import { renderJson } from "../../src/report/json.ts";
import { Merge, MergeError, mergeSummaries } from "../../src/verdict/merge.ts";
import { instantUs, offsetOf } from "../../src/verdict/shards.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { runOf, START_US } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";
import { madeShard, madeShards } from "./made_shards.ts";

function findings({ validity }: Summary, code: string): Finding[] {
  return [...validity.reasons, ...validity.warnings].filter((finding) => finding.code === code);
}

const messages = (summary: Summary, code: string): string[] =>
  findings(summary, code).map(({ message }) => message);

Deno.test("a merged run of all its shards is valid, names each, and can be read and merged again", () => {
  const shards = madeShards(4);
  const merged = mergeSummaries(shards);
  assertEquals([merged.exit.code, merged.validity.verdict], [0, "valid"]);
  assertEquals(merged.shards?.parts.map(({ index }) => index), [1, 2, 3, 4]);
  assertEquals(readSummary(renderJson(merged), "merged.json"), merged);
  const halves = [mergeSummaries(shards.slice(0, 2)), mergeSummaries(shards.slice(2))];
  assertEquals(halves.map(({ exit }) => exit.code), [95, 95]);
  const again = mergeSummaries(halves);
  const whole = JSON.parse(renderJson(merged));
  const { methodology: _1, ...others } = JSON.parse(renderJson(again));
  for (const key of ["phases", "shards", "totals", "validity", "exit"]) {
    assertEquals(others[key], whole[key], key);
  }
});

Deno.test("that machines had different versions of the tool is noted, and nothing is where they had one", () => {
  const all = madeShards(3);
  const notes = (versions: readonly string[]): readonly string[] =>
    mergeSummaries(
      all.map((one, at) => ({ ...one, tool: { ...one.tool, version: versions[at]! } })),
    )
      .methodology.notes.filter((note) => note.includes("certload"));
  assertEquals(notes(["1.0.0", "1.1.0", "1.0.0"]), [
    "2 of 3 machines: certload 1.0.0",
    "1 of 3 machines: certload 1.1.0",
  ]);
  assertEquals(notes(["1.0.0", "1.0.0", "1.0.0"]), []);
});

Deno.test("the order of the files is of no account", () => {
  const shards = madeShards(5, {
    made: [{
      name: "create",
      ratePerS: 20,
      failure: (i) => i % 7 === 3 ? { class: "reset", message: `reset ${i}` } : undefined,
      own: (recorder, startUs) => {
        recorder.observe("wait", 1234.5);
        recorder.gauge("jobs", 3, startUs + 2e6);
      },
    }],
  }).map((shard, i): Summary => {
    const [part] = shard.shards!.parts;
    const clock = { ...part!.clock.target, before: { offset_ms: -900 * i, bound_ms: 2 } };
    const parts = [{ ...part!, clock: { ...part!.clock, target: clock } }];
    return { ...shard, shards: { ...shard.shards!, parts } };
  });
  const expected = renderJson(mergeSummaries(shards));
  const order = fc.shuffledSubarray(shards, { minLength: shards.length });
  fc.assert(
    fc.property(order, (some) => assertEquals(renderJson(mergeSummaries(some)), expected)),
    { numRuns: 20 },
  );
});

Deno.test("merged histograms are those of all requests, bit by bit, whichever machine had which", () => {
  const times = fc.array(fc.integer({ min: 1, max: 90_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 5 }), (all, count) => {
      const shards = Array.from({ length: count }, (_, at) =>
        madeShard({
          index: at + 1,
          count,
          made: [{
            name: "wait",
            ratePerS: 1,
            durationS: 1,
            own: (recorder) =>
              all.forEach((us, n) => n % count === at && recorder.observe("wait", us)),
          }],
        }));
      const whole = new Histogram();
      for (const us of all) whole.record(us);
      const { observed } = mergeSummaries(shards).phases.api!.wait!;
      assertEquals(unpacked(observed.wait!.histogram).toData(), whole.toData());
    }),
    { numRuns: 10 },
  );
});

Deno.test("a missing shard is named with its share of the load, and the run is invalid", () => {
  const merged = mergeSummaries(madeShards(8).filter((_, i) => i !== 2));
  assertEquals(messages(merged, "shard_missing"), [
    "Shard 3 of 8 is missing: 12.5 % of the load was not offered",
  ]);
  assertEquals([merged.exit.code, merged.exit.reason], [
    95,
    "Shard 3 of 8 is missing: 12.5 % of the load was not offered",
  ]);
  const few = mergeSummaries(madeShards(8).slice(0, 5));
  assertEquals(messages(few, "shard_missing"), [
    "Shards 6, 7 and 8 of 8 are missing: 37.5 % of the load was not offered",
  ]);
  const [alone] = madeShards(8);
  assertEquals(messages(mergeSummaries([alone!]), "shard_missing"), [
    "Shards 2, 3, 4, 5, 6, 7 and 8 of 8 are missing: 87.5 % of the load was not offered",
  ]);
});

Deno.test("the share that is missing is that of the arrivals, where three machines carry a scenario", () => {
  const shards = Array.from({ length: 6 }, (_, at) => {
    const carried = { index: at, count: 3 };
    const made = [
      { name: "wide", ratePerS: 60 },
      ...(at < 3 ? [{ name: "narrow", ratePerS: 60, shard: carried }] : []),
    ];
    return madeShard({ index: at + 1, count: 6, made });
  });
  const without = (index: number): string[] =>
    messages(mergeSummaries(shards.filter((_, i) => i !== index - 1)), "shard_missing");
  assertEquals(without(2), [
    'Shard 2 of 6 is missing: 25 % of the load was not offered (16.7 % of "wide", 33.3 % of "narrow")',
  ]);
  assertEquals(without(6), [
    'Shard 6 of 6 is missing: 8.3 % of the load was not offered (16.7 % of "wide", 0 % of "narrow")',
  ]);
});

Deno.test("users of a missing shard are missing, too", () => {
  const stages = [{ durationMs: 10_000, from: 10, to: 10 }];
  const made = [{ name: "users", load: { model: "closed", stages, thinkTimeMs: 100 } as const }];
  const shards = madeShards(4, { made });
  // Of ten users the first two machines have three.
  assertEquals(messages(mergeSummaries(shards.slice(1)), "shard_missing"), [
    "Shard 1 of 4 is missing: 30 % of the load was not offered",
  ]);
});

Deno.test("a shard's own summary says nothing of those that it knows nothing of", () => {
  const shard = madeShard({ index: 2, count: 8 });
  assertEquals(shard.validity.verdict, "valid");
});

Deno.test("a shard is there once, and only shards of one run are merged", () => {
  const [one, two] = madeShards(8);
  const refused = (why: string, ...those: Summary[]): unknown =>
    assertThrows(() => mergeSummaries(those), MergeError, why);
  refused('Cannot merge "run 3" as shard 1 of 8 is there already, from "run 1"', one!, two!, one!);
  refused("shard 1 of 8 is there already", mergeSummaries([one!, two!]), one!);
  refused("one is shard 2 of 4, the other shard 1 of 8", one!, madeShards(4)[1]!);
  refused("one is a whole run, the other shard 1 of 8", one!, concluded(runOf([{ name: "x" }])));
  const later = { ...two!, shards: { ...two!.shards!, start_at: "2026-05-02T13:00:00Z" } };
  refused(
    "one was to start at 2026-05-02T13:00:00Z, the other at 2026-05-02T12:00:00",
    one!,
    later,
  );
  refused("different plans", one!, { ...two!, plan: { ...two!.plan, sha256: "cd".repeat(32) } });
  const seeded = structuredClone(two!);
  Object.assign(seeded.phases.api!.create!.load, { phase: 0.5 });
  refused(`the phase of "create" is 0.5 in one and 0 in the other`, one!, seeded);
});

Deno.test("a run that is merged with itself is refused: its load would count twice", () => {
  const run = concluded(runOf([{ name: "x" }]));
  assertThrows(
    () => mergeSummaries([run, structuredClone(run)]),
    MergeError,
    'Cannot merge "run 2" as it is the same run as "run 1": its load would count twice',
  );
});

Deno.test("one starved shard makes the whole invalid, by name and with its figures", () => {
  const shards = madeShards(8).map((shard, i) =>
    i === 4
      ? madeShard({
        index: 5,
        count: 8,
        validity: ["generator_cpu", "dropped_arrivals"],
        lagMs: 1234,
        hostShare: 0.98,
      })
      : shard
  );
  const merged = mergeSummaries(shards);
  assertEquals(merged.exit.code, 95);
  assertEquals(messages(merged, "shard_unfit"), [
    "Shard 5 of 8 (host-5) was not fit by itself: generator_cpu (lag p99 1.23 s, busiest worker 12 % of a core, host 98 % busy)",
  ]);
  // What a server did is judged over all machines together.
  const slow = madeShards(2, { validity: ["dropped_arrivals"] });
  assertEquals(mergeSummaries(slow).exit.code, 0);
});

Deno.test("how far apart the shards began is told by the target's clock", () => {
  const spread = (
    ...those: { offsetMs?: number | null; lateMs?: number; boundMs?: number }[]
  ): Summary =>
    mergeSummaries(
      those.map((one, i) => madeShard({ index: i + 1, count: those.length, ...one })),
    );
  assertEquals(findings(spread({}, { lateMs: 60 }), "start_spread"), []);
  // Both began at their own twelve o'clock, and one's clock is fast.
  assertEquals(messages(spread({ offsetMs: 250 }, {}), "start_spread"), [
    "The shards began 250 ms apart by the target's clock (to 6 ms): shard 1 of 2 (host-1) first, shard 2 of 2 (node-b) last; the limit is 1 s",
  ]);
  assertEquals(spread({ offsetMs: 250 }, {}).exit.code, 0);
  // Clocks that are alike wrong say nothing against a run.
  assertEquals(findings(spread({ offsetMs: 5_000 }, { offsetMs: 5_001 }), "start_spread"), []);
  const apart = spread({ offsetMs: -1_200 }, {});
  assertEquals([apart.exit.code, apart.validity.verdict], [95, "invalid"]);
  assertStringIncludes(apart.exit.reason, "The shards began 1.2 s apart");
});

Deno.test("a clock that is not known, known badly or was set while the load ran is told, and makes nothing invalid", () => {
  const one = (shard: Parameters<typeof madeShard>[0]): Summary =>
    mergeSummaries([madeShard({ index: 1, count: 2 }), madeShard(shard)]);
  const unknown = one({ index: 2, count: 2, offsetMs: null });
  assertEquals([unknown.exit.code, messages(unknown, "shard_clock")], [0, [
    "The clock of shard 2 of 2 could not be read beside the target's (it sends no Date): whether it began with the others is known no better",
  ]]);
  assertEquals(messages(one({ index: 2, count: 2, boundMs: 180 }), "shard_clock"), [
    "The clock of shard 2 of 2 is known to 180 ms only: whether it began with the others is known no better",
  ]);
  assertEquals(messages(one({ index: 2, count: 2, offsetAfterMs: 640 }), "shard_clock"), [
    "The clock of shard 2 of 2 (node-b) moved by 640 ms against the target's while the load ran",
  ]);
});

Deno.test("slices are moved by what the clocks say, and the whole begins when its first shard did by the target's", () => {
  const merged = mergeSummaries([
    madeShard({ index: 1, count: 2 }),
    madeShard({ index: 2, count: 2, offsetMs: -2_000 }),
  ]);
  assertEquals(merged.started_at, "2026-05-02T12:00:00.000Z");
  assertEquals(merged.duration_s, 12);
  const counts = merged.phases.api!.create!.course.slices.map(({ at_s, count }) => [at_s, count]);
  assertEquals(counts.slice(0, 3), [[0, 20], [1, 20], [2, 40]]);
  const fast = mergeSummaries([
    madeShard({ index: 1, count: 2 }),
    madeShard({ index: 2, count: 2, offsetMs: 2_000 }),
  ]);
  assertEquals(fast.started_at, "2026-05-02T11:59:58.000Z");
});

Deno.test("a baseline's limits and its comparison hold for a merged run as for any", () => {
  const shards = madeShards(4, { made: [{ name: "create", ratePerS: 400, durationS: 20 }] });
  const baseline = mergeSummaries(shards);
  const slow = madeShards(4, {
    made: [{ name: "create", ratePerS: 400, durationS: 20, slowness: () => 2 }],
  });
  const relative = slow.map((summary): Summary => ({
    ...summary,
    thresholds: [{
      ...summary.thresholds[0]!,
      text: "p95 < baseline * 1.1",
      scenario: "create",
      quantity: { kind: "duration", metric: "response_time", stat: "percentile", percentile: 95 },
      unit: "ms",
      limit: null,
      baseline_factor: 1.1,
      verdict: "skipped",
    }],
  }));
  const merged = mergeSummaries(relative, { baseline });
  assertEquals([merged.comparison?.verdict, merged.exit.code], ["regressed", 93]);
  const p95 = baseline.phases.api!.create!.response_time_ms!.p95;
  assertEquals(merged.thresholds[0]?.verdict, "regressed");
  assert(Math.abs(merged.thresholds[0]!.limit! - 1.1 * p95) < 0.001);
  assertEquals(mergeSummaries(relative).thresholds[0]?.verdict, "skipped");
});

Deno.test("nothing is added of a summary with a damaged histogram", () => {
  const [one, two, three] = madeShards(3);
  const text = renderJson(two!);
  const hdr = two!.phases.api!.create!.histograms.response_time!.hdr;
  const broken = JSON.parse(text.replaceAll(hdr, hdr.slice(0, -8))) as Summary;
  const merge = new Merge();
  merge.add(one!, "one");
  assertThrows(() => merge.add(broken, "two"), RangeError, "Cannot read a histogram");
  assertEquals([merge.added, merge.missing()], [1, [2, 3]]);
  merge.add(two!, "two");
  merge.add(three!, "three");
  assertEquals(renderJson(merge.finish()), renderJson(mergeSummaries([one!, two!, three!])));
});

Deno.test("instantUs() is to the microsecond", () => {
  const us = (text: string): number => instantUs(text) - START_US;
  assertEquals(us("2026-05-02T12:00:00Z"), 0);
  assertEquals(us("2026-05-02T12:00:00.5Z"), 500_000);
  assertEquals(us("2026-05-02T12:00:01.000250Z"), 1_000_250);
  assertEquals(us("2026-05-02T12:00:00.123456789Z"), 123_456);
  assertEquals(us("2026-05-02T14:00:00.000001+02:00"), 1);
});

Deno.test("of two readings of a clock the closer one is taken, unless the clock was set in between", () => {
  const [{ shards }] = madeShards(1) as [Summary];
  const [part] = shards!.parts;
  const reading = (offset_ms: number, bound_ms: number) => ({ offset_ms, bound_ms });
  type Reading = ReturnType<typeof reading> | null;
  const told = (before: Reading, after: Reading): Reading | undefined => {
    const target = { ...part!.clock.target, before, after };
    return offsetOf({ ...part!, clock: { ...part!.clock, target } });
  };
  assertEquals(told(reading(-40, 50), reading(1, 2)), reading(1, 2));
  assertEquals(told(reading(1, 2), reading(-40, 50)), reading(1, 2));
  assertEquals(told(reading(0, 5), reading(1_000, 2)), reading(0, 5));
  assertEquals(told(null, reading(1, 2)), reading(1, 2));
  assertEquals(told(null, null), undefined);
});
