import { assertEquals, assertStringIncludes } from "../assert.ts";
import type {
  Comparison,
  Finding,
  Summary,
  ThresholdResult,
} from "../../src/metrics/summary_schema.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Failure } from "../../src/http/failure.ts";
import { runOf } from "../metrics/runs.ts";
import { exit, EXIT_CODES, exitOf, verdictLine } from "../../src/verdict/exit.ts";

function finding(cause: Finding["cause"]): Finding {
  return { code: "x", cause, scenarios: [], message: `by ${cause}`, advice: "" };
}

function threshold(verdict: ThresholdResult["verdict"]): ThresholdResult {
  return {
    text: "p95 < 2s",
    scenario: "create",
    step: null,
    measure: "response_time p95",
    quantity: { kind: "duration", metric: "response_time", stat: "percentile", percentile: 95 },
    unit: "ms",
    comparison: "<",
    limit: 2000,
    baseline_factor: null,
    value: 1,
    samples: 1,
    verdict,
  };
}

type Case = Parameters<typeof exitOf>[0];

function runWith(parts: {
  interrupted?: boolean;
  causes?: Finding["cause"][];
  verdicts?: ThresholdResult["verdict"][];
  comparison?: Comparison;
  phases?: Summary["phases"];
}): Case {
  const reasons = (parts.causes ?? []).map(finding);
  const validity: Summary["validity"] = {
    verdict: reasons.length > 0 ? "invalid" : "valid",
    reasons,
    warnings: [],
  };
  const thresholds = (parts.verdicts ?? ["pass"]).map(threshold);
  const { interrupted = false, comparison = null } = parts;
  return { interrupted, validity, thresholds, comparison, phases: parts.phases ?? {} };
}

const run = {
  plan: "",
  plan_sha256: "",
  started_at: "",
  target: "",
  target_version: "",
  tool_version: "",
};
const regression: Comparison = {
  base: run,
  next: run,
  confidence: 0.99,
  allow: 0.1,
  method: "",
  differences: [],
  verdict: "regressed",
  figures: [],
  regressions: ["create p95 is 20 % slower"],
};
const refused: Comparison = {
  ...regression,
  verdict: "refused",
  regressions: [],
  differences: [
    { code: "kernel", message: "kernel differs: 5 and 6", refusal: false },
    { code: "cpu_count", message: "CPU count differs: 2 and 4", refusal: true },
  ],
};

Deno.test("exitOf() passes a valid run whose thresholds held or were skipped", () => {
  const { code, reason } = exitOf(runWith({ verdicts: ["pass", "skipped"] }));
  assertEquals([code, reason], [0, "1 of 2 thresholds held, 1 had no baseline to be relative to"]);
  assertEquals(exitOf(runWith({ verdicts: ["pass", "pass"] })).reason, "All 2 thresholds held");
});

Deno.test("exitOf() of limits relative to a baseline is 93 where one is broken for certain", () => {
  const broken = exitOf(runWith({ verdicts: ["pass", "regressed"] }));
  assertEquals(broken.code, 93);
  assertEquals(broken.reason, 'Threshold "p95 < 2s" of create is broken for certain');
  const untold = exitOf(runWith({ verdicts: ["pass", "cannot_tell"] }));
  assertEquals(untold.code, 0);
  assertEquals(untold.reason, "1 of 2 thresholds held, 1 cannot be told for certain");
  assertEquals(exitOf(runWith({ verdicts: ["fail", "regressed"] })).code, 99);
});

Deno.test("exitOf() is 99 for a threshold that failed or had no sample", () => {
  assertEquals(exitOf(runWith({ verdicts: ["pass", "fail"] })).code, 99);
  const { code, reason } = exitOf(runWith({ verdicts: ["no_data", "fail"] }));
  assertEquals(code, 99);
  assertEquals(reason, 'Threshold "p95 < 2s" of create had no sample, and 1 more');
});

Deno.test("exitOf() is 99 where nothing of a scenario succeeded and no threshold limits its errors", () => {
  const failure = (i: number): Failure | undefined =>
    i >= 0 ? { class: "status_5xx", message: "500" } : undefined;
  const { phases } = summarize(runOf([{ name: "create", failure }]));
  const { code, reason } = exitOf(runWith({ phases }));
  assertEquals(code, 99);
  assertEquals(
    reason,
    'Nothing of "create" succeeded: all 100 iterations failed, first of all by status_5xx',
  );
  const half = summarize(runOf([{ name: "create", failure: (i) => failure(i % 2 - 1) }]));
  assertEquals(exitOf(runWith({ phases: half.phases })).code, 0);
  const limited = {
    ...runWith({ phases }),
    thresholds: [{ ...threshold("pass"), measure: "error_rate" }],
  };
  assertEquals(exitOf(limited).code, 0);
});

Deno.test("exitOf() is 95 before 99 when the generator is to blame", () => {
  const { code, reason } = exitOf(runWith({ causes: ["server", "generator"], verdicts: ["fail"] }));
  assertEquals([code, reason], [95, "by generator"]);
});

Deno.test("exitOf() is 99 before 95 when the server was too slow for the load", () => {
  assertEquals(exitOf(runWith({ causes: ["server"], verdicts: ["fail"] })).code, 99);
  assertEquals(exitOf(runWith({ causes: ["server"] })).code, 95);
});

Deno.test("exitOf() is 105 before every verdict for an interrupted run", () => {
  const ended = runWith({
    interrupted: true,
    causes: ["generator"],
    verdicts: ["fail"],
    comparison: regression,
  });
  assertEquals(exitOf(ended).code, 105);
});

Deno.test("exitOf() is 93 for a regression, unless something else is wrong", () => {
  const { code, reason } = exitOf(runWith({ comparison: regression }));
  assertEquals(code, 93);
  assertStringIncludes(reason, "create p95 is 20 % slower");
  assertEquals(exitOf(runWith({ verdicts: ["fail"], comparison: regression })).code, 99);
  assertEquals(exitOf(runWith({ causes: ["server"], comparison: regression })).code, 95);
});

Deno.test("exitOf() is 104 with the reasons when the baseline cannot be compared with", () => {
  const { code, reason } = exitOf(runWith({ comparison: refused }));
  assertEquals(code, 104);
  assertEquals(reason, "The run was not compared with the baseline: CPU count differs: 2 and 4");
});

Deno.test("EXIT_CODES are k6's where it has one", () => {
  assertEquals(EXIT_CODES, {
    passed: 0,
    delivered: 0,
    regression: 93,
    not_ready: 94,
    invalid: 95,
    threshold: 99,
    bad_input: 104,
    interrupted: 105,
    internal: 107,
  });
});

Deno.test("exitOf() says in one sentence what the exit is about", () => {
  const reasonOf = (parts: Parameters<typeof runWith>[0]): string => exitOf(runWith(parts)).reason;
  assertEquals(reasonOf({ verdicts: [] }), "The run was valid; the plan has no thresholds");
  assertEquals(reasonOf({ verdicts: ["pass"] }), "The threshold held");
  assertEquals(reasonOf({ verdicts: ["fail"] }), 'Threshold "p95 < 2s" of create failed');
  assertEquals(reasonOf({ interrupted: true }), "The run was ended before its time");
  assertEquals(reasonOf({ causes: ["server"] }), "by server");
  assertEquals(reasonOf({ causes: ["server", "run"] }), "by run");
  assertEquals(
    reasonOf({ comparison: { ...regression, regressions: ["one", "two", "three"] } }),
    "one, and 2 more",
  );
  assertEquals(
    reasonOf({ verdicts: ["regressed"], comparison: regression }),
    "create p95 is 20 % slower, and 1 more",
  );
  const ofStep = { ...threshold("fail"), step: "finalize" };
  const whole = { ...threshold("fail"), scenario: null };
  assertEquals(
    [ofStep, whole].map((one) => exitOf({ ...runWith({}), thresholds: [one] }).reason),
    [
      'Threshold "p95 < 2s" of create finalize failed',
      'Threshold "p95 < 2s" of the whole run failed',
    ],
  );
});

Deno.test("exitOf() lets a threshold on errors of one scenario excuse that one alone", () => {
  const failure = (): Failure => ({ class: "reset", message: "x" });
  const { phases } = summarize(runOf([{ name: "create", failure }, { name: "other", failure }]));
  const limit = (scenario: string | null): Case => ({
    ...runWith({ phases }),
    thresholds: [{ ...threshold("pass"), measure: "error_rate", scenario }],
  });
  assertStringIncludes(exitOf(limit("create")).reason, 'Nothing of "other" succeeded');
  assertEquals([exitOf(limit("other")).code, exitOf(limit(null)).code], [99, 0]);
  const empty = summarize(runOf([{ name: "create", dropped: 100 }])).phases;
  assertEquals(exitOf(runWith({ phases: empty })).code, 0);
  const unnamed = structuredClone(phases);
  unnamed.api!.create!.failures = [];
  assertEquals(
    exitOf(runWith({ phases: unnamed })).reason,
    'Nothing of "create" succeeded: all 100 iterations failed',
  );
});

Deno.test("verdictLine() is the exit's name, code and reason in one line", () => {
  assertEquals(
    verdictLine(exit("regression", "create p95 is 20 % slower")),
    "certload: regression (exit code 93): create p95 is 20 % slower\n",
  );
});

Deno.test("passed is said of what held alone", () => {
  const reasonOf = (...verdicts: ThresholdResult["verdict"][]): string =>
    exitOf(runWith({ verdicts })).reason;
  assertEquals(
    reasonOf("pass", "skipped", "skipped", "cannot_tell"),
    "1 of 4 thresholds held, 2 had no baseline to be relative to, 1 cannot be told for certain",
  );
  assertEquals(
    reasonOf("skipped"),
    "0 of 1 thresholds held, 1 had no baseline to be relative to",
  );
});
