import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import {
  type FoundSummary,
  framed,
  logTextOf,
  MAX_LOG_CHARACTERS,
  SummaryLog,
  WITHOUT_COURSE,
} from "../../src/metrics/summary_log.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { randomOf } from "../../src/random.ts";
import type { Shard } from "../../src/shard.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../assert.ts";
import { madeShard } from "../verdict/made_shards.ts";

const encoder = new TextEncoder();

function readLog(text: string, pieces: readonly number[] = []): ReturnType<SummaryLog["end"]> {
  const log = new SummaryLog();
  const octets = encoder.encode(text);
  const found: FoundSummary[] = [];
  let at = 0;
  for (const length of pieces) {
    found.push(...log.push(octets.subarray(at, at + length)));
    at += length;
  }
  found.push(...log.push(octets.subarray(at)));
  const end = log.end();
  return { found: [...found, ...end.found], problems: end.problems };
}

/** Text that does not get small. */
function noise(length: number, seed = 1): string {
  const random = randomOf(seed);
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join("");
}

const THIRD: Shard = { index: 3, count: 8 };

Deno.test("a summary comes out of a log as it went in, mixed with others and with anything else", () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.nat(9_000).map(noise)), {
    minLength: 1,
    maxLength: 5,
  });
  const pieces = fc.array(fc.nat(5_000), { maxLength: 20 });
  const prefixes = fc.constantFrom(
    "",
    "[pod/load-3-abc/certload] ",
    "2026-11-28T04:00:00.1Z stdout F ",
  );
  const ends = fc.constantFrom("\n", "\r\n", "\nhello certload-shard 3-of-8\n", ' \\n"}\n');
  fc.assert(
    fc.property(texts, pieces, prefixes, ends, fc.nat(1000), (some, cuts, prefix, end, seed) => {
      const queues = some.map((text, i) =>
        framed(text, { index: i + 1, count: 5 }).trimEnd().split("\n")
      );
      const lines: string[] = [];
      for (let n = seed; queues.some((queue) => queue.length > 0); n = (n * 31 + 7) % 1_000_003) {
        const queue = queues[n % queues.length]!;
        lines.push(...queue.splice(0, 1 + n % 3).map((line) => prefix + line + end));
      }
      const { found, problems } = readLog(lines.join(""), cuts);
      assertEquals(problems, []);
      assertEquals(
        found.toSorted((a, b) => a.shard.index - b.shard.index),
        some.map((text, i) => ({ shard: { index: i + 1, count: 5 }, text })),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("a log whose last line has no end is whole, and one that is told twice tells it once", () => {
  const text = framed("hello", THIRD);
  assertEquals(readLog(text.trimEnd()).found, [{ shard: THIRD, text: "hello" }]);
  assertEquals(readLog(text + text).found.length, 1);
});

Deno.test("no line is longer than logs take in one piece", () => {
  const lines = framed(noise(50_000), { index: 10_000, count: 10_000 }).trimEnd().split("\n");
  assertLess(Math.max(...lines.map(({ length }) => length)), 4_200);
  assert(lines.every((line) => /^[\w -]+$/.test(line)));
});

Deno.test("a summary that is cut in half is told: which, and what is missing of it", () => {
  const lines = framed(noise(60_000), THIRD).split("\n");
  const total = lines.length - 2;
  const head = readLog(lines.slice(0, 5).join("\n"));
  assertEquals(head, {
    found: [],
    problems: [
      `The summary of shard 3 of 8 in the log is not whole, lines 6 to ${total} of ${total} and its end are missing: take the whole log, or the shard's summary.json`,
    ],
  });
  const tail = readLog(lines.slice(5).join("\n"));
  assertStringIncludes(tail.problems[0]!, `lines 1 to 5 of ${total} are missing`);
  const hole = readLog(lines.filter((_, i) => i !== 3).join("\n"));
  assertStringIncludes(hole.problems[0]!, `line 4 of ${total} is missing`);
  const half = readLog(lines.map((line, i) => i === 3 ? line.slice(0, 2_000) : line).join("\n"));
  assertStringIncludes(half.problems[0]!, `line 4 of ${total} is missing`);
  const noEnd = readLog(lines.slice(0, total).join("\n"));
  assertStringIncludes(noEnd.problems[0]!, "is not whole, its end is missing");
});

Deno.test("whatever lines are lost and wherever a log ends, a summary is found whole or told", () => {
  const lines = framed(noise(30_000), THIRD).trimEnd().split("\n");
  // Of three at least the first is told by its beginning.
  fc.assert(fc.property(fc.subarray(lines, { minLength: 3 }), fc.nat(4_000), (some, cut) => {
    const text = some.join("\n");
    const { found, problems } = readLog(text.slice(0, text.length - cut));
    const isWhole = some.length === lines.length && cut === 0;
    assertEquals([found.length, problems.length], isWhole ? [1, 0] : [0, 1]);
  }));
});

Deno.test("a damaged copy of a summary does not spoil a whole one, before it or after it, and is told", () => {
  const text = noise(40_000);
  const lines = framed(text, THIRD).trimEnd().split("\n");
  const total = lines.length - 1;
  const spoil = (line: string): string => line.replace(/(.)(.)(.{9})$/, "$2$1$3");
  const spoilt = fc.nat(total - 1).chain((at) =>
    fc.record({
      lines: fc.constant(lines.map((line, i) => i === at ? spoil(line) : line)),
      lost: fc.subarray([...lines.keys()], { maxLength: 2 }),
    })
  ).map((one) => one.lines.filter((_, i) => !one.lost.includes(i)));
  fc.assert(
    fc.property(
      fc.array(spoilt, { maxLength: 3 }),
      fc.array(spoilt, { maxLength: 2 }),
      (before, after) => {
        const { found, problems } = readLog([...before, lines, ...after].flat().join("\n"));
        assertEquals(found.map((one) => one.text === text), [true]);
        assert(
          problems.length <= 1 && problems.every((each) => each.includes("which is whole, counts")),
        );
      },
    ),
    { numRuns: 60 },
  );
  const damaged = lines.map((line, i) => i === 1 ? spoil(line) : line);
  assertEquals(readLog([...damaged, ...lines].join("\n")).problems, [
    "A copy of the summary of shard 3 of 8 in the log is damaged: another one, which is whole, counts",
  ]);
  // Its end was cut off.
  assertEquals(readLog([...damaged, ...lines.slice(0, -1)].join("\n")).found.length, 1);
});

Deno.test("a log of damaged copies alone is told once, however many there are", () => {
  const lines = framed(noise(9_000), THIRD).trimEnd().split("\n");
  const copies = Array.from(
    { length: 40 },
    (_, n) => lines.map((line, i) => i === 0 ? line.replace(/.{3}$/, `${100 + n}`) : line),
  );
  const { found, problems } = readLog(copies.flat().join("\n"));
  assertEquals([found.length, problems.length], [0, 1]);
  assertStringIncludes(problems[0]!, "is damaged: its checksum is wrong");
});

Deno.test("a line that counts others than its summary has is none of it", () => {
  const lines = framed(noise(9_000), THIRD).trimEnd().split("\n");
  const { found, problems } = readLog(
    [lines[0]!.replace("1-of-3", "1-of-903"), ...lines].join("\n"),
  );
  assertEquals(found.length, 1);
  assertStringIncludes(problems[0]!, "of 903 and its end are missing");
});

Deno.test("a wrong checksum is told, and so is what cannot be unpacked", () => {
  const text = framed(noise(9_000), THIRD);
  const changed = text.replace(/( 1-of-3 .{40})(.)(.)/, "$1$3$2");
  assert(changed !== text);
  assertEquals(readLog(changed), {
    found: [],
    problems: [
      "The summary of shard 3 of 8 in the log is damaged: its checksum is wrong. Take the log again, or the file",
    ],
  });
  const bomb = gzipSync(new Uint8Array(300 * 2 ** 20), { level: 1 });
  for (const packed of [encoder.encode("not gzip"), bomb]) {
    const sha256 = createHash("sha256").update(packed).digest("hex");
    const total = Math.ceil(packed.length / 3_000);
    const lines = Array.from(
      { length: total },
      (_, i) =>
        `certload-shard 3-of-8 ${sha256.slice(0, 8)} ${i + 1}-of-${total} ${
          packed.subarray(i * 3_000, i * 3_000 + 3_000).toBase64({
            alphabet: "base64url",
            omitPadding: true,
          })
        }`,
    );
    lines.push(`certload-shard 3-of-8 ${sha256.slice(0, 8)} end-of-${total} sha256-${sha256}`);
    const { found, problems } = readLog(lines.join("\n"));
    assertEquals([found.length, problems.length], [0, 1]);
    assertStringIncludes(problems[0]!, "cannot be unpacked");
  }
});

Deno.test("a hostile log costs no more than the limit: endless lines, summaries that never end, numbers beyond any", () => {
  const log = new SummaryLog({ maxOctets: 100_000 });
  const payload = "A".repeat(4_000);
  for (let i = 1; i <= 60; i++) {
    const id = i.toString(16).padStart(8, "0");
    log.push(encoder.encode(`certload-shard 1-of-8 ${id} 1-of-2 ${payload}\n`));
  }
  log.push(encoder.encode("x".repeat(300_000)));
  log.push(encoder.encode(`\ncertload-shard 9-of-8 00000000 1-of-99999 ${payload}\n`));
  assertEquals(log.push(encoder.encode(framed("fine", THIRD))).length, 1);
  const { problems } = log.end();
  const givenUp = problems.filter((problem) => problem.includes("was given up"));
  assertEquals([problems.length, givenUp.length], [60, 60 - 33]);
  assertEquals(
    givenUp[0],
    "The summary of shard 1 of 8 in the log was given up after 1 of 2 lines, as too many are under way at once: merge fewer logs at a time, or one after the other",
  );
});

Deno.test("a summary is found in a line that never ends", () => {
  const text = framed(noise(9_000), THIRD).replaceAll("\n", "\\n");
  const log = new SummaryLog();
  const found: FoundSummary[] = [];
  const line = encoder.encode("z".repeat(63_000) + text + "z".repeat(200_000));
  for (let at = 0; at < line.length; at += 1_000) {
    found.push(...log.push(line.subarray(at, at + 1_000)));
  }
  assertEquals(found.map(({ shard }) => shard), [THIRD]);
});

Deno.test("logTextOf() is the summary, and without its slices where it would not fit into a log", () => {
  const summary = madeShard({ index: 3, count: 8 });
  const whole = logTextOf(summary, THIRD);
  assert("text" in whole && whole.isWhole);
  const [found] = readLog(whole.text).found;
  assertEquals(readSummary(found!.text, "log"), summary);

  const { create } = summary.phases.api!;
  const many = Object.fromEntries(Array.from({ length: 330 }, (_, i) => {
    const slices = create!.course.slices.map((slice) => ({
      ...slice,
      response_time: { ...slice.response_time!, hdr: noise(3_000, i + slice.at_s) },
    }));
    return [`create_${i}`, { ...create!, course: { width_s: 1, slices } }];
  }));
  const large = { ...summary, phases: { api: many } };
  const bare = logTextOf(large, THIRD);
  assert("text" in bare && !bare.isWhole);
  assertLess(bare.text.length, MAX_LOG_CHARACTERS);
  const read = JSON.parse(readLog(bare.text).found[0]!.text);
  assertEquals(read.methodology.notes.at(-1), WITHOUT_COURSE);
  assertEquals(read.phases.api.create_7.histograms, create!.histograms);
  assertEquals(read.phases.api.create_7.course.slices, []);

  const vast = { ...summary, methodology: { ...summary.methodology, notes: [noise(10_000_000)] } };
  const none = logTextOf(vast, THIRD);
  assert("tooLong" in none && none.tooLong > MAX_LOG_CHARACTERS);
});
