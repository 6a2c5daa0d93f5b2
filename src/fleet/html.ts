/** A fleet's answer as one HTML page that needs no network: the sentence, the headroom, and what they rest on. */
import { answerSentences } from "../capacity/answer.ts";
import { formatCount, formatSeconds } from "../metrics/format.ts";
import { capacityCharts } from "../report/capacity/charts.ts";
import { levelsTable, outcomeMark, whyOf } from "../report/capacity/levels.ts";
import { limitRows } from "../report/capacity/words.ts";
import type { Chart } from "../report/html/charts.ts";
import { inventoryPart } from "../report/html/inventory.ts";
import { facts, html, type Markup } from "../report/html/markup.ts";
import { chartGrid, contentsOf, htmlPage, idOf, link, section } from "../report/html/page.ts";
import { type Column, type Row, table } from "../report/html/table.ts";
import { BAD, exitMark, GOOD, type Mark, UNSURE } from "../report/marks.ts";
import type { Table } from "../report/table.ts";
import { LAB_WARNING } from "../report/words.ts";
import type { Demand } from "./demand.ts";
import type { FleetReport, Measurement } from "./document.ts";
import type { Enough, HeadroomRow } from "./headroom.ts";
import { WORK_IN_WORDS } from "./mix.ts";
import type { Searched } from "./searches.ts";
import {
  demandTable,
  headroomTable,
  headText,
  mixTable,
  mixText,
  noteLines,
  sourcesOf,
  whereText,
} from "./text.ts";

/** Whatever a server or a plan said is escaped. */
export function fleetHtml(report: FleetReport, measured: Measurement): string {
  const charts: Chart[] = [];
  const { fleet, demands } = report;
  const only = demands.map(({ demand }) => demand);
  const { searched, inventory } = measured;
  const sections: [title: string, body: Markup][] = [
    ["Headroom", headroomPart(measured)],
    ...searched.map((each, at): [string, Markup] => [
      searched.length === 1 ? "Levels" : `Levels of mix ${at + 1}`,
      searchPart(report, measured, each, charts),
    ]),
    ...(inventory === null
      ? []
      : [["Inventory", inventoryPart(inventory, charts)] as [string, Markup]]),
    ["Demand", plainTable("demand", demandTable(fleet, only))],
    ["How that is worked out", arithmeticPart(only)],
    ["Scenarios", plainTable("mix", mixTable(report))],
    ["Notes", html`<ul>${noteLines(fleet, only).map((note) => html`<li>${note}</li>`)}</ul>`],
    ["Limits", limitPart(measured)],
    ["Sources", sourcePart(only)],
  ];
  const body = html`
    ${head(report, measured)}
    ${contentsOf(sections.map(([title]) => html`<li>${link(title, idOf(title))}</li>`))}
    ${sections.map(([title, body]) => section(title, body))}
  `;
  return htmlPage({
    title: `${exitMark(measured).word}: ${
      formatCount(fleet.certificates)
    } certificates, ${report.plan}`,
    version: measured.version,
    body,
    charts,
  });
}

function head(report: FleetReport, measured: Measurement): Markup {
  const { answer, exit, methodology: { target }, searched } = measured;
  const { tone, word } = exitMark(measured);
  const took = searched.reduce((sum, { answer: { elapsedMs } }) => sum + elapsedMs, 0) / 1000;
  return html`
    <header class="${tone}">
      <p class="verdict">${word}</p>
      <h1>${report.plan}</h1>
      <p class="answer">${answer.sentence}</p>
      <p class="reason">${whereText(measured)} <span class="code">exit ${exit.code}</span></p>
      ${facts([
        ["Fleet", headText(report.fleet)],
        ["Replace all", replaceText(measured)],
        ["Searches", String(searched.length)],
        ["Took", formatSeconds(took)],
      ])}
    </header>
    ${target.lab && html`<p class="banner">${LAB_WARNING}</p>`}
  `;
}

function replaceText({ answer: { replaceAllS, replaceAllAtMost } }: Measurement): string {
  if (replaceAllS === null) return "-";
  return `${replaceAllAtMost ? "at most " : ""}${formatSeconds(replaceAllS)}`;
}

const ENOUGH_MARKS: Readonly<Record<Enough, Mark>> = {
  yes: GOOD,
  no: BAD,
  unknown: UNSURE,
  left_out: UNSURE,
};

function headroomPart({ answer }: Measurement): Markup {
  const { head, rows } = headroomTable(answer);
  const columns: Column[] = [
    ...head.map((head): Column => ({ head, ...(WORDED.has(head) && { text: true }) })),
    { head: "why", text: true },
  ];
  return html`
    <p
      class="note">What is needed and what was held, arrivals per second of all the plan can ask for.</p>
    ${table(
      "headroom",
      columns,
      rows.map(([title = "", ...cells], at): Row => {
        const row = answer.rows[at]!;
        return {
          class: ENOUGH_MARKS[row.enough].tone,
          cells: [{ is: title, heads: "row" }, ...cells, { is: besideText(row), class: "wide" }],
        };
      }),
    )}
  `;
}

/** Told by a search: why it came out so stands with its levels. */
const SEARCHED: ReadonlySet<HeadroomRow["who"]> = new Set(["server", "limiter", "generator"]);

function besideText({ who, why, leftOut }: HeadroomRow): string {
  const without = leftOut.map((work) => WORK_IN_WORDS[work]).join(", ");
  return [
    ...(SEARCHED.has(who) ? [] : [why]),
    ...(without === "" ? [] : [`without ${without}`]),
  ].join("; ");
}

const WORDED: ReadonlySet<string> = new Set([
  "demand",
  "scenario",
  "enough",
  "gave out",
  "level",
  "for",
  "came out",
]);

function searchPart(
  report: FleetReport,
  { limits }: Measurement,
  { search, answer }: Searched,
  charts: Chart[],
): Markup {
  const pictures = capacityCharts({ answer, limits, scenario: null });
  const { head, rows } = levelsTable(answer.levels);
  const columns: Column[] = [
    ...head.map((head): Column => ({ head, ...(WORDED.has(head) && { text: true }) })),
    { head: "why", text: true },
  ];
  return html`
    <p class="note">${mixText(report, search)}</p>
    <p>${answerSentences(answer).join(" ")}</p>
    ${pictures.length === 0 ? "" : chartGrid(`levels-${search.needs[0]!.shape}`, pictures, charts)}
    ${table(
      "levels",
      columns,
      rows.map(([level = "", ...cells], at): Row => {
        const result = answer.levels[at]!;
        return {
          class: outcomeMark(result).tone,
          cells: [{ is: level, heads: "row" }, ...cells, { is: whyOf(result), class: "wide" }],
        };
      }),
    )}
  `;
}

function plainTable(kind: string, { head, rows }: Table): Markup {
  return table(
    kind,
    head.map((head): Column => ({ head, ...(WORDED.has(head) && { text: true }) })),
    rows.map(([first = "", ...cells]) => ({ cells: [{ is: first, heads: "row" }, ...cells] })),
  );
}

function arithmeticPart(demands: readonly Demand[]): Markup {
  return html`<dl class="methodology">${
    demands.map(({ title, arithmetic }) =>
      html`
        <dt>${title}</dt>
        <dd>${arithmetic.join("; ")}</dd>
      `
    )
  }</dl>`;
}

function limitPart({ limits }: Measurement): Markup {
  const columns: Column[] = [{ head: "limit", text: true }, {
    head: "share that may lie beyond",
    text: true,
  }];
  return table(
    "limits",
    columns,
    limitRows({ limits }).map(([text, allowed]): Row => ({
      cells: [{ is: html`<code>${text}</code>`, heads: "row" }, { is: allowed, class: "wide" }],
    })),
  );
}

/** Addresses are text: the page asks nobody for anything. */
function sourcePart(demands: readonly Demand[]): Markup {
  return html`<ul>${
    sourcesOf(demands).map(({ name, url }) =>
      html`<li>${name}${url === undefined ? "" : html`<br><code>${url}</code>`}</li>`
    )
  }</ul>`;
}
