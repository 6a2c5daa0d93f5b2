/**
 * The live view: one calm screen that is drawn over itself. Pure: (state, size) -> lines, none wider than the
 * terminal and no more than it is high. Columns go as the terminal gets narrower, the sparkline first; of a plan that is
 * higher than the terminal the last scenarios go, not the lights and the failures.
 */
import { CPU_LIMIT, CPU_WARNING, MAX_MISSING_SHARE } from "../verdict/validity_rules.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../metrics/format.ts";
import type { RunState, ScenarioState } from "../metrics/run_state.ts";
import { progressTime, targetOf, timeOf } from "./progress.ts";
import { oneLine, type Paint, type Style, styleOf } from "./style.ts";
import { cutOff, padEnd, shortened, widthOf } from "./width.ts";
import { nameOfTier } from "./words.ts";

interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

/** Largest lag so far from which its light is yellow, and red: a pause that is seen, and one that spoils the tail. */
const LAG_LIGHT_MS = { warn: 20, bad: 500 } as const;

interface Column {
  readonly head: string;
  readonly width: number;
  readonly cell: (scenario: ScenarioState) => string;
  /** Terminals narrower than this do without. */
  readonly from: number;
  /** And those from this width on too. */
  readonly below?: number;
  readonly paint?: (scenario: ScenarioState, style: Style) => Paint;
}

const RATE_WIDTH = 16;
const NARROW_RATE_WIDTH = 8;

const COLUMNS: readonly Column[] = [
  { head: "rate", width: NARROW_RATE_WIDTH, from: 0, below: 70, cell: plainRate },
  { head: "rate", width: RATE_WIDTH, from: 70, cell: rateOf },
  { head: "in flight", width: 9, from: 100, cell: ({ inFlight }) => formatCount(inFlight) },
  {
    head: "failed",
    width: 6,
    from: 0,
    cell: ({ progress }) => formatCount(progress.failed),
    paint: ({ progress }, style) => (progress.failed > 0 ? style.bad : style.faint),
  },
  { head: "p50", width: 7, from: 0, cell: timeCell("p50Us") },
  { head: "p95", width: 7, from: 50, cell: timeCell("p95Us") },
  { head: "p99", width: 7, from: 60, cell: timeCell("p99Us") },
];

const SPARK = { from: 76, narrowest: 8, widest: 60 } as const;
const SPARK_HEAD = "p95, last minute";
const NARROW_SPARK_HEAD = "p95 60 s";
const NARROWEST_NAME = 8;

export function liveView(state: RunState, screen: Screen): string[] {
  const style = styleOf(screen.color);
  const { nameWidth, columns } = layout(state, screen.columns);
  const head = ["".padEnd(nameWidth), ...columns.map(({ head, width }) => head.padStart(width))];
  return fitted({
    top: [
      ...header(state, screen.columns, style),
      style.faint(head.join(" ").trimEnd()),
    ],
    scenarios: body(state, columns, nameWidth, style),
    lights: ["", ...lights(state, screen.columns, style)],
    failures: newestFailures(state, screen.columns, style),
  }, Math.max(1, screen.rows - 1));
}

interface Parts {
  readonly top: readonly string[];
  readonly scenarios: readonly string[];
  readonly lights: readonly string[];
  readonly failures: readonly string[];
}

/** Failures that are shown in any case. */
const LEAST_FAILURES = 2;

/** All of it where there is room; else fewer failures, then fewer scenarios. */
function fitted({ top, scenarios, lights, failures }: Parts, room: number): string[] {
  const left = room - top.length - lights.length;
  const news = cut(failures, Math.max(LEAST_FAILURES, left - scenarios.length));
  const rows = cut(scenarios, left - news.length);
  return [...top, ...rows, ...lights, ...news].slice(0, room);
}

/** The last line says that there are more. */
function cut(lines: readonly string[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  return room < 1 ? [] : [...lines.slice(0, room - 1), "  … and more: make the terminal higher"];
}

function header(state: RunState, width: number, style: Style): string[] {
  const time = timeOf(state);
  const title = cutOff(
    oneLine(`${state.plan} · ${state.target}`),
    Math.max(8, width - widthOf(time) - 2),
  );
  const gap = " ".repeat(Math.max(1, width - widthOf(title) - widthOf(time)));
  const lines = [style.strong(title) + gap + time, progressBar(state, width, style)];
  if (state.note) lines.push(style.warn(cutOff(oneLine(state.note), width)));
  return lines;
}

function progressBar({ elapsedS, plannedS }: RunState, width: number, style: Style): string {
  const share = plannedS > 0 ? Math.min(1, elapsedS / plannedS) : 1;
  const done = Math.round(share * width);
  return "━".repeat(done) + style.faint("─".repeat(width - done));
}

/** Scenarios under the name of their tier. */
function body(
  state: RunState,
  columns: readonly Column[],
  nameWidth: number,
  style: Style,
): string[] {
  let tier = "";
  return state.scenarios.flatMap((scenario) => {
    const title = scenario.tier === tier ? [] : [style.faint(nameOfTier(scenario.tier))];
    tier = scenario.tier;
    const label = padEnd(`  ${shortened(oneLine(scenario.name), nameWidth - 2)}`, nameWidth);
    if (scenario.state === "waiting") return [...title, style.faint(`${label} waiting`)];
    const cells = columns.map((column) => {
      const text = column.cell(scenario).padStart(column.width);
      return column.paint ? column.paint(scenario, style)(text) : text;
    });
    return [...title, [label, ...cells].join(" ")];
  });
}

/** Names get what they need, down to a few letters; the sparkline gets what is left. */
function layout(state: RunState, terminal: number): { nameWidth: number; columns: Column[] } {
  const columns = COLUMNS.filter(({ from, below = Infinity }) =>
    terminal >= from && terminal < below
  );
  const left = terminal - columns.reduce((sum, { width }) => sum + width + 1, 0);
  const longest = Math.max(
    NARROWEST_NAME,
    ...state.scenarios.map(({ name }) => widthOf(oneLine(name)) + 2),
  );
  const reserved = terminal >= SPARK.from ? SPARK.narrowest + 1 : 0;
  const nameWidth = Math.max(NARROWEST_NAME, Math.min(longest, left - reserved));
  const width = Math.min(SPARK.widest, left - nameWidth - 1);
  if (reserved > 0) columns.push(sparkColumn(width));
  return { nameWidth, columns };
}

function sparkColumn(width: number): Column {
  return {
    head: width < SPARK_HEAD.length ? NARROW_SPARK_HEAD : SPARK_HEAD,
    width,
    from: SPARK.from,
    cell: ({ progress }) => sparkline(progress.history.map(({ p95Us }) => p95Us), width),
  };
}

function plainRate({ progress }: ScenarioState): string {
  return formatRate(progress.ratePerS);
}

/** `49.8 of 50/s`; of users, what they make and how many they are: `97.2/s 100 users`. */
function rateOf(scenario: ScenarioState): string {
  const rate = formatRate(scenario.progress.ratePerS);
  const text = scenario.targetRate === undefined
    ? `${rate} ${targetOf(scenario)}`
    : `${rate.replace("/s", "")} of ${targetOf(scenario)}`;
  return text.length > RATE_WIDTH ? rate : text;
}

function timeCell(key: "p50Us" | "p95Us" | "p99Us"): Column["cell"] {
  return ({ progress }) => progressTime(progress[key]);
}

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Values as bars, newest at the right; a second without a value is a blank. Each bar is the largest of the values it
 * stands for, so that a peak is never averaged away, and the largest of all is full height.
 */
export function sparkline(values: readonly number[], width: number): string {
  const perBar = Math.max(1, Math.ceil(values.length / width));
  const bars: number[] = [];
  for (let end = values.length; end > 0; end -= perBar) {
    bars.unshift(Math.max(...values.slice(Math.max(0, end - perBar), end)));
  }
  const top = Math.max(0, ...bars);
  return bars.map((value) =>
    value === 0 ? " " : BARS[Math.min(7, Math.floor((value / top) * 8))] ?? "█"
  ).join("");
}

/** Each light by its shape too: colours are not everybody's, nor every terminal's. */
const LIGHTS = { good: "●", warn: "▲", bad: "✗" } as const;

/** What would make the run invalid, while it can still be mended. */
function lights(state: RunState, width: number, style: Style): string[] {
  const sum = (of: (s: ScenarioState) => number): number =>
    state.scenarios.reduce((total, scenario) => total + of(scenario), 0);
  const lagMs = Math.max(0, ...state.scenarios.map(({ progress }) => progress.maxLagUs)) / 1000;
  const dropped = sum(({ progress }) => progress.dropped);
  const finished = sum(({ progress }) => progress.count);
  const parts: [string, "good" | "warn" | "bad"][] = [
    [
      `lag max ${formatMs(lagMs)}`,
      grade(lagMs, LAG_LIGHT_MS.warn, LAG_LIGHT_MS.bad),
    ],
    [
      `dropped ${formatCount(dropped)}`,
      dropped > 0 ? grade(dropped / (dropped + finished), 0, MAX_MISSING_SHARE) : "good",
    ],
  ];
  if (state.cpuShare !== undefined) {
    parts.push([
      `generator CPU ${formatPercent(state.cpuShare)}`,
      grade(state.cpuShare, CPU_WARNING, CPU_LIMIT),
    ]);
  }
  const plain = parts.map(([text, light]) => `${LIGHTS[light]} ${text}`).join("   ");
  if (widthOf(plain) > width) return [cutOff(plain, width)];
  return [parts.map(([text, light]) => `${style[light](LIGHTS[light])} ${text}`).join("   ")];
}

function grade(value: number, warn: number, bad: number): "good" | "warn" | "bad" {
  if (value >= bad) return "bad";
  return value >= warn ? "warn" : "good";
}

function newestFailures(state: RunState, width: number, style: Style): string[] {
  return state.scenarios.flatMap(({ name, progress }) => {
    const { failed, newestFailure } = progress;
    if (failed === 0 || !newestFailure) return [];
    const text = `${name}: ${newestFailure.class}, ${newestFailure.message}`;
    return [style.bad("✗ ") + cutOff(oneLine(text), width - 2)];
  });
}
