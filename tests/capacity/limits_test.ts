import { assert, assertEquals } from "../assert.ts";
import { limitOf } from "../../src/capacity/limits.ts";
import { parseThreshold } from "../../src/plan/threshold.ts";

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
