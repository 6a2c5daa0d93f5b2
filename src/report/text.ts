/** summary.txt and what is printed at the end of a run. Pure; at most 100 columns wide unless names are long. */
import type {
  Finding,
  Stats,
  Summary,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  ThresholdResult,
} from "../metrics/summary_schema.ts";
import { comparisonLines } from "./comparison.ts";
import { metricsOfTier, serverMetricsTable, tellsAnything } from "./server_metrics.ts";
import { methodologyRows } from "./methodology.ts";
import { oneLine, type Style, styleOf, wrap } from "./style.ts";
import { tableLines, withoutEmptyColumns } from "./table.ts";
import {
  findingGroups,
  LAB_WARNING,
  nameOfPhase,
  partOfRun,
  peerNames,
  peersOf,
  plural,
  scenariosOf,
  thresholdValue,
  validityWord,
  verdictWord,
  whereOf,
} from "./words.ts";
import {
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
} from "../metrics/format.ts";

const WIDTH = 100;

export interface TextOptions {
  readonly color?: boolean;
}

export function renderText(summary: Summary, { color = false }: TextOptions = {}): string {
  const style = styleOf(color);
  const sections = [
    verdictSection(summary, style),
    validitySection(summary, style),
    thresholdSection(summary, style),
    summary.comparison ? comparisonLines(summary.comparison, style) : [],
    ...phaseSections(summary, style),
    durationsSection(summary, style),
    failureSection(summary, style),
    ownSection(summary, style),
    peerSection(summary, style),
    serverSection(summary, style),
    methodologySection(summary, style),
    exitLine(summary, style),
  ];
  return sections.filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n")).join("\n\n") + "\n";
}

function verdictSection(summary: Summary, style: Style): string[] {
  const { exit, totals, methodology } = summary;
  const paint = exit.code === 0 ? style.good : style.bad;
  const lines = [
    `${paint(style.strong(verdictWord(summary)))}  ${style.strong(oneLine(summary.plan.name))}`,
    ...wrap(oneLine(exit.reason), WIDTH),
    `${formatCount(totals.iterations)} iterations, ${formatCount(totals.requests)} requests in ${
      formatSeconds(summary.duration_s)
    }, ${formatPercent(totals.error_rate)} failed`,
  ];
  if (methodology.target.lab) lines.push(style.warn(LAB_WARNING));
  return lines;
}

function validitySection(summary: Summary, style: Style): string[] {
  const { verdict, reasons, warnings } = summary.validity;
  const part = partOfRun(summary);
  if (verdict === "valid" && warnings.length === 0 && part === undefined) return [];
  const unfit = verdict === "valid" ? "" : ": the figures must not be used";
  const word = validityWord(summary);
  const head = `${style.strong("Validity")}  ${unfit ? style.bad(word) : word}${unfit}`;
  const shown = (findings: readonly Finding[], paint: Style["bad"], mark: string): string[] =>
    findingGroups(findings).flatMap(({ messages, advice }) => [
      ...messages.flatMap((message) => indented(`${paint(mark)} ${oneLine(message)}`, 2, 4)),
      ...indented(style.faint(advice), 4, 4),
    ]);
  return [
    head,
    ...(part === undefined ? [] : indented(`${style.warn("!")} ${part}`, 2, 4)),
    ...shown(reasons, style.bad, "✗"),
    ...shown(warnings, style.warn, "!"),
  ];
}

function thresholdSection({ thresholds }: Summary, style: Style): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map((threshold) => [
    `  ${whereOf(threshold)}`,
    threshold.text,
    thresholdValue(threshold),
  ]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  const lines = rows.map((row, i) =>
    `  ${mark(thresholds[i]!, style)}${row[0]!.slice(1).padEnd(width(0))}  ${
      row[1]!.padEnd(width(1))
    }  ${row[2]}`
  );
  return [style.strong("Thresholds"), ...lines];
}

function mark({ verdict }: ThresholdResult, style: Style): string {
  if (verdict === "pass") return style.good("✓");
  if (verdict === "cannot_tell") return style.warn("?");
  return verdict === "skipped" ? style.faint("-") : style.bad("✗");
}

/** One table over all tiers, so that their columns are in line, cut into a section for each. */
function phaseSections(summary: Summary, style: Style): string[][] {
  const { phases } = summary;
  const head = ["", "count", "rate", "failed", "avg", "min", "p50", "p95", "p99", "max"];
  const rowsOf = (phase: Record<string, SummaryScenario>): string[][] =>
    Object.entries(phase).flatMap(([scenario, data]) => [
      resultRow(oneLine(scenario), data),
      ...stepsOf(data).map(([step, series]) => resultRow(`  ${oneLine(step)}`, series)),
    ]);
  const rows = Object.values(phases).flatMap(rowsOf);
  const [headLine = "", ...lines] = tableLines({ head, rows });
  return Object.entries(phases).map(([name, phase]) => [
    style.strong(nameOfPhase(name)) + style.faint("  response time, from the planned instant"),
    style.faint(headLine),
    ...lines.splice(0, rowsOf(phase).length),
    ...Object.entries(phase).flatMap(([scenario, data]) => shortfall(scenario, data)),
    ...ownMetricsOf(summary, name, style),
  ]);
}

/** What the server says of itself, below what was seen of it. */
function ownMetricsOf(summary: Summary, phase: string | undefined, style: Style): string[] {
  if (!summary.server_metrics) return [];
  const mine = metricsOfTier(summary.server_metrics, phase, Object.keys(summary.phases));
  if (!tellsAnything(mine)) return [];
  const title = phase === undefined ? [] : [`  ${style.faint("the server's own metrics")}`];
  return [...title, ...serverMetricsTable(mine).map((line) => `  ${line}`)];
}

function resultRow(name: string, series: SummarySeries): string[] {
  const stats = series.response_time_ms;
  const times = [stats?.avg, stats?.min, stats?.p50, stats?.p95, stats?.p99, stats?.max];
  return [
    name,
    formatCount(series.count),
    formatRate(series.rate_per_s),
    formatPercent(series.error_rate),
    ...times.map(formatMs),
  ];
}

/** Steps where they say more than the scenario does. */
function stepsOf(scenario: SummaryScenario): [string, SummarySeries][] {
  const steps = Object.entries(scenario.steps);
  return steps.length > 1 ? steps : [];
}

function shortfall(name: string, { offered, dropped, interrupted }: SummaryScenario): string[] {
  if (dropped === 0 && interrupted === 0) return [];
  const parts = [
    dropped > 0 ? `${formatCount(dropped)} dropped` : "",
    interrupted > 0 ? `${formatCount(interrupted)} interrupted` : "",
  ].filter(Boolean).join(", ");
  const of = offered ? ` of ${formatCount(offered.arrivals)} arrivals` : "";
  return [`${oneLine(name)}: ${parts}${of}`];
}

function durationsSection(summary: Summary, style: Style): string[] {
  const head = [
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
  const rows = scenariosOf(summary).flatMap(([name, data]) => [
    durationsRow(oneLine(name), data),
    ...stepsOf(data).map(([step, series]) => durationsRow(`  ${oneLine(step)}`, series)),
  ]);
  if (rows.every((row) => row.slice(1).every((cell) => cell === "-"))) return [];
  const [headLine, ...lines] = tableLines(withoutEmptyColumns({ head, rows }));
  return [
    style.strong("Where the time went") + style.faint("  medians, where it does not say p99"),
    style.faint(headLine ?? ""),
    ...lines,
  ];
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

function failureSection(summary: Summary, style: Style): string[] {
  const lines = scenariosOf(summary).flatMap(([name, data]) => {
    const series: [string, SummarySeries][] = stepsOf(data).length > 0
      ? stepsOf(data).map(([step, of]) => [`${name} ${step}`, of])
      : [[name, data]];
    return series.flatMap(([where, of]) =>
      of.failures.flatMap((failure) => [
        `  ${style.bad(formatCount(failure.count))} ${failure.class} in ${oneLine(where)}`,
        ...indented(style.faint(oneLine(failure.sample, 300)), 4, 4),
      ])
    );
  });
  return lines.length === 0 ? [] : [style.strong("Failures"), ...lines];
}

/** Durations and counters that the flows name themselves. */
function ownSection(summary: Summary, style: Style): string[] {
  const rows = scenariosOf(summary).flatMap(([name, { observed, counters }]) => [
    ...Object.entries(observed).map(([own, { stats_ms: s }]) => [
      `${oneLine(name)} ${oneLine(own)}`,
      formatCount(s.count),
      ...[s.avg, s.min, s.p50, s.p95, s.p99, s.max].map(formatMs),
    ]),
    ...Object.entries(counters).map(([own, count]) => [
      `${oneLine(name)} ${oneLine(own)}`,
      formatCount(count),
    ]),
  ]);
  if (rows.length === 0) return [];
  const head = ["", "count", "avg", "min", "p50", "p95", "p99", "max"];
  const [headLine, ...lines] = tableLines(withoutEmptyColumns({ head, rows }), 44);
  return [style.strong("Of the flows' own"), style.faint(headLine ?? ""), ...lines];
}

function peerSection(summary: Summary, style: Style): string[] {
  const served = peersOf(summary).flatMap(({ peer, scenarios }) => [
    ...indented(peerText(peer, scenarios), 2, 4),
    `    ${style.faint(`sha256 ${peer.fingerprint_sha256}`)}`,
  ]);
  const others = scenariosOf(summary).filter(([, data]) => data.other_peer_exchanges > 0)
    .map(([name, data]) =>
      `  ${oneLine(name)}: ${plural(data.other_peer_exchanges, "exchange")} with further ones`
    );
  const lines = [...served, ...others];
  return lines.length === 0 ? [] : [style.strong("Certificates served"), ...lines];
}

function peerText(peer: SummaryPeer, scenarios: readonly string[]): string {
  const tls = [peer.key_type, peer.tls_version, peer.cipher].filter(Boolean).join(", ");
  const seen = `${plural(peer.exchanges, "exchange")} of ${
    scenarios.map((s) => oneLine(s)).join(", ")
  }`;
  return `${oneLine(peerNames(peer), 200)}: ${oneLine(tls)}, until ${
    peer.not_after.slice(0, 10)
  }; ${seen}`;
}

function serverSection(summary: Summary, style: Style): string[] {
  const { server_metrics: metrics } = summary;
  if (!metrics) return [];
  const problem = metrics.problem ? [`  ${oneLine(metrics.problem)}`] : [];
  const lines = [...problem, ...ownMetricsOf(summary, undefined, style)];
  return lines.length === 0 ? [] : [style.strong("The server's own metrics"), ...lines];
}

function methodologySection(summary: Summary, style: Style): string[] {
  return [
    style.strong("Methodology"),
    ...methodologyRows(summary).flatMap(([what, is]) => {
      const lines = wrap(oneLine(is), WIDTH - 14);
      return lines.map((line, i) => `  ${(i === 0 ? what : "").padEnd(10)}  ${line}`);
    }),
  ];
}

function exitLine({ exit }: Summary, style: Style): string[] {
  const paint = exit.code === 0 ? style.good : style.bad;
  return wrap(oneLine(`exit ${exit.code}: ${exit.reason}`), WIDTH).map(paint);
}

function indented(text: string, first: number, rest: number): string[] {
  return wrap(text, WIDTH - rest).map((line, i) => " ".repeat(i === 0 ? first : rest) + line);
}
