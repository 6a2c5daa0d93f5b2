import type { ShardFacts } from "../../src/metrics/run.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { conclude } from "../../src/verdict/conclude.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { percentileOf, runOf, START_US, thresholdOf, workerFacts } from "../metrics/runs.ts";

const SHARD: ShardFacts = {
  index: 2,
  count: 3,
  startedUs: START_US,
  host: { name: "host-2" },
  target: { origin: "https://localhost:8443" },
};

/** A run that breaks its threshold, which rests on few samples; of a machine of several where it is told. */
function concludedAs(
  shard: ShardFacts | undefined,
  parts: Parameters<typeof runOf>[1] = {},
): Summary {
  const limit = thresholdOf("p95 < 1ms", percentileOf(95), "<", 1);
  const run = runOf([{ name: "list", medianUs: 5_000, ratePerS: 1, thresholds: [limit] }], {
    ...(shard && { shard }),
    ...parts,
  });
  return conclude(summarize(run), { plan: run.plan });
}

Deno.test("a whole run is judged by its thresholds, and told when they rest on few samples", () => {
  const { exit, thresholds, validity, shards } = concludedAs(undefined);
  assertEquals([exit.code, thresholds[0]!.verdict, shards], [99, "fail", null]);
  assertEquals(validity.warnings.some(({ code }) => code === "few_samples"), true);
});

Deno.test("a machine's part of a run is delivered and not judged, and few samples are no matter", () => {
  const { exit, validity, shards } = concludedAs(SHARD);
  assertEquals([exit.code, exit.name], [0, "delivered"]);
  assertStringIncludes(exit.reason, "Shard 2 of 3");
  assertEquals(validity.warnings.some(({ code }) => code === "few_samples"), false);
  assertEquals(shards?.parts[0]?.validity, []);
});

Deno.test("what makes a part unfit is said with it, each reason once", () => {
  const stalls = [{ atUs: START_US + 3e6, durationUs: 1.02e6 }];
  const workers = [0, 1].map((index) => workerFacts({ index, stalls, cpuUs: 9.8e6 }));
  const { validity, shards } = concludedAs(SHARD, { workers });
  const codes = [...new Set(validity.reasons.map(({ code }) => code))];
  assertEquals([validity.verdict, shards?.parts[0]?.validity], ["invalid", codes]);
  assertEquals(codes.length > 0, true);
});
