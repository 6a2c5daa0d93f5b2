/** How far the run is to be trusted: what the generator did, always, and what was found fault with. */
import type { Finding, Summary } from "../../metrics/summary_schema.ts";
import { formatCores, formatCount, formatMs, formatPercent } from "../../metrics/format.ts";
import { longestStandstillMs } from "../../verdict/validity_rules.ts";
import { BAD, type Mark, WARN } from "../marks.ts";
import { scenariosOf } from "../../metrics/scenarios.ts";
import { findingGroups, otherFindings, partOfRun } from "../words.ts";
import { facts, html, type Markup } from "./markup.ts";

export function validityPart(summary: Summary): Markup {
  const { reasons, warnings } = summary.validity;
  const part = partOfRun(summary);
  const items = [
    ...(part === undefined ? [] : [finding(WARN, [part])]),
    ...groups(otherFindings(reasons), BAD),
    ...groups(otherFindings(warnings), WARN),
  ];
  return html`${facts(generatorFacts(summary))}${
    items.length > 0 && html`<ul class="findings">${items}</ul>`
  }`;
}

function groups(findings: readonly Finding[], mark: Mark): Markup[] {
  return findingGroups(findings).map(({ messages, advice }) => finding(mark, messages, advice));
}

function finding({ sign, tone }: Mark, messages: readonly string[], advice?: string): Markup {
  return html`<li class="${tone}"><span class="mark">${sign}</span><div>${
    messages.map((message) => html`<p>${message}.</p>`)
  }${advice !== undefined && html`<small>${advice}.</small>`}</div></li>`;
}

/** Of all scenarios the worst: a generator that was late in one was late. */
function generatorFacts(summary: Summary): [string, string][] {
  const { totals, generator: { workers, cpu_cores, host_cpu_share: host } } = summary;
  const lags = scenariosOf(summary).flatMap(([, { lag_ms }]) => (lag_ms ? [lag_ms] : []));
  const worst = (key: "p50" | "p99" | "max"): string =>
    formatMs(Math.max(...lags.map((lag) => lag[key])));
  const sum = totals.offered > 0 ? ` of ${formatCount(totals.offered)}` : "";
  return [
    ["Lag p50", lags.length > 0 ? worst("p50") : "none: users only"],
    ...(lags.length > 0
      ? [["Lag p99", worst("p99")], ["Lag max", worst("max")]] as [string, string][]
      : []),
    ["Dropped", `${formatCount(totals.dropped)}${totals.dropped > 0 ? sum : ""}`],
    ["Cut off by the end", formatCount(totals.interrupted)],
    [
      "Busiest worker",
      `${formatPercent(Math.max(0, ...workers.map(({ cpu_share }) => cpu_share)))} of a core`,
    ],
    ["The whole process", formatCores(cpu_cores)],
    ...(host === null
      ? []
      : [["The host's CPUs", `${formatPercent(host)} busy`]] as [string, string][]),
    ["Longest standstill", formatMs(Math.max(0, ...workers.map(longestStandstillMs)))],
  ];
}
