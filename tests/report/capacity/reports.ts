/** Searches as they end, for the renderers. */
import type { Answer } from "../../../src/capacity/answer.ts";
import type { LevelResult } from "../../../src/capacity/level.ts";
import type { CapacityReport } from "../../../src/report/capacity/document.ts";
import { concluded, passedRun } from "../summaries.ts";

/** Of a server that answers in some 20 ms until it is asked for more than it can. */
export function level(
  asked: number,
  purpose: LevelResult["purpose"],
  rest: Partial<LevelResult> = {},
): LevelResult {
  const reason = `0.1 % of ${asked * 20} beyond "create: p95 < 500ms", of which 5 % may be`;
  return {
    level: asked,
    purpose,
    offeredPerS: asked * 1.004,
    achievedPerS: asked * 1.002,
    p50Ms: 18 + asked / 20,
    p95Ms: 60 + asked / 2,
    p99Ms: 90 + asked,
    inFlight: asked * 0.021,
    errorRate: 0,
    durationMs: 5000,
    elapsedMs: 6500,
    decision: "holds",
    by: "test",
    reason,
    limits: [],
    calmAfterMs: 0,
    steadyPerS: asked,
    who: "none",
    why: reason,
    sure: true,
    limiter: false,
    ...rest,
  };
}

const OVERLOADED = {
  decision: "broken",
  by: "backlog",
  reason: "the queue grows: 420 in flight after 9 s",
  who: "server",
} as const satisfies Partial<LevelResult>;

function overloaded(asked: number, purpose: LevelResult["purpose"]): LevelResult {
  return level(asked, purpose, {
    ...OVERLOADED,
    why: OVERLOADED.reason,
    achievedPerS: 138,
    p50Ms: 1240,
    p95Ms: 2410,
    p99Ms: 2730,
    inFlight: asked * 1.7,
    durationMs: 9000,
  });
}

const LEVELS: readonly LevelResult[] = [
  level(25, "probe"),
  level(50, "probe"),
  level(100, "probe"),
  overloaded(200, "probe"),
  level(134.7, "bracket", { durationMs: 20_000 }),
  overloaded(141.4, "bracket"),
  level(138, "bracket", { decision: "undecided", durationMs: 30_000, inFlight: 9.2 }),
  level(137, "confirm", { durationMs: 60_000, p95Ms: 410, p99Ms: 618, inFlight: 8.1 }),
  overloaded(150.7, "break"),
  level(68.5, "recover", { durationMs: 8000, calmAfterMs: 3000, p99Ms: 1900 }),
];

export const ANSWER: Answer = {
  knee: 137,
  low: 133.4,
  high: 140.2,
  confidence: 0.95,
  atLeast: false,
  who: "server",
  why: OVERLOADED.reason,
  limiter: false,
  ended: "found",
  confirmed: { level: 137, decision: "holds", by: "test" },
  recovery: { level: 68.5, afterMs: 3000 },
  elapsedMs: 214_000,
  levels: LEVELS,
  usl: {
    lambda: 49.2,
    sigma: 0.21,
    kappa: 0.0031,
    intervals: {
      lambda: { low: 47.1, high: 51 },
      sigma: { low: 0.18, high: 0.24 },
      kappa: { low: 0.0026, high: 0.0038 },
    },
    rSquared: 0.981,
    peak: { inFlight: 15.96, perS: 161 },
  },
};

export function capacityReport(change: Partial<CapacityReport> = {}): CapacityReport {
  const { methodology, plan } = concluded(passedRun());
  return {
    version: "1.2.3",
    startedAt: "2026-01-05T06:00:00.000Z",
    plan: { name: plan.name, source: plan.source, sha256: plan.sha256 },
    scenario: "create",
    arrivals: "poisson",
    seed: 1,
    limits: {
      limits: [
        {
          text: "create: p95 < 500ms",
          kind: "latency",
          allowed: 0.05,
          limitMs: 500,
          scenario: 0,
          step: null,
        },
        { text: "create: error_rate < 1%", kind: "errors", allowed: 0.01, scenario: 0, step: null },
      ],
      unjudged: [{ text: "create: rate > 49/s", reason: "sets no upper bound" }],
    },
    requiredPerS: null,
    methodology,
    inventory: null,
    answer: ANSWER,
    exit: { code: 0, name: "passed", reason: "it holds 137/s" },
    ...change,
  };
}

/** A limiter refuses what is beyond 137/s. */
export function limitedReport(): CapacityReport {
  const why = "a limiter answered 429 to 31 %: a limit of policy, not of the machine";
  const refused = (asked: number, purpose: LevelResult["purpose"]): LevelResult =>
    level(asked, purpose, {
      decision: "broken",
      who: "server",
      limiter: true,
      why,
      achievedPerS: 137,
      errorRate: 1 - 137 / asked,
    });
  return capacityReport({
    requiredPerS: 150,
    exit: { code: 99, name: "threshold", reason: "150/s are required, and it holds 137/s" },
    answer: {
      ...ANSWER,
      why,
      confidence: null,
      limiter: true,
      levels: [
        level(100, "probe"),
        refused(200, "probe"),
        refused(300, "bracket"),
        level(135, "confirm", { durationMs: 60_000 }),
        refused(150.7, "break"),
      ],
      usl: { refused: "2 levels are fit for it, and 6 are needed" },
    },
  });
}

/** The generator gave out before the server. */
export function atLeastReport(): CapacityReport {
  const why = "worker 0 was late by more than 500 ms";
  return capacityReport({
    scenario: null,
    arrivals: "even",
    exit: { code: 0, name: "passed", reason: "it holds at least 100/s" },
    answer: {
      ...ANSWER,
      knee: 100,
      low: 100,
      high: null,
      confidence: null,
      atLeast: true,
      who: "generator",
      why,
      confirmed: null,
      recovery: null,
      ended: "time",
      levels: [
        level(50, "probe"),
        level(100, "probe"),
        level(200, "probe", { who: "generator", why, decision: "undecided", achievedPerS: 120 }),
        level(200, "generator", { who: "generator", why, achievedPerS: 118, p99Ms: null }),
      ],
      usl: { refused: "2 levels are fit for it, and 6 are needed" },
    },
  });
}

/** Nothing was answered. */
export function emptyReport(): CapacityReport {
  const why = "nothing was answered";
  return capacityReport({
    exit: { code: 99, name: "threshold", reason: "no level was found at which the limits hold" },
    answer: {
      ...ANSWER,
      knee: 0,
      low: 0,
      high: 25,
      confidence: null,
      why,
      confirmed: null,
      recovery: null,
      levels: [
        level(25, "probe", {
          ...OVERLOADED,
          why,
          achievedPerS: 0,
          p50Ms: null,
          p95Ms: null,
          p99Ms: null,
          errorRate: 1,
          by: "no_samples",
        }),
      ],
      usl: { refused: "0 levels are fit for it, and 6 are needed" },
    },
  });
}

/** What a plan or a server may have put into names and messages. */
export const EVIL =
  "a|b `c` <script>alert(1)</script> ]]> \u0000 \u001b[31m \u202e \r\n| x | 漢字漢字 ".repeat(3);

export function hostileReport(): CapacityReport {
  const report = capacityReport();
  const { methodology, answer, limits } = report;
  return {
    ...report,
    plan: { name: EVIL, source: EVIL, sha256: "ab" },
    scenario: EVIL,
    limits: {
      limits: limits.limits.map((limit) => ({ ...limit, text: EVIL })),
      unjudged: [{ text: EVIL, reason: EVIL }],
    },
    methodology: {
      ...methodology,
      target: { ...methodology.target, version: EVIL, identity: EVIL },
      notes: [EVIL],
    },
    answer: {
      ...answer,
      why: EVIL,
      levels: answer.levels.map((each) => ({ ...each, reason: EVIL, why: EVIL })),
      usl: { refused: EVIL },
    },
    exit: { ...report.exit, reason: EVIL },
  };
}

export const REPORTS: readonly (readonly [name: string, report: () => CapacityReport])[] = [
  ["knee", capacityReport],
  ["limiter", limitedReport],
  ["at_least", atLeastReport],
  ["nothing", emptyReport],
];
