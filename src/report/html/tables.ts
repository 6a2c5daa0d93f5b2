/** The report's tables. */
import type {
  ServerMetricsSummary,
  Summary,
  SummaryScenario,
  SummarySeries,
  ThresholdResult,
} from "../../metrics/summary_schema.ts";
import {
  changeText,
  type FigureGroup,
  figureGroups,
  figureValue,
  intervalText,
  methodText,
} from "../comparison.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../../metrics/format.ts";
import { exchangeCells, statusHeads } from "../exchanges.ts";
import { FIGURE_MARKS, THRESHOLD_MARKS } from "../marks.ts";
import { isToldApart } from "../lifecycle.ts";
import { loadRows, methodologyRows } from "../methodology.ts";
import {
  COUNTER_HEADS,
  counterRows,
  HISTOGRAM_HEADS,
  histogramRows,
  type MetricRow,
  QUANTILES_NOTE,
} from "../server_metrics.ts";
import { failedCells, RESULT_HEADS, TIMES } from "../results.ts";
import { SHARD_HEADS, type ShardRow } from "../shards.ts";
import { oneLine } from "../style.ts";
import { scenariosOf } from "../../metrics/scenarios.ts";
import {
  FAILED_ROW,
  failuresOf,
  inUnit,
  peerNames,
  peersOf,
  plural,
  seriesOf,
  thresholdValue,
  tlsOf,
  whereOf,
} from "../words.ts";
import { intervalPicture } from "./interval.ts";
import { breakable, html, type Markup } from "./markup.ts";
import { type Column, type Row, table } from "./table.ts";

export function thresholdTable(thresholds: readonly ThresholdResult[]): Markup {
  const rows = thresholds.map((threshold): Row => {
    const { verdict, text, limit, unit, samples } = threshold;
    const { sign, word } = THRESHOLD_MARKS[verdict];
    const mark = html`<span class="mark" role="img" aria-label="${word}">${sign}</span>`;
    return {
      class: verdict,
      cells: [
        { is: mark, class: "of-mark" },
        { is: breakable(whereOf(threshold)), class: "of-where" },
        { is: html`<code>${text}</code>`, class: "of-text" },
        { is: thresholdValue(threshold), class: "of-value" },
        inUnit(limit, unit),
        formatCount(samples),
      ],
    };
  });
  return table("thresholds", [
    { head: "Outcome", text: true, unseen: true },
    { head: "Scenario", text: true },
    { head: "Threshold", text: true },
    { head: "Measured" },
    { head: "Limit" },
    { head: "Samples" },
  ], rows);
}

/** A tier's scenarios and steps; under each figure the limits that the plan sets it. */
export function resultTable(
  tier: Readonly<Record<string, SummaryScenario>>,
  thresholds: readonly ThresholdResult[],
): Markup {
  const rows = Object.entries(tier).flatMap(([name, data]) =>
    seriesOf(name, data).flatMap(({ step, series }) => {
      const mine = thresholds.filter((one) => one.scenario === name && one.step === step);
      return [resultRow(name, step, series, data, mine), ...failedRow(series)];
    })
  );
  return table("results", columnsOf("Scenario", RESULT_HEADS), rows);
}

function resultRow(
  name: string,
  step: string | null,
  series: SummarySeries,
  { offered }: SummaryScenario,
  thresholds: readonly ThresholdResult[],
): Row {
  const stats = series.response_time_ms;
  const asked = step === null && offered ? `, ${formatRate(offered.rate_per_s)} offered` : "";
  const rate = formatRate(series.rate_per_s);
  const limited = (text: string, measure: string): Markup =>
    html`${text}${limits(thresholds, measure)}`;
  const kind = step === null ? undefined : "step";
  const named: Row["cells"][number] = { is: breakable(step ?? name), heads: "row" };
  if (series.count === 0) {
    // Of nothing there are no figures; its failed share is none either.
    return { class: kind, cells: [named, "0", ...RESULT_HEADS.slice(1).map(() => "")] };
  }
  return {
    class: kind,
    cells: [
      named,
      limited(formatCount(series.count), "count"),
      { is: limited(rate, "rate"), title: `${rate} finished${asked}` },
      {
        is: limited(formatPercent(series.error_rate), "error_rate"),
        class: series.failed > 0 ? "bad" : undefined,
      },
      ...TIMES.map((key) => limited(formatMs(stats?.[key]), `response_time ${key}`)),
    ],
  };
}

/** Failures that are in no response time, with the times that they took. */
function failedRow(series: SummarySeries): Row[] {
  const failed = failedCells(series);
  return failed ? [{ class: "step", cells: [{ is: FAILED_ROW, heads: "row" }, ...failed] }] : [];
}

/** The machines that shared the run, all of them. */
export function shardTable(rows: readonly ShardRow[]): Markup {
  const columns = SHARD_HEADS.map((head, i): Column => (
    i === 0 || i === SHARD_HEADS.length - 1 ? { head, text: true } : { head }
  ));
  return table(
    "shards",
    columns,
    rows.map(({ cells: [name = "", ...cells], isBad }) => ({
      cells: [
        { is: breakable(name), heads: "row" as const },
        ...cells.map((is) => ({ is, class: isBad ? "bad" : undefined })),
      ],
    })),
  );
}

/** What went over the wire, of all scenarios and steps. */
export function exchangeTable(summary: Summary): Markup {
  const heads = statusHeads(summary);
  const rows = scenariosOf(summary).flatMap(([name, data]) =>
    seriesOf(name, data).map(({ step, series }): Row => ({
      class: step === null ? undefined : "step",
      cells: [
        { is: breakable(step ?? name), heads: "row" },
        ...exchangeCells(series, heads),
      ],
    }))
  );
  const figures = [...heads, "New connections", "Reused", "Sent", "Received"];
  return table("wire", columnsOf("Scenario", figures), rows);
}

/** Below a figure, what the plan allows it. */
export function limits(thresholds: readonly ThresholdResult[], measure: string): Markup[] {
  return thresholds.filter((one) => one.measure === measure && one.limit !== null).map((one) =>
    html`<small class="limit ${one.verdict}">${one.comparison} ${
      inUnit(one.limit, one.unit)
    }</small>`
  );
}

/** What a response time is made of, each part with its percentiles and the limits that the plan sets it. */
export function partTable(series: SummarySeries, thresholds: readonly ThresholdResult[]): Markup {
  const { service_time_ms, lag_ms, blocked_ms, phases } = series;
  const parts = Object.entries({ service_time_ms, lag_ms, blocked_ms, ...phases });
  const rows = parts.flatMap(([key, stats]): Row[] => {
    if (!stats) return [];
    const name = key.replace(/_ms$/, "");
    const times = PART_TIMES.map((key) =>
      html`${formatMs(stats[key])}${limits(thresholds, `${name} ${key}`)}`
    );
    return [{
      cells: [{ is: name.replace("_", " "), heads: "row" }, formatCount(stats.count), ...times],
    }];
  });
  return rows.length === 0 ? html`` : table("parts", columnsOf("Part", PART_HEADS, true), rows);
}

const PART_HEADS = ["Count", "Avg", "p50", "p95", "p99", "Max"] as const;
const PART_TIMES = ["avg", "p50", "p95", "p99", "max"] as const;

export function failureTable(name: string, scenario: SummaryScenario): Markup {
  const failures = failuresOf(name, scenario);
  if (failures.length === 0) return html``;
  const rows = failures.map(({ step, failure }): Row => ({
    cells: [
      html`<code>${failure.class}</code>`,
      step ?? "",
      { is: formatCount(failure.count), class: "bad" },
      { is: oneLine(failure.sample, 300), class: "sample wide" },
    ],
  }));
  return html`<h4>Failures</h4>${
    table("failures", [
      { head: "Class", text: true },
      {
        head: "Step",
        text: true,
        ...(failures.some(({ step }) => step !== null) ? {} : { unseen: true } as const),
      },
      { head: "Count" },
      { head: "Sample", text: true },
    ], rows)
  }`;
}

/** Durations and counters that a flow names itself. */
export function ownTable(
  scenario: SummaryScenario,
  thresholds: readonly ThresholdResult[],
): Markup {
  const { observed, counters } = scenario;
  const untold = ([own]: readonly [string, unknown]): boolean => !isToldApart(own, scenario);
  const named = (is: string): Row["cells"][number] => ({ is, heads: "row" });
  const durations = Object.entries(observed).filter(untold).map((
    [name, { stats_ms: stats }],
  ): Row => ({
    cells: [
      named(name),
      formatCount(stats.count),
      ...PART_TIMES.map((key) =>
        html`${formatMs(stats[key])}${limits(thresholds, `${name} ${key}`)}`
      ),
    ],
  }));
  const counts = Object.entries(counters).filter(untold).map(([name, count]): Row => ({
    cells: [
      named(name),
      html`${formatCount(count)}${limits(thresholds, `${name} count`)}`,
      ...PART_TIMES.map(() => ""),
    ],
  }));
  if (durations.length + counts.length === 0) return html``;
  return html`<h4>Of the flow's own</h4>${
    table("parts", columnsOf("Part", PART_HEADS, true), [...durations, ...counts])
  }`;
}

export function peerTable(summary: Summary): Markup {
  const rows = peersOf(summary).map(({ peer, scenarios }): Row => ({
    cells: [
      { is: oneLine(peerNames(peer), 200), heads: "row" },
      peer.key_type,
      tlsOf(peer),
      html`${peer.issuer}<small class="limit">chain of ${
        plural(peer.chain_length, "certificate")
      }</small>`,
      peer.not_after.slice(0, 10),
      { is: html`<code class="fingerprint">${peer.fingerprint_sha256}</code>`, class: "wide" },
      formatCount(peer.exchanges),
      { is: scenarios.map((name) => html`<div>${breakable(name)}</div>`), class: "wide" },
    ],
  }));
  return table("peers", [
    { head: "Names", text: true },
    { head: "Key", text: true },
    { head: "TLS", text: true },
    { head: "Issuer", text: true },
    { head: "Until" },
    { head: "SHA-256", text: true },
    { head: "Exchanges" },
    { head: "Seen by", text: true },
  ], rows);
}

export function comparisonTable({ comparison }: Summary): Markup {
  if (!comparison || comparison.figures.length === 0) return html``;
  const { shown, left } = figureGroups(comparison);
  const steps = left.length > 0 &&
    html`<details><summary>Steps without a certain change</summary>${
      figureTable(left, comparison.allow)
    }</details>`;
  return html`${figureTable(shown, comparison.allow)}${steps}
<p class="note">${methodText(comparison)}</p>`;
}

function figureTable(groups: readonly FigureGroup[], allow: number): Markup {
  const rows = groups.flatMap(({ name, figures }) =>
    figures.map((figure, i): Row => ({
      class: figure.verdict,
      cells: [
        ...(i === 0
          ? [{ is: breakable(name), heads: "rowgroup", rows: figures.length } as const]
          : []),
        { is: figure.measure.replace("_", " "), class: "key-cell" },
        figureValue(figure, figure.base),
        figureValue(figure, figure.next),
        changeText(figure, figure.change),
        { is: intervalPicture(figure, allow), class: "picture" },
        intervalText(figure),
        { is: FIGURE_MARKS[figure.verdict].word, class: "key-cell" },
      ],
    }))
  );
  return table("compared", [
    { head: "Scenario", text: true },
    { head: "Figure", text: true, unseen: true },
    { head: "Base" },
    { head: "New" },
    { head: "Change" },
    { head: "Interval as a picture", text: true, unseen: true },
    { head: "Interval" },
    { head: "Verdict", text: true },
  ], rows);
}

export function serverTables(metrics: ServerMetricsSummary): Markup {
  const row = ([name, ...cells]: MetricRow): Row => ({
    cells: [{ is: html`<code>${name}</code>`, heads: "row" }, ...cells],
  });
  const shown = (heads: readonly string[], rows: readonly MetricRow[]): Markup | false =>
    rows.length > 0 && table("own", columnsOf("Metric", heads), rows.map(row));
  const seen = shown(HISTOGRAM_HEADS, histogramRows(metrics));
  return html`${shown(COUNTER_HEADS, counterRows(metrics))}
${seen}
${seen && html`<p class="note">${QUANTILES_NOTE}.</p>`}`;
}

export function methodologyTable(summary: Summary): Markup {
  return html`<dl class="methodology">${
    [...methodologyRows(summary), ...loadRows(summary)].map(([what, is]) =>
      html`
        <dt>${what}</dt>
        <dd>${is}</dd>
      `
    )
  }</dl>`;
}

/** A column of names, then figures. */
function columnsOf(name: string, figures: readonly string[], unseen = false): Column[] {
  return [
    { head: name, text: true, ...(unseen && { unseen: true } as const) },
    ...figures.map((head) => ({ head })),
  ];
}
