/** The tables of the text, each in the width of the page; their columns go in the order that is said here. */
import type {
  Stats,
  Summary,
  SummaryScenario,
  SummarySeries,
} from "../../metrics/summary_schema.ts";
import { formatCount, formatMs } from "../../metrics/format.ts";
import { exchangeCells, statusHeads } from "../exchanges.ts";
import { isToldApart } from "../lifecycle.ts";
import { metricsOfTier, serverMetricsTable, tellsAnything } from "../server_metrics.ts";
import { failedCells, RESULT_HEADS, resultCells, timeCells } from "../results.ts";
import { oneLine } from "../style.ts";
import { fittedLines, leftNote, type Table, withoutEmptyColumns } from "../table.ts";
import { scenariosOf } from "../../metrics/scenarios.ts";
import { FAILED_ROW, nameOfTier, RESPONSE_TIME_NOTE, seriesOf, shortfallOf } from "../words.ts";
import { block, type Page, title } from "./page.ts";

const HEAD = ["", ...RESULT_HEADS.map((head) => head.toLowerCase())];
const RESULT_DROP = ["min", "avg", "rate", "count", "max", "p50", "p99"];

/** One table over all tiers, so that their columns are in line, cut into a section for each. */
export function tierSections(summary: Summary, page: Page): string[][] {
  const { style } = page;
  const { phases } = summary;
  const rowsOf = (tier: Record<string, SummaryScenario>): string[][] =>
    namedSeries(Object.entries(tier)).flatMap(([name, series]) => resultRows(name, series));
  const rows = Object.values(phases).flatMap(rowsOf);
  const fit = { width: page.width, drop: RESULT_DROP };
  const { lines: [headLine = "", ...lines], left } = fittedLines({ head: HEAD, rows }, fit);
  const note = `${RESPONSE_TIME_NOTE}${leftNote(left)}`;
  return Object.entries(phases).map(([name, tier]) => [
    ...title(nameOfTier(name), note, page),
    style.faint(headLine),
    ...lines.splice(0, rowsOf(tier).length),
    ...Object.entries(tier).flatMap(([scenario, data]) => {
      const shortfall = shortfallOf(data);
      return shortfall === ""
        ? []
        : block(`${oneLine(scenario)}: ${shortfall}`, page, { paint: style.bad });
    }),
    ...ownMetricsOf(summary, name, page),
  ]);
}

/** What the server says of itself, below what was seen of it; `undefined`: of no tier that was run. */
export function ownMetricsOf(summary: Summary, tier: string | undefined, page: Page): string[] {
  if (!summary.server_metrics) return [];
  const mine = metricsOfTier(summary.server_metrics, tier, Object.keys(summary.phases));
  if (!tellsAnything(mine)) return [];
  const head = tier === undefined ? [] : [`  ${page.style.faint("the server's own metrics")}`];
  return [...head, ...serverMetricsTable(mine, page.width - 2).map((line) => `  ${line}`)];
}

/** The response times, and below them those of failures that are in none of them. */
function resultRows(name: string, series: SummarySeries): string[][] {
  const blanks = name.length - name.trimStart().length + 2;
  const failed = failedCells(series);
  return [
    [name, ...resultCells(series)],
    ...(failed ? [[" ".repeat(blanks) + FAILED_ROW, ...failed]] : []),
  ];
}

const DURATION_HEADS = [
  "",
  "lag p99",
  "service",
  "blocked p99",
  "dns",
  "connect",
  "tls",
  "tls p99",
  "ttfb",
  "ttfb p99",
];
const DURATION_DROP = ["ttfb p99", "tls p99", "dns", "connect", "ttfb", "tls", "blocked p99"];

export function durationsSection(summary: Summary, page: Page): string[] {
  const rows = seriesRows(summary, durationsRow);
  if (rows.every((row) => row.slice(1).every((cell) => cell === "-"))) return [];
  const table = withoutEmptyColumns({ head: DURATION_HEADS, rows });
  const note = "medians, where it does not say p99";
  return tableSection(["Where the time went", note], table, DURATION_DROP, page);
}

/** Under its title, and a note that also tells which columns had no room. */
export function tableSection(
  [name, note]: readonly [name: string, note: string],
  table: Table,
  drop: readonly string[],
  page: Page,
): string[] {
  const { lines: [head = "", ...lines], left } = fittedLines(table, { width: page.width, drop });
  const noted = `${note}${leftNote(left)}`.replace(/^; /, "");
  return [...title(name, noted, page), page.style.faint(head), ...lines];
}

function durationsRow(name: string, series: SummarySeries): string[] {
  const { phases, lag_ms, service_time_ms, blocked_ms } = series;
  const of = (stats: Stats | null, key: "p50" | "p99"): string => formatMs(stats?.[key]);
  return [
    name,
    of(lag_ms, "p99"),
    of(service_time_ms, "p50"),
    of(blocked_ms, "p99"),
    of(phases.dns_ms, "p50"),
    of(phases.connect_ms, "p50"),
    of(phases.tls_handshake_ms, "p50"),
    of(phases.tls_handshake_ms, "p99"),
    of(phases.ttfb_ms, "p50"),
    of(phases.ttfb_ms, "p99"),
  ];
}

/** What went over the wire: answers by status, connections, bytes. */
export function exchangesSection(summary: Summary, page: Page): string[] {
  const heads = statusHeads(summary);
  const rows = seriesRows(summary, (name, series) => [
    name,
    ...exchangeCells(series, heads),
  ]);
  const head = ["", ...heads, "new", "reused", "sent", "received"];
  const drop = ["sent", "received", "reused", "new", ...heads.toReversed()];
  const statuses = heads.length > 0 ? "answers by status, " : "";
  const note = `${statuses}connections new and reused, bytes`;
  return tableSection(["On the wire", note], { head, rows }, drop, page);
}

/** Durations and counters that the flows name themselves, below their scenario. */
export function ownSection(summary: Summary, page: Page): string[] {
  const rows = scenariosOf(summary).flatMap(([name, scenario]) => {
    const { observed, counters } = scenario;
    const untold = ([own]: readonly [string, unknown]): boolean => !isToldApart(own, scenario);
    const own = [
      ...Object.entries(observed).filter(untold).map(([own, { stats_ms: s }]) => [
        `  ${oneLine(own)}`,
        formatCount(s.count),
        ...timeCells(s),
      ]),
      ...Object.entries(counters).filter(untold).map(([own, count]) => [
        `  ${oneLine(own)}`,
        formatCount(count),
      ]),
    ];
    return own.length === 0 ? [] : [[oneLine(name)], ...own];
  });
  if (rows.length === 0) return [];
  const head = ["", "count", "avg", "min", "p50", "p95", "p99", "max"];
  const drop = ["min", "avg", "p50", "max", "p99"];
  return tableSection(["Of the flows' own", ""], withoutEmptyColumns({ head, rows }), drop, page);
}

/** A row for each scenario, and for each of its steps. */
function seriesRows(
  summary: Summary,
  row: (name: string, series: SummarySeries) => string[],
): string[][] {
  return namedSeries(scenariosOf(summary)).map(([name, series]) => row(name, series));
}

/** Steps are set in below their scenario. */
function namedSeries(scenarios: readonly [string, SummaryScenario][]): [string, SummarySeries][] {
  return scenarios.flatMap(([name, data]) =>
    seriesOf(name, data).map(({ step, series }): [string, SummarySeries] => [
      step === null ? oneLine(name) : `  ${oneLine(step)}`,
      series,
    ])
  );
}
