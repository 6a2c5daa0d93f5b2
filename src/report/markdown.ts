/** Markdown (GitHub's) for a pull request or a job's step summary: the verdict and the tables, the rest folded away. */
import type {
  Comparison,
  Finding,
  Summary,
  SummarySeries,
  ThresholdResult,
} from "../metrics/summary_schema.ts";
import {
  changeText,
  comparedText,
  countsText,
  figureName,
  figureValue,
  intervalText,
  methodText,
} from "./comparison.ts";
import { exchangeCells, statusHeads } from "./exchanges.ts";
import {
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
} from "../metrics/format.ts";
import {
  BAD,
  COMPARISON_MARKS,
  differenceMark,
  exitMark,
  FIGURE_MARKS,
  type Mark,
  THRESHOLD_MARKS,
  WARN,
} from "./marks.ts";
import { failedCells, RESULT_HEADS, resultCells } from "./results.ts";
import {
  DEPLOY_HEADS,
  DEPLOY_NOTE,
  deployCells,
  deployRemarks,
  deployRows,
  hasDeployments,
  hasJobs,
  JOB_HEADS,
  jobCells,
  jobRemarks,
  type Remark,
} from "./lifecycle.ts";
import { fewShardRows, SHARD_HEADS, SHARD_NOTE } from "./shards.ts";
import { oneLine } from "./style.ts";
import { loadRows, methodologyRows } from "./methodology.ts";
import {
  COUNTER_HEADS,
  counterRows,
  HISTOGRAM_HEADS,
  histogramRows,
  type MetricRow,
  metricsOfTier,
  QUANTILES_NOTE,
} from "./server_metrics.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import {
  exitReason,
  FAILED_ROW,
  failuresOf,
  findingGroups,
  inUnit,
  judgedThresholds,
  LAB_WARNING,
  nameOfTier,
  otherFindings,
  partOfRun,
  peerNames,
  peersOf,
  plural,
  RESPONSE_TIME_NOTE,
  saturatedHost,
  seriesOf,
  thresholdValue,
  tlsOf,
  validityWord,
  whereOf,
} from "./words.ts";

/**
 * A summary as Markdown (GitHub's), for job summaries and comments. Whatever a server said is escaped.
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderMarkdown(summary), "## ");
 * ```
 */
export function renderMarkdown(summary: Summary): string {
  const sections = [
    headSection(summary),
    validitySection(summary),
    thresholdTable(summary),
    summary.comparison ? comparisonSection(summary.comparison) : "",
    ...Object.entries(summary.phases).map(([name]) => tierTable(summary, name)),
    deploymentTable(summary),
    jobTable(summary),
    failureTable(summary),
    folded("On the wire: answers by status, connections, bytes", exchangeTable(summary)),
    serverProblem(summary),
    ownMetrics(summary, undefined),
    folded("Shards", shardTable(summary)),
    folded("Certificates served", peerTable(summary)),
    folded("Methodology", methodologyTable(summary)),
  ];
  return sections.filter((section) => section !== "").join("\n\n") + "\n";
}

/** Text as it is: no markup, no table cell, no mention can come of it. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*{}[\]()#+!|<>~@$]|(?<!\w)_|_(?!\w)/g, "\\$&");
}

/** Text in code quotes, in which nothing is markup; with a pipe in it, which would end a table's cell, as entities. */
export function codeMarkdown(text: string): string {
  const clean = oneLine(text);
  if (clean.includes("|")) return `<code>${asEntities(clean)}</code>`;
  const longest = Math.max(0, ...Array.from(clean.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = clean.startsWith("`") || clean.endsWith("`") ? " " : "";
  return fence + pad + clean + pad + fence;
}

function asEntities(text: string): string {
  return text.replace(/[!-,/:-@[-^`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function headSection(summary: Summary): string {
  const { exit, totals, methodology } = summary;
  const { icon, word } = exitMark(summary);
  const host = saturatedHost(summary);
  const reason = exitReason(summary);
  const lines = [
    ...(host
      ? [`> ${WARN.icon} ${escapeMarkdown(host.message)}. ${escapeMarkdown(host.advice)}.`, ""]
      : []),
    `## ${icon} ${word}: ${escapeMarkdown(summary.plan.name)}`,
    "",
    `${reason === "" ? `Exit ${exit.code}.` : `${escapeMarkdown(reason)} (exit ${exit.code}).`} ${
      plural(totals.iterations, "iteration")
    } in ${formatSeconds(summary.duration_s)}, ${formatPercent(totals.error_rate)} failed.`,
  ];
  if (methodology.target.lab) lines.push("", `> ${LAB_WARNING}`);
  return lines.join("\n");
}

function validitySection(summary: Summary): string {
  const { reasons, warnings } = summary.validity;
  const part = partOfRun(summary);
  const shown = (findings: readonly Finding[], { icon }: Mark): string[] =>
    findingGroups(findings).flatMap(({ messages, advice }) =>
      messages.map((message, i) =>
        `- ${icon} ${escapeMarkdown(message)}.${
          i < messages.length - 1 ? "" : ` ${escapeMarkdown(advice)}.`
        }`
      )
    );
  const items = [
    ...(part === undefined ? [] : [`- ${WARN.icon} ${escapeMarkdown(part)}.`]),
    ...shown(otherFindings(reasons), BAD),
    ...shown(otherFindings(warnings), WARN),
  ];
  if (items.length === 0) return "";
  return [`### Validity: ${validityWord(summary)}`, "", ...items].join("\n");
}

function thresholdTable(summary: Summary): string {
  const thresholds = judgedThresholds(summary);
  if (thresholds.length === 0) return "";
  return section(
    "### Thresholds",
    table(
      ["", "Scenario", "Threshold", "Measured"],
      thresholds.map((threshold) => [
        THRESHOLD_MARKS[threshold.verdict].icon,
        codeMarkdown(whereOf(threshold)),
        codeMarkdown(threshold.text),
        thresholdValue(threshold),
      ]),
      3,
    ),
  );
}

function shardTable(summary: Summary): string {
  const { rows, more } = fewShardRows(summary);
  if (rows.length === 0) return "";
  const last = SHARD_HEADS.length - 1;
  const cells = rows.map(({ cells }) =>
    cells.map((cell, i) => i === 0 || i === last ? escapeMarkdown(cell) : cell)
  );
  const note = `Began${SHARD_NOTE.slice("began".length)}.`;
  const rest = more === 0 ? "" : ` And ${formatCount(more)} more.`;
  return `${table(SHARD_HEADS, cells, 1)}\n\n${note}${rest}`;
}

/** What changed beyond the allowed at a glance, all figures folded away. */
export function comparisonSection(comparison: Comparison): string {
  const { verdict, differences, figures } = comparison;
  const { icon, word } = COMPARISON_MARKS[verdict];
  const counts = figures.length > 0 ? ` (${countsText(comparison)})` : "";
  const told = figures.filter(({ verdict }) => verdict === "regressed" || verdict === "improved");
  return [
    `### ${icon} Comparison: ${word}${counts}`,
    escapeMarkdown(comparedText(comparison)),
    differences.map((difference) =>
      `- ${differenceMark(difference).icon} ${escapeMarkdown(difference.message)}`
    ).join("\n"),
    told.length > 0 ? figureTable(told) : "",
    figures.length > 0
      ? folded(
        "All figures",
        `${figureTable(figures)}\n\n${escapeMarkdown(methodText(comparison))}`,
      )
      : "",
  ].filter((part) => part !== "").join("\n\n");
}

function figureTable(figures: Comparison["figures"]): string {
  const head = ["", "Figure", "Base", "New", "Change", "Interval", "Verdict"];
  const rows = figures.map((figure) => [
    FIGURE_MARKS[figure.verdict].icon,
    codeMarkdown(figureName(figure)),
    figureValue(figure, figure.base),
    figureValue(figure, figure.next),
    changeText(figure, figure.change),
    intervalText(figure),
    FIGURE_MARKS[figure.verdict].word,
  ]);
  return table(head, rows, 2);
}

function tierTable(summary: Summary, tier: string): string {
  const rows = Object.entries(summary.phases[tier] ?? {}).flatMap(([scenario, data]) =>
    seriesOf(scenario, data).flatMap(({ step, series }) =>
      resultRows(step ?? scenario, step, series)
    )
  );
  const head = ["Scenario", ...RESULT_HEADS];
  const own = ownMetrics(summary, tier);
  const note = `${RESPONSE_TIME_NOTE[0]!.toUpperCase()}${RESPONSE_TIME_NOTE.slice(1)}.`;
  const results = `${note}\n\n${table(head, rows, 1)}`;
  return section(`### ${nameOfTier(tier)}`, results) + (own && `\n\n${own}`);
}

/** What the server says of itself, folded away below what was seen of it. */
function ownMetrics({ server_metrics, phases }: Summary, tier: string | undefined): string {
  if (!server_metrics) return "";
  const mine = metricsOfTier(server_metrics, tier, Object.keys(phases));
  const shown = (heads: readonly string[], rows: readonly MetricRow[]): string =>
    rows.length === 0 ? "" : table(
      ["Metric", ...heads],
      rows.map(([name, ...cells]) => [codeMarkdown(name), ...cells]),
      1,
    );
  const seen = shown(HISTOGRAM_HEADS, histogramRows(mine));
  const tables = [
    shown(COUNTER_HEADS, counterRows(mine)),
    seen,
    seen === "" ? "" : `${QUANTILES_NOTE}.`,
  ].filter((text) => text !== "");
  return folded("The server's own metrics", tables.join("\n\n"));
}

function serverProblem({ server_metrics }: Summary): string {
  const { problem, notes = [] } = server_metrics ?? {};
  return [
    problem
      ? `${WARN.icon} The server's own metrics could not be read: ${escapeMarkdown(problem)}`
      : "",
    ...notes.map((note) => `${WARN.icon} The server's own metrics: ${escapeMarkdown(note)}`),
  ].filter(Boolean).join("\n\n");
}

/** The response times, and below them those of failures that are in none of them. */
function resultRows(name: string, step: string | null, series: SummarySeries): string[][] {
  const failed = failedCells(series);
  return [
    [nameCell(name, step), ...resultCells(series)],
    ...(failed ? [[`&emsp;${FAILED_ROW}`, ...failed]] : []),
  ];
}

function deploymentTable(summary: Summary): string {
  const mine = scenariosOf(summary).filter(([, scenario]) => hasDeployments(scenario));
  const rows = mine.flatMap(([name, scenario]) =>
    deployRows(scenario).map((row) => [codeMarkdown(name), row.name, ...deployCells(row)])
  );
  if (mine.length === 0) return "";
  const figures = rows.length === 0 ? "" : table(["Scenario", "Time", ...DEPLOY_HEADS], rows, 2);
  return [
    "### Deployments",
    `${DEPLOY_NOTE[0]!.toUpperCase()}${DEPLOY_NOTE.slice(1)}.`,
    figures,
    ...mine.map(([name, scenario]) => remarkList(name, deployRemarks(scenario))),
  ].filter((part) => part !== "").join("\n\n");
}

function jobTable(summary: Summary): string {
  const mine = scenariosOf(summary).filter(([, scenario]) => hasJobs(scenario));
  if (mine.length === 0) return "";
  const rows = mine.map(([name, scenario]) => [codeMarkdown(name), ...jobCells(scenario)]);
  return [
    "### Jobs",
    table(["Scenario", ...JOB_HEADS], rows, 1),
    ...mine.map(([name, scenario]) => remarkList(name, jobRemarks(scenario))),
  ].join("\n\n");
}

function remarkList(name: string, remarks: readonly Remark[]): string {
  return remarks.map(({ text, bad }) =>
    `- ${bad ? `${BAD.icon} ` : ""}${codeMarkdown(name)}: ${escapeMarkdown(text)}`
  ).join("\n");
}

function failureTable(summary: Summary): string {
  const rows = scenariosOf(summary).flatMap(([scenario, data]) =>
    failuresOf(scenario, data).map(({ step, failure }) => [
      codeMarkdown(whereOf({ scenario, step })),
      codeMarkdown(failure.class),
      formatCount(failure.count),
      codeMarkdown(oneLine(failure.sample, 200)),
    ])
  );
  if (rows.length === 0) return "";
  return section("### Failures", table(["Scenario", "Class", "Count", "Sample"], rows, 2));
}

function exchangeTable(summary: Summary): string {
  const heads = statusHeads(summary);
  const rows = scenariosOf(summary).flatMap(([scenario, data]) =>
    seriesOf(scenario, data).map(({ step, series }) => [
      nameCell(step ?? scenario, step),
      ...exchangeCells(series, heads),
    ])
  );
  const head = ["Scenario", ...heads, "New connections", "Reused", "Sent", "Received"];
  return table(head, rows, 1);
}

function nameCell(name: string, step: string | null): string {
  return step === null ? codeMarkdown(name) : `&emsp;${codeMarkdown(name)}`;
}

function peerTable(summary: Summary): string {
  const head = ["Names", "Key", "TLS", "Until", "SHA-256", "Seen by"];
  const rows = peersOf(summary).map(({ peer, scenarios }) => [
    escapeMarkdown(oneLine(peerNames(peer), 120)),
    escapeMarkdown(peer.key_type),
    escapeMarkdown(tlsOf(peer)),
    peer.not_after.slice(0, 10),
    codeMarkdown(peer.fingerprint_sha256.slice(0, 16)),
    escapeMarkdown(scenarios.join(", ")),
  ]);
  return rows.length === 0 ? "" : table(head, rows, 6);
}

function methodologyTable(summary: Summary): string {
  return table(
    ["", ""],
    [...methodologyRows(summary), ...loadRows(summary)]
      .map(([what, is]) => [escapeMarkdown(what), codeMarkdown(is)]),
    2,
  );
}

/**
 * A baseline as Markdown for a README: a row for each scenario, its thresholds beside its figures, and how it was measured.
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderBaseline(summary), summary.plan.name);
 * ```
 */
export function renderBaseline(summary: Summary): string {
  const { plan, baseline, started_at, thresholds } = summary;
  const rows = scenariosOf(summary).flatMap(([name, data]) =>
    // A step that no iteration came to has no figures.
    seriesOf(name, data).filter(({ series }) => series.count > 0)
      .map(({ step, series }) => baselineRow(step, name, series, thresholds))
  );
  const head = [
    "Scenario",
    ...BASELINE_COLUMNS.map(({ head }) => head),
  ];
  const saved = baseline?.saved_at ?? started_at;
  const forced = baseline?.forced_over.map((why) => `> Kept in spite of: ${escapeMarkdown(why)}`);
  const further = thresholds.filter((one) => one.limit !== null && !hasCell(one)).map((one) =>
    `- ${codeMarkdown(whereOf(one))} ${codeMarkdown(one.text)}: ${thresholdValue(one)}`
  );
  return [
    `### Baseline of ${saved.slice(0, 10)}: ${escapeMarkdown(plan.name)}`,
    ...(forced && forced.length > 0 ? [forced.join("\n>\n")] : []),
    table(head, rows, 1),
    `R${RESPONSE_TIME_NOTE.slice(1)}; thresholds in brackets.`,
    ...(further.length > 0
      ? [`Further thresholds, and what was measured:\n\n${further.join("\n")}`]
      : []),
    "How it was measured:",
    [...methodologyRows(summary), ...loadRows(summary)]
      .map(([what, is]) => `- ${escapeMarkdown(what)}: ${codeMarkdown(is)}`).join("\n"),
  ].join("\n\n") + "\n";
}

interface BaselineColumn {
  readonly head: string;
  /** Of the thresholds that are shown beside the value. */
  readonly measure: string;
  readonly value: (series: SummarySeries) => string;
}

const BASELINE_COLUMNS: readonly BaselineColumn[] = [
  { head: "Rate", measure: "rate", value: ({ rate_per_s }) => formatRate(rate_per_s) },
  ...(["p50", "p95", "p99", "max", "avg"] as const).map((key): BaselineColumn => ({
    head: key.startsWith("p") ? key : key[0]!.toUpperCase() + key.slice(1),
    measure: `response_time ${key}`,
    value: ({ response_time_ms }) => formatMs(response_time_ms?.[key]),
  })),
  {
    head: "Error rate",
    measure: "error_rate",
    value: ({ error_rate }) => formatPercent(error_rate),
  },
  { head: "Iterations", measure: "count", value: ({ count }) => formatCount(count) },
];

/** Whether a threshold's value has a place in the table. */
function hasCell({ scenario, measure }: ThresholdResult): boolean {
  return scenario !== null && BASELINE_COLUMNS.some((column) => column.measure === measure);
}

function baselineRow(
  step: string | null,
  scenario: string,
  series: SummarySeries,
  thresholds: readonly ThresholdResult[],
): string[] {
  const mine = thresholds.filter((one) => one.scenario === scenario && one.step === step);
  const cells = BASELINE_COLUMNS.map(({ measure, value }) => {
    const limits = mine.filter((one) => one.measure === measure && one.limit !== null)
      .map((one) => `${one.comparison} ${inUnit(one.limit, one.unit)}`).join(", ");
    return limits === "" ? value(series) : `${value(series)} (${escapeMarkdown(limits)})`;
  });
  return [nameCell(step ?? scenario, step), ...cells];
}

function section(title: string, body: string): string {
  return `${title}\n\n${body}`;
}

function folded(title: string, body: string): string {
  return body === "" ? "" : `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

/** The first `left` columns to the left, the others to the right. */
function table(head: readonly string[], rows: readonly string[][], left: number): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i < left ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
