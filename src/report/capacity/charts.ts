/** The levels of a search as charts: along the rate that was asked for, with the answer and its interval marked. */
import type { Answer } from "../../capacity/answer.ts";
import type { LevelResult } from "../../capacity/level.ts";
import { isAtRest, uslRate } from "../../capacity/usl.ts";
import { formatMs } from "../../metrics/format.ts";
import { rounded } from "../../metrics/stats.ts";
import { type Chart, type Line, LOG_FROM } from "../html/charts.ts";
import type { CapacityReport } from "./document.ts";

/** What of a search is in its pictures. */
type Pictured = Pick<CapacityReport, "answer" | "limits" | "scenario">;

/** None where there are not two levels to compare. */
export function capacityCharts(report: Pictured): Chart[] {
  const levels = steady(report.answer.levels);
  if (new Set(levels.map(({ level }) => level)).size < 2) return [];
  const axis = axisOf(levels, report.answer);
  return [
    timeChart(levels, axis, report),
    rateChart(levels, axis),
    flightChart(levels, axis),
    ...errorChart(levels, axis),
    ...lawChart(levels, report.answer),
  ];
}

/** By level; without what came after an overload to see whether the server recovers. */
function steady(levels: readonly LevelResult[]): LevelResult[] {
  return levels.filter(({ purpose }) => purpose !== "recover").sort((a, b) => a.level - b.level);
}

type Axis = Pick<Chart, "x" | "xs" | "mark">;

function axisOf(levels: readonly LevelResult[], { knee, low, high, atLeast }: Answer): Axis {
  const mark = { at: knee, from: atLeast ? knee : low, to: atLeast ? knee : high ?? knee };
  return {
    x: "per_s",
    xs: levels.map(({ level }) => rounded(level, 4)),
    ...(knee > 0 && { mark }),
  };
}

function valuesOf(
  levels: readonly LevelResult[],
  of: (level: LevelResult) => number | null,
): (number | null)[] {
  return levels.map((level) => {
    const value = of(level);
    return value === null ? null : rounded(value, 4);
  });
}

/** A limit that lies further above the values than this would press them to the bottom; it is told in words. */
const LIMIT_REACH = 4;

function timeChart(levels: readonly LevelResult[], axis: Axis, report: Pictured): Chart {
  const values = levels.flatMap(({ p50Ms, p99Ms }) => p50Ms === null ? [] : [p50Ms, p99Ms ?? 0]);
  const largest = Math.max(0, ...values);
  const limits = latencyLimits(report);
  const near = limits.filter((limit) => limit <= LIMIT_REACH * largest);
  const far = limits.filter((limit) => !near.includes(limit));
  const marks = (
    label: "p50" | "p95" | "p99",
    of: (level: LevelResult) => number | null,
  ): Line => ({
    label,
    color: label,
    values: valuesOf(levels, of),
    points: "filled",
  });
  return {
    title: "Response time",
    note: [
      "Of what was answered as expected.",
      ...(far.length > 0 ? [`Far above: the limit of ${far.map(formatMs).join(", ")}.`] : []),
    ].join(" "),
    ...axis,
    unit: "ms",
    log: largest > LOG_FROM * Math.min(...values),
    lines: [
      marks("p99", ({ p99Ms }) => p99Ms),
      marks("p95", ({ p95Ms }) => p95Ms),
      marks("p50", ({ p50Ms }) => p50Ms),
      ...near.map((limit): Line => ({
        label: `limit ${formatMs(limit)}`,
        color: "bad",
        values: levels.map(() => rounded(limit, 4)),
        dashed: true,
      })),
    ],
  };
}

/** Of what was searched; those of other scenarios and of single steps have no curve here. */
function latencyLimits({ limits, scenario }: Pictured): number[] {
  const mine = limits.limits.filter(({ step, text }) =>
    step === null && (scenario === null || text.startsWith(`${scenario}: `))
  );
  return Array.from(new Set(mine.flatMap(({ limitMs }) => limitMs ?? [])));
}

type Outcome = "held" | "broken" | "undecided" | "the generator gave out";

function outcomeOf({ who, decision }: LevelResult): Outcome {
  if (who === "generator") return "the generator gave out";
  return decision === "holds" ? "held" : decision;
}

const OUTCOMES: Readonly<Record<Outcome, Pick<Line, "color" | "points">>> = {
  held: { color: "rate", points: "filled" },
  broken: { color: "bad", points: "hollow" },
  undecided: { color: "other", points: "hollow" },
  "the generator gave out": { color: "lag", points: "hollow" },
};

/** A line of marks for each way to come out that there is; `undefined`: no level was there. */
function byOutcome(
  levels: readonly (LevelResult | undefined)[],
  of: (level: LevelResult) => number | null,
): Line[] {
  return Object.entries(OUTCOMES).flatMap(([label, look]): Line[] => {
    const values = levels.map((level) => {
      const value = level !== undefined && outcomeOf(level) === label ? of(level) : null;
      return value === null ? null : rounded(value, 4);
    });
    return values.every((value) => value === null) ? [] : [{ label, ...look, values }];
  });
}

function rateChart(levels: readonly LevelResult[], axis: Axis): Chart {
  return {
    title: "Achieved",
    note: "What was answered as expected, of what was offered.",
    ...axis,
    unit: "per_s",
    log: false,
    lines: [
      ...byOutcome(levels, ({ achievedPerS }) => achievedPerS),
      {
        label: "offered",
        color: "soft",
        dashed: true,
        values: valuesOf(levels, ({ offeredPerS }) => offeredPerS),
      },
    ],
  };
}

function flightChart(levels: readonly LevelResult[], axis: Axis): Chart {
  const values = levels.map(({ inFlight }) => inFlight).filter((value) => value > 0);
  return {
    title: "In flight",
    note: "On average over each level.",
    ...axis,
    unit: "count",
    log: Math.max(...values) > LOG_FROM * Math.min(...values),
    lines: byOutcome(levels, ({ inFlight }) => inFlight),
  };
}

/** Along nought there is nothing to be seen. */
function errorChart(levels: readonly LevelResult[], axis: Axis): Chart[] {
  if (levels.every(({ errorRate }) => !errorRate)) return [];
  return [{
    title: "Failed",
    ...axis,
    unit: "share",
    log: false,
    lines: byOutcome(levels, ({ errorRate }) => errorRate),
  }];
}

/** Places of the curve between those of the levels. */
const CURVE_PLACES = 60;

function lawChart(levels: readonly LevelResult[], { usl }: Answer): Chart[] {
  if ("refused" in usl) return [];
  const measured = levels.filter(isAtRest);
  const most = Math.max(...measured.map(({ inFlight }) => inFlight));
  const places: { inFlight: number; level?: LevelResult }[] = [
    ...Array.from({ length: CURVE_PLACES }, (_, i) => ({ inFlight: most * i / CURVE_PLACES })),
    ...measured.map((level) => ({ inFlight: level.inFlight, level })),
  ].sort((a, b) => a.inFlight - b.inFlight);
  return [{
    title: "Scalability law",
    note: "Achieved by what was in flight, and the curve that was fitted to it.",
    x: "count",
    xs: places.map(({ inFlight }) => rounded(inFlight, 4)),
    unit: "per_s",
    log: false,
    lines: [
      ...byOutcome(places.map(({ level }) => level), ({ achievedPerS }) => achievedPerS),
      {
        label: "fitted",
        color: "p50",
        values: places.map(({ inFlight }) => rounded(uslRate(inFlight, usl), 4)),
      },
    ],
  }];
}
