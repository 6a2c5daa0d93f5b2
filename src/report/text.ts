/** summary.txt and what is printed at the end of a run. Pure; no line is wider than the page. */
import type { Finding, Summary, SummaryPeer, ThresholdResult } from "../metrics/summary_schema.ts";
import { formatCount, formatPercent, formatSeconds } from "../metrics/format.ts";
import { comparisonLines } from "./comparison.ts";
import { methodologyRows } from "./methodology.ts";
import { BAD, exitMark, type Mark, THRESHOLD_MARKS, WARN } from "./marks.ts";
import { fewShardRows, SHARD_HEADS, SHARD_NOTE } from "./shards.ts";
import { oneLine, painted } from "./style.ts";
import { fittedLines, leftNote, withoutEmptyColumns } from "./table.ts";
import { deploymentSection, jobSection } from "./text/lifecycle.ts";
import { block, item, type Page, pageOf, type TextOptions, title } from "./text/page.ts";
import {
  durationsSection,
  exchangesSection,
  ownMetricsOf,
  ownSection,
  tierSections,
} from "./text/tables.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import {
  exitReason,
  failuresOf,
  findingGroups,
  isHeld,
  judgedThresholds,
  LAB_WARNING,
  otherFindings,
  partOfRun,
  peerNames,
  peersOf,
  plural,
  saturatedHost,
  thresholdValue,
  tlsOf,
  validityWord,
  whereOf,
} from "./words.ts";
import { padEnd, shortened, widthOf, wrap } from "./width.ts";

/**
 * A summary as `summary.txt` and a terminal show it; durations with their unit. `options`: width in columns (100), colour (none).
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderText(summary, { width: 120 }), `exit ${summary.exit.code}`);
 * ```
 */
export function renderText(summary: Summary, options: TextOptions = {}): string {
  const page = pageOf(options);
  // What fits on a first screen: the verdict, what broke, what is to be known of the figures.
  const sections = [
    verdictSection(summary, page),
    thresholdSection("Thresholds", judgedThresholds(summary).filter((one) => !isHeld(one)), page),
    validitySection(summary, page),
    ...(mattersFirst(summary.comparison) ? [comparisonSection(summary, page)] : []),
    ...tierSections(summary, page),
    deploymentSection(summary, page),
    jobSection(summary, page),
    ...(mattersFirst(summary.comparison) ? [] : [comparisonSection(summary, page)]),
    failureSection(summary, page),
    durationsSection(summary, page),
    exchangesSection(summary, page),
    ownSection(summary, page),
    thresholdSection("Thresholds that held", judgedThresholds(summary).filter(isHeld), page),
    shardSection(summary, page),
    peerSection(summary, page),
    serverSection(summary, page),
    methodologySection(summary, page),
    exitLine(summary, page),
  ];
  return sections.filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n")).join("\n\n") + "\n";
}

/** A comparison that found nothing is for those who look for it. */
function mattersFirst(comparison: Summary["comparison"]): boolean {
  return comparison?.verdict === "regressed" || comparison?.verdict === "refused";
}

function comparisonSection({ comparison }: Summary, page: Page): string[] {
  return comparison ? comparisonLines(comparison, page) : [];
}

function verdictSection(summary: Summary, page: Page): string[] {
  const { totals, methodology } = summary;
  const { style, width } = page;
  const { tone, word } = exitMark(summary);
  const host = saturatedHost(summary);
  return [
    ...(host ? block(`! ${host.message}. ${host.advice}.`, page, { paint: style.warn }) : []),
    `${style[tone](style.strong(word))}  ${
      style.strong(shortened(oneLine(summary.plan.name), width - word.length - 2))
    }`,
    ...block(exitReason(summary), page),
    ...block(
      `${plural(totals.iterations, "iteration")}, ${plural(totals.requests, "request")} in ${
        formatSeconds(summary.duration_s)
      }, ${formatPercent(totals.error_rate)} failed`,
      page,
    ),
    ...(methodology.target.lab ? block(LAB_WARNING, page, { paint: style.warn }) : []),
  ];
}

function validitySection(summary: Summary, page: Page): string[] {
  const { verdict } = summary.validity;
  const { style } = page;
  const reasons = otherFindings(summary.validity.reasons);
  const warnings = otherFindings(summary.validity.warnings);
  const part = partOfRun(summary);
  if (verdict === "valid" && warnings.length === 0 && part === undefined) return [];
  const unfit = verdict === "valid" ? "" : ": the figures must not be used";
  const word = validityWord(summary);
  const shown = (findings: readonly Finding[], mark: Mark): string[] =>
    findingGroups(findings).flatMap(({ messages, advice }) => [
      ...messages.flatMap((message) => item(painted(mark, style), message, page)),
      ...block(advice, page, { first: 4, paint: style.faint }),
    ]);
  return [
    `${style.strong("Validity")}  ${unfit ? style.bad(word) : word}${unfit}`,
    ...(part === undefined ? [] : item(painted(WARN, style), part, page)),
    ...shown(reasons, BAD),
    ...shown(warnings, WARN),
  ];
}

/** Scenario, limit and value in columns where they fit beside each other, else as sentences. */
function thresholdSection(
  head: string,
  thresholds: readonly ThresholdResult[],
  page: Page,
): string[] {
  if (thresholds.length === 0) return [];
  const { style, width } = page;
  const rows = thresholds.map((one) =>
    [whereOf(one), one.text, thresholdValue(one)].map((cell) => oneLine(cell))
  );
  const widest = (column: number): number =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? "")));
  const room = width - 4 - 2 - widest(1) - 2 - widest(2);
  const names = Math.min(widest(0), room);
  const lines = rows.flatMap(([where = "", text = "", value = ""], i) => {
    const sign = painted(THRESHOLD_MARKS[thresholds[i]!.verdict], style);
    if (room < Math.min(widest(0), LEAST_WHERE)) {
      return item(sign, `${where}  ${text}  ${value}`, page);
    }
    const name = padEnd(shortened(where, names), names);
    return [`  ${sign} ${name}  ${padEnd(text, widest(1))}  ${value}`];
  });
  return [style.strong(head), ...lines];
}

/** A scenario's name of which less than this is left says too little. */
const LEAST_WHERE = 16;

function failureSection(summary: Summary, page: Page): string[] {
  const { style } = page;
  const lines = scenariosOf(summary).flatMap(([scenario, data]) =>
    failuresOf(scenario, data).flatMap(({ step, failure }) => [
      ...item(
        style.bad(formatCount(failure.count)),
        `${failure.class} in ${oneLine(whereOf({ scenario, step }))}`,
        page,
      ),
      ...block(oneLine(failure.sample, 300), page, { first: 4, paint: style.faint }),
    ])
  );
  return lines.length === 0 ? [] : [style.strong("Failures"), ...lines];
}

function peerSection(summary: Summary, page: Page): string[] {
  const { style, width } = page;
  const served = peersOf(summary).flatMap(({ peer, scenarios }) => [
    ...block(peerText(peer, scenarios), page, { first: 2, rest: 4 }),
    `    ${style.faint(shortened(`sha256 ${oneLine(peer.fingerprint_sha256)}`, width - 4))}`,
  ]);
  const others = scenariosOf(summary).filter(([, data]) => data.other_peer_exchanges > 0)
    .flatMap(([name, data]) =>
      block(
        `${name}: ${plural(data.other_peer_exchanges, "exchange")} with further ones`,
        page,
        { first: 2, rest: 4 },
      )
    );
  const lines = [...served, ...others];
  return lines.length === 0 ? [] : [style.strong("Certificates served"), ...lines];
}

/** Names get shorter, and columns go, before a figure does. */
const SHARD_DROP = ["requests", "host cpu", "worker cpu", "clock", "lag p99"];

function shardSection(summary: Summary, page: Page): string[] {
  const { rows, more } = fewShardRows(summary);
  if (rows.length === 0) return [];
  const table = {
    head: ["", ...SHARD_HEADS.slice(1).map((head) => head.toLowerCase())],
    rows: rows.map(({ cells }) => cells.map((cell) => oneLine(cell))),
  };
  const { lines: [head = "", ...lines], left } = fittedLines(withoutEmptyColumns(table), {
    width: page.width,
    drop: SHARD_DROP,
  });
  return [
    ...title("Shards", `${SHARD_NOTE}${leftNote(left)}`, page),
    page.style.faint(head),
    ...lines.map((line, i) => rows[i]?.isBad ? page.style.bad(line) : line),
    ...(more === 0 ? [] : block(`and ${formatCount(more)} more`, page, { first: 2 })),
  ];
}

function peerText(peer: SummaryPeer, scenarios: readonly string[]): string {
  const tls = [peer.key_type, tlsOf(peer)].filter(Boolean).join(", ");
  const seen = `${plural(peer.exchanges, "exchange")} of ${
    scenarios.map((s) => oneLine(s)).join(", ")
  }`;
  return `${oneLine(peerNames(peer), 200)}: ${oneLine(tls)}, until ${
    peer.not_after.slice(0, 10)
  }; ${seen}`;
}

function serverSection(summary: Summary, page: Page): string[] {
  const { server_metrics: metrics } = summary;
  if (!metrics) return [];
  const remarks = [metrics.problem ?? "", ...metrics.notes].filter(Boolean)
    .flatMap((text) => block(text, page, { first: 2 }));
  const lines = [...remarks, ...ownMetricsOf(summary, undefined, page)];
  return lines.length === 0 ? [] : [page.style.strong("The server's own metrics"), ...lines];
}

function methodologySection(summary: Summary, { style, width }: Page): string[] {
  return [
    style.strong("Methodology"),
    ...methodologyRows(summary).flatMap(([what, is]) => {
      const lines = wrap(oneLine(is), width - 14);
      return lines.map((line, i) => `  ${(i === 0 ? what : "").padEnd(10)}  ${line}`);
    }),
  ];
}

function exitLine(summary: Summary, page: Page): string[] {
  const text = `exit ${summary.exit.code}: ${exitReason(summary) || HOST_SAID}`;
  return block(text, page, { paint: page.style[exitMark(summary).tone] });
}

/** In place of what the first line says. */
const HOST_SAID = "this host had no CPU left";
