import { assert, assertEquals } from "../assert.ts";
import { limitOf, limitsOf } from "../../src/capacity/limits.ts";
import { parseThreshold } from "../../src/plan/threshold.ts";
import { planOf } from "./plans.ts";

function limited(text: string): ReturnType<typeof limitOf> {
  const parsed = parseThreshold(text, undefined);
  if (!parsed.ok) throw new Error(parsed.message);
  return limitOf(parsed.threshold, "create");
}

Deno.test("a percentile's limit allows what lies beyond the percentile", () => {
  for (
    const [text, allowed, limitMs] of [
      ["p95 < 2s", 0.05, 2000],
      ["p99.9 <= 500ms", 0.001, 500],
      ["med < 1s", 0.5, 1000],
      ["max < 5s", 0, 5000],
    ] as const
  ) {
    const { limit } = limited(text);
    assertEquals(limit, { text: `create: ${text}`, kind: "latency", allowed, limitMs });
  }
});

Deno.test("an error rate's limit is the share that may fail", () => {
  assertEquals(limited("error_rate < 1%").limit?.allowed, 0.01);
  assertEquals(limited("error_rate == 0").limit?.allowed, 0);
});

Deno.test("thresholds that no level can be judged by are left out with their reason", () => {
  for (
    const text of ["avg < 1s", "rate > 49/s", "count > 10", "p95 < baseline * 1.1", "p95 > 1s"]
  ) {
    const { limit, reason } = limited(text);
    assertEquals(limit, undefined, text);
    assert(reason!.length > 10);
  }
});

Deno.test("a plan's limits are of all its scenarios, their steps and the whole run; the others are named", () => {
  const plan = planOf({
    list: { rate: "1/s", duration: "1s", thresholds: ["p95 < 1s", "rate > 1/s"] },
    read: { rate: "1/s", duration: "1s", thresholds: ["request p99 < 1s", "lag p99 < 1s"] },
  }, { thresholds: ["error_rate < 1%"] });
  const { limits, unjudged } = limitsOf(plan);
  assertEquals(limits.map(({ text, scenario, step }) => [text, scenario, step]), [
    ["list: p95 < 1s", 0, null],
    ["read: request p99 < 1s", 1, 0],
    ["the whole run: error_rate < 1%", null, null],
  ]);
  assertEquals(unjudged, [
    { text: "list: rate > 1/s", reason: "sets no upper bound" },
    {
      text: "read: lag p99 < 1s",
      reason: "is no share of the requests that is told while a level runs",
    },
  ]);
});

Deno.test("where a plan limits no errors 1 % of the run may fail: what is quick because it fails holds nothing", () => {
  const load = { rate: "1/s", duration: "1s" };
  const limitsFor = (...thresholds: string[]) =>
    limitsOf(planOf({ list: { ...load, thresholds } }));
  const [, errors] = limitsFor("p95 < 1s").limits;
  assertEquals([errors?.kind, errors?.allowed, errors?.scenario], ["errors", 0.01, null]);
  assertEquals(limitsFor("p95 < 1s", "error_rate < 20%").limits.length, 2);
  assertEquals(limitsFor("rate > 1/s").limits, []);
});
