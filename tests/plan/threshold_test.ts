import fc from "fast-check";
import {
  DURATION_METRICS,
  parseThreshold,
  type Threshold,
  thresholdPattern,
} from "../../src/plan/threshold.ts";
import { DEPLOY_MEASURES } from "../../src/deployment.ts";
import { formatDuration } from "../../src/plan/units.ts";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";

const STEPS = ["directory", "new_nonce", "renewal_info"];

function parsed(text: string): Omit<Threshold, "text"> {
  const result = parseThreshold(text, STEPS);
  assert(result.ok, result.ok ? "" : result.message);
  const { text: kept, ...rest } = result.threshold;
  assertEquals(kept, text);
  return rest;
}

const percentile = (value: number, metric = "response_time") => ({
  kind: "duration",
  metric,
  stat: "percentile",
  percentile: value,
});
const absolute = (value: number) => ({ kind: "absolute", value });

Deno.test("parseThreshold() reads measures of durations", () => {
  const rows: readonly [string, unknown][] = [
    ["p95 < 2s", { measure: percentile(95), comparison: "<", limit: absolute(2000) }],
    ["p99.9 <= 1.5s", { measure: percentile(99.9), comparison: "<=", limit: absolute(1500) }],
    ["med < 10ms", { measure: percentile(50), comparison: "<", limit: absolute(10) }],
    ["max>=1m", {
      measure: { kind: "duration", metric: "response_time", stat: "max" },
      comparison: ">=",
      limit: absolute(60_000),
    }],
    ["service_time p95 < 1s", {
      measure: percentile(95, "service_time"),
      comparison: "<",
      limit: absolute(1000),
    }],
    ["lag p99 < 500us", {
      measure: percentile(99, "lag"),
      comparison: "<",
      limit: absolute(0.5),
    }],
  ];
  for (const [text, expected] of rows) assertEquals(parsed(text), expected as never, text);
});

Deno.test("parseThreshold() reads error rates, rates and counts", () => {
  const rows: readonly [string, string, number][] = [
    ["error_rate < 1%", "error_rate", 0.01],
    ["error_rate == 0", "error_rate", 0],
    ["rate > 49/s", "rate", 49],
    ["rate > 99/min", "rate", 1.65],
    ["count >= 1000", "count", 1000],
  ];
  for (const [text, kind, limit] of rows) {
    const { measure, limit: read } = parsed(text);
    assertEquals([measure, read], [{ kind } as never, absolute(limit) as never], text);
  }
});

Deno.test("parseThreshold() reads a step before the measure", () => {
  assertEquals(parsed("directory p95 < 500ms").step, "directory");
  assertEquals(parsed("directory connect p95 < 5ms"), {
    step: "directory",
    measure: percentile(95, "connect") as never,
    comparison: "<",
    limit: absolute(5) as never,
  });
  assertEquals(parsed("new_nonce error_rate != 1").step, "new_nonce");
});

Deno.test("parseThreshold() reads k6's spellings", () => {
  assertEquals(parsed("p(95)<2000"), {
    measure: percentile(95) as never,
    comparison: "<",
    limit: absolute(2000) as never,
  });
  assertEquals(parsed("http_req_failed: rate<0.01"), parsed("http_req_failed rate < 0.01"));
  assertEquals(parsed("http_req_failed rate<0.01"), parsed("error_rate < 1%"));
  assertEquals(parsed("p95 === 3").comparison, "==");
});

Deno.test("parseThreshold() reads limits that follow a baseline", () => {
  assertEquals(parsed("p95 < baseline * 1.10").limit, { kind: "baseline", factor: 1.1 });
  assertEquals(parsed("rate >= baseline*0.9").limit, { kind: "baseline", factor: 0.9 });
  assertEquals(parsed("p95 <= baseline").limit, { kind: "baseline", factor: 1 });
});

Deno.test("parseThreshold() points at what it cannot read, and says what would do", () => {
  const rows: readonly [string, string, string | undefined][] = [
    ["p95", "p95", undefined],
    ["", "", undefined],
    [" < 2s", "< 2s", undefined],
    ["p95 < 2 parsecs", "2 parsecs", undefined],
    ["p95 <", "", undefined],
    ["eror_rate < 1%", "eror_rate", "did you mean `error_rate`?"],
    ["directry p95 < 2s", "directry", "did you mean `directory`?"],
    ["p999 < 2s", "p999", "did you mean `p99.9`?"],
    ["connect < 2s", "connect", "write `connect p95`"],
    ["directory new_nonce p95 < 2s", "new_nonce", undefined],
    ["error_rate < 5", "5", "did you mean `5%`?"],
    ["rate < 0.01", "0.01", "did you mean `error_rate < 0.01`?"],
    ["rate > 49", "49", "did you mean `49/s`?"],
    ["rate > 1", "1", "did you mean `1/s`?"],
    ["rate > 5%", "5%", "did you mean `error_rate < 5%`?"],
    ["count > 1.5", "1.5", undefined],
    ["p95 < -5ms", "-5ms", undefined],
    ["p95 < baseline + 3", "baseline + 3", "write `baseline * 1.10`"],
    ["p95 < baseline * 0", "baseline * 0", undefined],
  ];
  for (const [text, part, hint] of rows) {
    const result = parseThreshold(text, STEPS);
    assert(!result.ok, text);
    assertEquals(text.slice(result.at, result.at + result.length), part, text);
    if (hint !== undefined) assertEquals(result.hint, hint, text);
  }
});

Deno.test("parseThreshold() reads what a flow measures itself: durations, counters, shares", () => {
  const observed = { kind: "observed", name: "propagation" };
  const share = {
    kind: "share",
    name: "reset_share",
    of: "reset_requests",
    among: "kept_requests",
  };
  const rows: readonly [string, unknown, unknown][] = [
    ["propagation p95 < 30s", { ...observed, stat: "percentile", percentile: 95 }, 30_000],
    ["propagation max < 250", { ...observed, stat: "max" }, 250],
    ["overlap avg < baseline", { kind: "observed", name: "overlap", stat: "avg" }, undefined],
    ["wrong count == 0", { kind: "counter", name: "wrong" }, 0],
    ["reset_share < 0.1%", share, 0.001],
  ];
  for (const [text, measure, limit] of rows) {
    const result = parseThreshold(text, STEPS, DEPLOY_MEASURES);
    assert(result.ok, result.ok ? "" : `${text}: ${result.message}`);
    assertEquals(result.threshold.measure, measure as never, text);
    assertEquals("step" in result.threshold, false, text);
    const { limit: read } = result.threshold;
    assertEquals(read.kind === "absolute" ? read.value : undefined, limit as never, text);
    assert(new RegExp(thresholdPattern("scenario", ["reset_share"])).test(text), text);
    assertEquals(parseThreshold(text, []).ok, false, `the whole run has no ${text}`);
  }
  assertEquals(new RegExp(thresholdPattern("scenario")).test("reset_share < 1%"), false);
});

Deno.test("parseThreshold() says how what a flow measures itself is named", () => {
  const rows: readonly [string, string, string][] = [
    ["propogation p95 < 30s", "propogation", "did you mean \`propagation\`?"],
    ["propagation < 30s", "propagation", "write \`propagation p95\`"],
    ["wrong == 0", "wrong", "write \`wrong count\`"],
    ["wrong rate < 1/s", "wrong", "write \`wrong count\`"],
    ["revertd count == 0", "revertd", "did you mean \`reverted\`?"],
    ["reset_shar < 1%", "reset_shar", "did you mean \`reset_share\`?"],
    ["reset_share < 5", "5", "did you mean \`5%\`?"],
    [
      "directory propagation p95 < 1s",
      "directory",
      "what a flow measures itself is the scenario's, not a step's",
    ],
    [
      "directory reset_share < 1%",
      "directory",
      "what a flow measures itself is the scenario's, not a step's",
    ],
  ];
  for (const [text, part, hint] of rows) {
    const result = parseThreshold(text, STEPS, DEPLOY_MEASURES);
    assert(!result.ok, text);
    assertEquals(text.slice(result.at, result.at + result.length), part, text);
    assertEquals(result.hint, hint, text);
  }
  const limits: readonly [string, string][] = [
    ["wrong count == 1.5", 'threshold needs a whole number as its limit: got "1.5"'],
    [
      "propagation p95 < 1%",
      'threshold needs a duration such as 500ms or 2s as its limit: got "1%"',
    ],
    [
      "constructor count == 0",
      'threshold names neither a step of this flow nor a metric: "constructor"',
    ],
  ];
  for (const [text, message] of limits) {
    const result = parseThreshold(text, STEPS, DEPLOY_MEASURES);
    assertEquals(result.ok ? "" : result.message, message);
  }
});

Deno.test("a threshold of the whole run names no step", () => {
  const result = parseThreshold("directory p95 < 2s", []);
  assertEquals(
    result.ok ? "" : result.message,
    'threshold of the whole run cannot name a step: got "directory"',
  );
});

Deno.test("any step passes while a flow's steps are not known", () => {
  const result = parseThreshold("whatever p95 < 2s", undefined);
  assertEquals(result.ok && result.threshold.step, "whatever");
});

Deno.test("parseThreshold() reads back every threshold that can be written", () => {
  const metric = fc.constantFrom(...DURATION_METRICS);
  const sign = fc.constantFrom("<", "<=", ">", ">=", "==", "!=");
  const hundredths = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 100);
  const us = fc.integer({ min: 1, max: 1e10 });
  const step = fc.constantFrom(...STEPS, "");
  fc.assert(fc.property(step, metric, hundredths, sign, us, (step, metric, p, sign, us) => {
    const read = parsed(`${step} ${metric} p${p} ${sign} ${formatDuration(us / 1000)}`.trim());
    assertEquals(read.step ?? "", step);
    assertEquals(read.measure, percentile(p, metric) as never);
    assertEquals(read.comparison, sign as never);
    const limit = read.limit.kind === "absolute" ? read.limit.value : NaN;
    assertAlmostEquals(limit, us / 1000, 1e-9 * us + 1e-9);
  }));
});

Deno.test("parseThreshold() never throws, and a complaint lies within the text", () => {
  const word = fc.constantFrom(
    "p95",
    "<",
    "rate",
    "baseline",
    "*",
    "2s",
    "connect",
    "%",
    " ",
    "p(",
  );
  const texts = fc.oneof(fc.string(), fc.array(word).map((words) => words.join(" ")));
  fc.assert(fc.property(texts, (text) => {
    const result = parseThreshold(text, STEPS);
    assert(result.ok || result.at + result.length <= text.length);
  }));
});

Deno.test("thresholdPattern() takes whatever parseThreshold() takes", () => {
  const text = fc.tuple(
    fc.constantFrom("", "directory", "http_req_failed", "http_req_failed:", "a b"),
    fc.constantFrom("", "connect", "lag", "baseline"),
    fc.constantFrom("p95", "p(99.9)", "p0100", "p101", "med", "rate", "count", "error_rate", "lag"),
    fc.constantFrom("<", "<=", ">", ">=", "==", "!=", "===", "="),
    fc.constantFrom(
      ...["2s", "500", "1m30s", ".5 ms", "1%", "0.01", "100.%", "101%", "49/s", "3 / min", "1000"],
      ...["0", "0.", "baseline", "baseline*1.1", "baseline * .9", "baseline * 0", "1e3", ""],
    ),
  ).chain((words) => fc.constantFrom(" ", "  ").map((gap) => words.join(gap)));
  let taken = 0;
  const takes = (about: "scenario" | "run") => {
    const pattern = new RegExp(thresholdPattern(about));
    return (text: string): boolean => pattern.test(text);
  };
  const [scenario, run] = [takes("scenario"), takes("run")];
  fc.assert(
    fc.property(text, (text) => {
      const isOne = parseThreshold(text, undefined).ok;
      if (isOne) assert(scenario(text), text);
      if (parseThreshold(text, []).ok) assert(run(text), text);
      taken += Number(isOne);
    }),
    { numRuns: 3000 },
  );
  assert(taken > 200, `${taken} of the texts were thresholds`);
});

Deno.test("thresholdPattern() refuses what is no threshold", () => {
  for (
    const text of [
      "p95 lt 3s",
      "p95 <",
      "p101 < 1s",
      "eror_rate < 1%",
      "error_rate < 5",
      "rate > 49",
    ]
  ) {
    assertEquals(new RegExp(thresholdPattern("scenario")).test(text), false, text);
  }
  assertEquals(new RegExp(thresholdPattern("run")).test("list p95 < 1s"), false);
  assertEquals(new RegExp(thresholdPattern("scenario")).test("list p95 < 1s"), true);
});
