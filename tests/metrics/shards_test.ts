import type { ShardFacts } from "../../src/metrics/run.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderHtml } from "../../src/report/html.ts";
import { renderJson } from "../../src/report/json.ts";
import { renderJunit } from "../../src/report/junit.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderText } from "../../src/report/text.ts";
import { objectionsTo } from "../../src/verdict/baseline.ts";
import { differencesOf } from "../../src/verdict/comparability.ts";
import { conclude } from "../../src/verdict/conclude.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  type MadeScenario,
  percentileOf,
  runOf,
  START_US,
  thresholdOf,
  workerFacts,
} from "./runs.ts";

const SHARD: ShardFacts = {
  index: 3,
  count: 8,
  startAtUs: START_US,
  startedUs: START_US + 25,
  host: { name: "host-3", node: "node-c" },
  target: {
    origin: "https://localhost:8443",
    before: { offsetUs: 250_120.4, boundUs: 900 },
    note: "after the load: its answers have no Date header",
  },
  hostClock: { source: "chrony", offsetMs: 0.12, boundMs: 3.4 },
};

function summaryOf(
  made: Partial<MadeScenario> = {},
  parts: Partial<Parameters<typeof runOf>[1]> = {},
): Summary {
  const limit = thresholdOf("p95 < 1ms", percentileOf(95), "<", 1);
  const run = runOf([{ name: "list", medianUs: 5_000, thresholds: [limit], ...made }], {
    shard: SHARD,
    workers: [workerFacts({ cpuUs: 2.5e6 }), workerFacts({ index: 1, cpuUs: 4e6 })],
    hostCpuShare: 0.5,
    ...parts,
  });
  return conclude(summarize(run), { plan: run.plan });
}

Deno.test("a shard's summary has the one part that it is, with its host, its clocks and what the generator did", () => {
  const { shards, totals } = summaryOf({ lagUs: (i) => i < 2 ? 4_000 : 80 });
  assertEquals(shards, {
    count: 8,
    start_at: "2026-05-02T12:00:00.000000Z",
    parts: [{
      index: 3,
      host: { name: "host-3", node: "node-c", cpu_count: 4 },
      started_at: "2026-05-02T12:00:00.000025Z",
      clock: {
        target: {
          origin: "https://localhost:8443",
          before: { offset_ms: 250.1204, bound_ms: 0.9 },
          after: null,
          note: "after the load: its answers have no Date header",
        },
        host: { source: "chrony", offset_ms: 0.12, bound_ms: 3.4 },
      },
      requests: totals.requests,
      lag_p99_ms: 4,
      cpu_share: 0.4,
      host_cpu_share: 0.5,
      validity: [],
    }],
  });
});

Deno.test("a run of one machine has no shards, and summaries of before have none either", () => {
  const run = runOf([{ name: "list" }]);
  const summary = conclude(summarize(run), { plan: run.plan });
  assertEquals(summary.shards, null);
  const { shards: _, ...before } = JSON.parse(renderJson(summary));
  assertEquals(readSummary(JSON.stringify(before), "before.json").shards, null);
});

Deno.test("a shard's summary is read as it was written", () => {
  const summary = summaryOf();
  assertEquals(readSummary(renderJson(summary), "summary.json").shards, summary.shards);
});

Deno.test("a shard ends well when it has its part, whatever is in it, and its unfitness is told with it", () => {
  const starved = summaryOf({}, { workers: [workerFacts({ cpuUs: 9.9e6 })] });
  assertEquals(starved.validity.verdict, "invalid");
  assertEquals(starved.shards?.parts[0]?.validity, ["generator_cpu"]);
  const reason = "Shard 3 of 8 has its part of the run; certload merge judges the whole";
  assertEquals(starved.exit, { code: 0, name: "delivered", reason });
  assertEquals(starved.thresholds[0]?.verdict, "fail");
  const ended = summaryOf({}, { interrupted: true });
  assertEquals(ended.exit, {
    code: 105,
    name: "interrupted",
    reason: "Shard 3 of 8 was ended before its time; certload merge judges the whole",
  });
});

Deno.test("samples of a part are not doubted: they are the whole's", () => {
  const few = { durationS: 1, thresholds: [thresholdOf("p99 < 9s", percentileOf(99), "<", 9_000)] };
  const codes = (parts: Partial<Parameters<typeof runOf>[1]>): string[] =>
    summaryOf(few, parts).validity.warnings.map(({ code }) => code);
  assert(codes({ shard: undefined }).includes("few_samples"));
  assert(!codes({}).includes("few_samples"));
});

Deno.test("every report says in its first lines that it is a part, and judges no threshold by it", () => {
  const summary = summaryOf();
  for (const text of [renderText(summary), renderMarkdown(summary)]) {
    const head = text.split("\n").slice(0, 4).join("\n");
    assert(/DELIVERED/.test(head) && /[Ss]hard 3 of 8/.test(head), head);
    assert(!text.includes("p95 < 1ms") && !/thresholds/i.test(text), text);
  }
  const html = renderHtml(summary);
  assert(html.includes("<title>DELIVERED: ") && html.includes("Shard 3 of 8 has its part"));
  assert(!html.includes('id="thresholds"') && !html.includes("p95 &lt; 1ms"));
  assert(!renderJunit(summary).includes("p95"));
});

Deno.test("one arrival that was late has a lag, and users who are never late have none", () => {
  const lagOf = (made: Partial<MadeScenario>): number | null | undefined =>
    summaryOf(made).shards?.parts[0]?.lag_p99_ms;
  assertEquals(lagOf({ ratePerS: 1, durationS: 1, lagUs: () => 7_000 }), 7);
  const users = [{ durationMs: 1_000, from: 2, to: 2 }];
  const load = { model: "closed", stages: users, thinkTimeMs: 0 } as const;
  assertEquals(lagOf({ load, lagUs: () => 7_000 }), null);
});

Deno.test("a part is neither compared nor kept as a baseline", () => {
  const summary = summaryOf();
  const [first] = differencesOf(summary, summary);
  assertEquals([first?.code, first?.refusal], ["shard", true]);
  assertEquals(
    first?.message,
    "the base run is one machine's part, shard 3 of 8: merge all of them first",
  );
  assertEquals(
    objectionsTo(summary)[0],
    "The run is one machine's part of several: merge them first",
  );
});
