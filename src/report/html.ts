/**
 * One HTML file that needs nothing else: style, script and charts are in it, and its content security policy lets it
 * ask nobody for anything. The verdict comes first; it can be read on a phone, in the dark, and on paper, and without
 * its script everything but the charts is there.
 */
import type { Summary, SummaryScenario, ThresholdResult } from "../metrics/summary_schema.ts";
import { comparedText, countsText } from "./comparison.ts";
import { hasDeployments, hasJobs } from "./lifecycle.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../metrics/format.ts";
import { type Chart, chartsOf, gaugeCharts, overviewCharts } from "./html/charts.ts";
import { breakable, facts, html, type Markup, raw } from "./html/markup.ts";
import { deploymentPart, jobPart } from "./html/lifecycle.ts";
import { chartGrid, contentsOf, folded, htmlPage, idOf, link, section } from "./html/page.ts";
import { phaseBar } from "./html/phases.ts";
import {
  comparisonTable,
  exchangeTable,
  failureTable,
  methodologyTable,
  ownTable,
  partTable,
  peerTable,
  resultTable,
  serverTables,
  shardTable,
  thresholdTable,
} from "./html/tables.ts";
import { validityPart } from "./html/validity.ts";
import { COMPARISON_MARKS, differenceMark, exitMark } from "./marks.ts";
import { SHARD_NOTE, shardRows } from "./shards.ts";
import { metricsOfTier, tellsAnything } from "./server_metrics.ts";
import { otherTargets, scenariosOf } from "../metrics/scenarios.ts";
import {
  exitReason,
  isHeld,
  judgedThresholds,
  LAB_WARNING,
  nameOfTier,
  peersOf,
  plural,
  RESPONSE_TIME_NOTE,
  saturatedHost,
  seriesOf,
  shortfallOf,
  validityWord,
} from "./words.ts";

/**
 * A summary as one HTML page that needs no network: charts and styles are in it. Whatever a server said is escaped.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assert(renderHtml(summary).startsWith("<!doctype html>"));
 * ```
 */
export function renderHtml(given: Summary): string {
  const summary = { ...given, thresholds: [...judgedThresholds(given)] };
  const charts: Chart[] = [];
  const body = html`
    ${head(summary)}
    ${contents(summary)}
    ${overview(summary, charts)}
    ${thresholds(summary)}
    ${section(`Validity: ${validityWord(summary)}`, validityPart(summary), "validity")}
    ${Object.keys(summary.phases).map((tier) => tierSection(summary, tier, charts))}
    ${comparison(summary)}
    ${section(
      "On the wire",
      folded("Answers by status, connections, bytes", exchangeTable(summary)),
    )}
    ${shardsSection(summary)}
    ${section(
      "Certificates served",
      peersOf(summary).length > 0 &&
        folded(plural(peersOf(summary).length, "certificate"), peerTable(summary)),
    )}
    ${serverSection(summary)}
    ${section("Methodology", methodologyTable(summary))}
  `;
  return htmlPage({
    title: `${exitMark(summary).word}: ${summary.plan.name}`,
    version: summary.tool.version,
    body,
    charts,
  });
}

/** Where what is, to go to at once. */
function contents(summary: Summary): Markup {
  const { thresholds, phases, comparison } = summary;
  const tiers = Object.entries(phases).map(([tier, scenarios]): Markup =>
    html`<li>${link(nameOfTier(tier), idOf(nameOfTier(tier)))}<ul>${
      Object.keys(scenarios).map((name) => html`<li>${link(name, scenarioId(summary, name))}</li>`)
    }</ul></li>`
  );
  const item = (title: string): Markup => html`<li>${link(title, idOf(title))}</li>`;
  return contentsOf([
    thresholds.length > 0 && item("Thresholds"),
    item("Validity"),
    ...tiers,
    comparison && item("Comparison"),
    item("On the wire"),
    summary.shards !== null && item("Shards"),
    peersOf(summary).length > 0 && item("Certificates served"),
    item("Methodology"),
  ]);
}

/** By number: names may hold what no address can. */
function scenarioId(summary: Summary, name: string): string {
  return `scenario-${scenariosOf(summary).findIndex(([other]) => other === name) + 1}`;
}

/** Those that held are folded away. */
function thresholds(summary: Summary): Markup {
  const held = summary.thresholds.filter(isHeld);
  const others = summary.thresholds.filter((one) => !isHeld(one));
  if (summary.thresholds.length === 0) return html``;
  const title = `${formatCount(held.length)} of ${formatCount(summary.thresholds.length)} held`;
  return section(
    "Thresholds",
    html`${others.length > 0 && thresholdTable(others)}${
      held.length > 0 && folded(title, thresholdTable(held))
    }`,
  );
}

function overview(summary: Summary, charts: Chart[]): Markup {
  const mine = overviewCharts(summary);
  return mine.length === 0 ? html`` : section("Overview", chartGrid("overview", mine, charts));
}

function head(summary: Summary): Markup {
  const { exit, totals, methodology: { target }, plan } = summary;
  const host = saturatedHost(summary);
  return html`
    <header class="${exitMark(summary).tone}">
      <p class="verdict">${exitMark(summary).word}</p>
      <h1>${plan.name}</h1>
      ${plan.description && html`<p class="description">${plan.description}</p>`}
      <p class="reason">${exitReason(summary)} <span class="code">exit ${exit.code}</span></p>
      ${facts([
        ["Iterations", formatCount(totals.iterations)],
        ["Requests", formatCount(totals.requests)],
        ["Failed", formatPercent(totals.error_rate)],
        ["Duration", formatSeconds(summary.duration_s)],
        ["Started", summary.started_at.slice(0, 19).replace("T", " ") + " UTC"],
        [
          "Target",
          [target.base_url, target.version, moreTargets(summary)].filter(Boolean).join(" "),
        ],
        ["Validity", validityWord(summary)],
        ...comparedFact(summary),
      ])}
    </header>
    ${host && html`<p class="banner">${host.message}. ${host.advice}.</p>`}
    ${target.lab && html`<p class="banner">${LAB_WARNING}</p>`}
  `;
}

/** The methodology has them all. */
function moreTargets(summary: Summary): string {
  const { length } = otherTargets(summary);
  return length === 0 ? "" : `and ${plural(length, "other")}`;
}

/** The comparison's outcome, which leads to it. */
function comparedFact({ comparison }: Summary): [string, Markup][] {
  if (!comparison) return [];
  const headline = COMPARISON_MARKS[comparison.verdict].word.toLowerCase();
  return [["Against the baseline", html`<a href="#comparison">${headline}</a>`]];
}

function comparison(summary: Summary): Markup {
  const { comparison } = summary;
  if (!comparison) return html``;
  const counts = comparison.figures.length > 0 ? `: ${countsText(comparison)}` : "";
  return section(
    `Comparison: ${COMPARISON_MARKS[comparison.verdict].word.toLowerCase()}${counts}`,
    html`<p>${comparedText(comparison)}</p>
<ul class="findings">${
      comparison.differences.map((difference) => {
        const { tone, sign } = differenceMark(difference);
        return html`<li class="${tone}"><span class="mark">${sign}</span><div>${difference.message}</div></li>`;
      })
    }</ul>
${
      // A comparison that found nothing is for those who look for it.
      comparison.verdict === "regressed" || comparison.verdict === "improved"
        ? comparisonTable(summary)
        : comparison.figures.length > 0 && folded("All figures", comparisonTable(summary))}`,
    "comparison",
  );
}

function shardsSection(summary: Summary): Markup {
  const rows = shardRows(summary);
  if (rows.length === 0) return html``;
  const bad = rows.filter(({ isBad }) => isBad).length;
  const told = bad === 0 ? "" : `, ${bad} missing or unfit`;
  return section(
    "Shards",
    html`<p class="note">Began${SHARD_NOTE.slice("began".length)}.</p>
${folded(`${plural(rows.length, "machine")}${told}`, shardTable(rows))}`,
    "shards",
  );
}

function tierSection(summary: Summary, name: string, charts: Chart[]): Markup {
  const tier = summary.phases[name] ?? {};
  const own = ownMetricsOf(summary, name);
  return html`<section id="${idOf(nameOfTier(name))}"><h2>${nameOfTier(name)}</h2>
<p class="note">R${RESPONSE_TIME_NOTE.slice(1)} of each arrival to the last byte.</p>
${resultTable(tier, summary.thresholds)}
${own && folded("The server's own metrics", own)}
${Object.entries(tier).map(([scenario, data]) => scenarioPart(scenario, data, summary, charts))}
</section>`;
}

/** What the server says of itself, beside what was seen of it; `undefined`: of no tier that was run. */
function ownMetricsOf(summary: Summary, tier: string | undefined): Markup | undefined {
  if (!summary.server_metrics) return undefined;
  const mine = metricsOfTier(summary.server_metrics, tier, Object.keys(summary.phases));
  return tellsAnything(mine) ? serverTables(mine) : undefined;
}

function serverSection(summary: Summary): Markup {
  const { problem, notes = [] } = summary.server_metrics ?? {};
  const own = ownMetricsOf(summary, undefined);
  if (!problem && notes.length === 0 && !own) return html``;
  return section(
    "The server's own metrics",
    html`${problem && html`<p class="bad">${problem}</p>`}${
      notes.map((note) => html`<p class="note">${note}.</p>`)
    }${own}`,
  );
}

/** All of one scenario, folded where nothing is wrong with it and its figures above say it all. */
function scenarioPart(
  name: string,
  data: SummaryScenario,
  summary: Summary,
  charts: Chart[],
): Markup {
  const [whole, ...steps] = seriesOf(name, data);
  if (!whole) return html``;
  const mine = summary.thresholds.filter(({ scenario }) => scenario === name);
  const ofStep = (step: string | null): ThresholdResult[] =>
    // A single step is its scenario over again.
    mine.filter((one) => one.step === step || (step === null && steps.length === 0));
  const wrong = mine.some((one) => !isHeld(one)) || data.failed + data.dropped > 0 ||
    data.deployments.some(({ verdict }) => verdict !== "served");
  const hasPicture = hasDeployments(data) || hasJobs(data);
  const context = { thresholds: ofStep(null), scenario: data };
  return html`
    <article id="${scenarioId(summary, name)}">
      <details${wrong || hasPicture ? raw(" open") : ""}>
    <summary><h3>${breakable(name)}</h3> <span class="brief">${briefOf(data)}</span></summary>
    ${shortfallOf(data) && html`<p class="bad">${shortfallOf(data)}</p>`}
    ${phaseBar(data)}
    ${partTable(data, ofStep(null))}
    ${deploymentPart(data, mine)}
    ${jobPart(data, mine)}
    ${chartGrid(name, [...gaugeCharts(data), ...chartsOf(data, context)], charts)}
    ${steps.filter(({ series }) => series.count > 0).map(({ step, series }) =>
      folded(
        `Step ${step}`,
        html`${phaseBar(series)}${partTable(series, ofStep(step))}${
          chartGrid(
            `${name} ${step}`,
            chartsOf(series, { thresholds: ofStep(step), scenario: data }),
            charts,
          )
        }`,
      )
    )}
    ${failureTable(name, data)}
    ${ownTable(data, mine)}
    </details></article>
  `;
}

function briefOf({ count, failed, response_time_ms: stats }: SummaryScenario): string {
  return [
    plural(count, "iteration"),
    failed > 0 ? `${formatCount(failed)} failed` : "",
    stats ? `p50 ${formatMs(stats.p50)}, p95 ${formatMs(stats.p95)}` : "",
  ].filter(Boolean).join(", ");
}
