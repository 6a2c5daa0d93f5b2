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
  figureVerdict,
  intervalText,
  methodText,
} from "../comparison.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../format.ts";
import { loadRows, methodologyRows } from "../methodology.ts";
import { changedCounters, metricName, metricValue } from "../server_metrics.ts";
import { oneLine } from "../style.ts";
import { inUnit, peerNames, peersOf, seriesOf, thresholdValue, whereOf } from "../words.ts";
import { intervalPicture } from "./interval.ts";
import { breakable, html, type Markup } from "./markup.ts";

interface Column {
  readonly head: string;
  /** To the left and wrapped; figures are to the right and are not. */
  readonly text?: true;
}

export function table(columns: readonly Column[], rows: readonly Markup[]): Markup {
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr>${columns.map(({ head, text }) =>
            html`
              <th scope="col" ${text ? "" : html`
                class="n"
              `}>${head}</th>
            `
          )}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

export function thresholdTable({ thresholds }: Summary): Markup {
  const marks = { pass: "✓", fail: "✗", no_data: "✗", skipped: "–" } as const;
  const words = { pass: "passed", fail: "failed", no_data: "no data", skipped: "skipped" } as const;
  const rows = thresholds.map((threshold) =>
    html`
      <tr class="${threshold.verdict}">
        <td><span class="mark" role="img" aria-label="${words[threshold.verdict]}">${marks[
          threshold.verdict
        ]}</span></td>
        <td>${breakable(whereOf(threshold))}</td>
        <td><code>${threshold.text}</code></td>
        <td class="n">${thresholdValue(threshold)}</td>
        <td class="n">${inUnit(threshold.limit, threshold.unit)}</td>
        <td class="n">${formatCount(threshold.samples)}</td>
      </tr>
    `
  );
  return table([
    { head: "", text: true },
    { head: "Scenario", text: true },
    { head: "Threshold", text: true },
    { head: "Measured" },
    { head: "Limit" },
    { head: "Samples" },
  ], rows);
}

/** A tier's scenarios and steps; under each figure the limits that the plan sets it. */
export function resultTable(
  phase: Readonly<Record<string, SummaryScenario>>,
  thresholds: readonly ThresholdResult[],
): Markup {
  const rows = Object.entries(phase).flatMap(([name, data]) =>
    seriesOf(name, data).map(({ step, series }) => {
      const mine = thresholds.filter((one) => one.scenario === name && one.step === step);
      return resultRow(name, step, series, data, mine);
    })
  );
  const figures = ["Count", "Rate", "Failed", "Avg", "Min", "p50", "p95", "p99", "Max"];
  return table([{ head: "Scenario", text: true }, ...figures.map((head) => ({ head }))], rows);
}

const TIMES = ["avg", "min", "p50", "p95", "p99", "max"] as const;

function resultRow(
  name: string,
  step: string | null,
  series: SummarySeries,
  { offered }: SummaryScenario,
  thresholds: readonly ThresholdResult[],
): Markup {
  const stats = series.response_time_ms;
  const asked = step === null && offered ? `, ${formatRate(offered.rate_per_s)} offered` : "";
  return html`<tr${
    step === null ? "" : html`
      class="step"
    `
  }>
<th scope="row">${breakable(step ?? name)}</th>
<td class="n">${formatCount(series.count)}${limits(thresholds, "count")}</td>
<td class="n" title="${formatRate(series.rate_per_s)} finished${asked}">${
    formatRate(series.rate_per_s)
  }${limits(thresholds, "rate")}</td>
<td class="n${series.failed > 0 ? " bad" : ""}">${formatPercent(series.error_rate)}${
    limits(thresholds, "error_rate")
  }</td>
${
    TIMES.map((key) =>
      html`<td class="n">${formatMs(stats?.[key])}${
        limits(thresholds, `response_time ${key}`)
      }</td>`
    )
  }</tr>`;
}

function limits(thresholds: readonly ThresholdResult[], measure: string): Markup[] {
  return thresholds.filter((one) => one.measure === measure && one.limit !== null).map((one) =>
    html`<small class="limit ${one.verdict}">${one.comparison} ${
      inUnit(one.limit, one.unit)
    }</small>`
  );
}

export function failureTable(name: string, scenario: SummaryScenario): Markup {
  const all = seriesOf(name, scenario);
  const rows = (all.length > 1 ? all.slice(1) : all).flatMap(({ step, series }) =>
    series.failures.map((failure) =>
      html`
        <tr>
          <td><code>${failure.class}</code></td>
          <td>${step ?? ""}</td>
          <td class="n bad">${formatCount(failure.count)}</td>
          <td class="sample">${oneLine(failure.sample, 300)}</td>
        </tr>
      `
    )
  );
  if (rows.length === 0) return html``;
  return html`<h4>Failures</h4>${
    table([
      { head: "Class", text: true },
      { head: all.length > 1 ? "Step" : "", text: true },
      { head: "Count" },
      { head: "Sample", text: true },
    ], rows)
  }`;
}

/** Durations and counters that a flow names itself. */
export function ownTable({ observed, counters }: SummaryScenario): Markup {
  const rows = [
    ...Object.entries(observed).map(([name, { stats_ms: stats }]) =>
      html`<tr><th scope="row">${name}</th><td class="n">${formatCount(stats.count)}</td>
${
        [stats.avg, stats.p50, stats.p95, stats.p99, stats.max].map((ms) =>
          html`<td class="n">${formatMs(ms)}</td>`
        )
      }</tr>`
    ),
    ...Object.entries(counters).map(([name, count]) =>
      html`
        <tr>
          <th scope="row">${name}</th>
          <td class="n">${formatCount(count)}</td>
        </tr>
      `
    ),
  ];
  if (rows.length === 0) return html``;
  const figures = ["Count", "Avg", "p50", "p95", "p99", "Max"];
  return html`<h4>Of the flow's own</h4>${
    table([{ head: "", text: true }, ...figures.map((head) => ({ head }))], rows)
  }`;
}

export function peerTable(summary: Summary): Markup {
  const rows = peersOf(summary).map(({ peer, scenarios }) =>
    html`
      <tr>
        <td>${oneLine(peerNames(peer), 200)}</td>
        <td>${peer.key_type}</td>
        <td>${[peer.tls_version, peer.cipher].filter(Boolean).join(", ")}</td>
        <td>${peer.issuer}</td>
        <td class="n">${peer.not_after.slice(0, 10)}</td>
        <td><code class="fingerprint">${peer.fingerprint_sha256}</code></td>
        <td class="n">${formatCount(peer.exchanges)}</td>
        <td>${scenarios.join(", ")}</td>
      </tr>
    `
  );
  return table([
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
    figures.map((figure, i) =>
      html`<tr class="${figure.verdict}">${
        i === 0 && html`<th scope="rowgroup" rowspan="${figures.length}">${breakable(name)}</th>`
      }
<td class="key-cell">${figure.measure.replace("_", " ")}</td>
<td class="n">${figureValue(figure, figure.base)}</td>
<td class="n">${figureValue(figure, figure.next)}</td>
<td class="n">${changeText(figure, figure.change)}</td>
<td>${intervalPicture(figure, allow)}</td><td class="n">${intervalText(figure)}</td>
<td class="key-cell">${figureVerdict(figure)}</td></tr>`
    )
  );
  return table([
    { head: "Scenario", text: true },
    { head: "", text: true },
    { head: "Base" },
    { head: "New" },
    { head: "Change" },
    { head: "", text: true },
    { head: "Interval" },
    { head: "Verdict", text: true },
  ], rows);
}

export function serverTables(metrics: ServerMetricsSummary): Markup {
  const changes = changedCounters(metrics).map((counter) =>
    html`<tr><th scope="row"><code>${metricName(counter)}</code></th>
${
      [counter.before, counter.after, counter.delta].map((value) =>
        html`<td class="n">${metricValue(counter.name, value)}</td>`
      )
    }</tr>`
  );
  const seen = metrics.histograms.filter(({ count }) => count > 0).map((one) =>
    html`<tr><th scope="row"><code>${metricName(one)}</code></th><td class="n">${
      formatCount(one.count)
    }</td>
${
      [one.avg, one.p50, one.p95, one.p99].map((value) =>
        html`<td class="n">${metricValue(one.name, value)}</td>`
      )
    }</tr>`
  );
  const name: Column = { head: "Metric", text: true };
  const of = (...heads: string[]): Column[] => [name, ...heads.map((head) => ({ head }))];
  return html`${changes.length > 0 ? table(of("Before", "After", "Change"), changes) : ""}
${seen.length > 0 ? table(of("Count", "Avg", "p50", "p95", "p99"), seen) : ""}`;
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
