/** A search for capacity as one HTML page that needs no network: the answer, the levels as pictures and as a table. */
import { answerSentences, intervalText } from "../../capacity/answer.ts";
import type { LevelResult } from "../../capacity/level.ts";
import { formatRate, formatSeconds } from "../../metrics/format.ts";
import type { Chart } from "../html/charts.ts";
import { inventoryPart } from "../html/inventory.ts";
import { facts, html, type Markup } from "../html/markup.ts";
import { chartGrid, contentsOf, htmlPage, idOf, link, section } from "../html/page.ts";
import { type Column, type Row, table } from "../html/table.ts";
import { LAB_WARNING, plural } from "../words.ts";
import { capacityCharts } from "./charts.ts";
import type { CapacityReport } from "./document.ts";
import { levelsTable, outcomeMark, outcomeOf, whyOf } from "./levels.ts";
import {
  gaveOutText,
  headMark,
  heldText,
  LAW_NOTE,
  lawRows,
  limitRows,
  methodRows,
  searchedText,
} from "./words.ts";

/** Whatever a server or a plan said is escaped. */
export function capacityHtml(report: CapacityReport): string {
  const charts: Chart[] = [];
  const { answer: { levels }, inventory } = report;
  const pictures = capacityCharts(report);
  const sections: [title: string, body: Markup | false][] = [
    ["Picture", pictures.length > 0 && picturePart(pictures, charts)],
    ["Levels", levels.length > 0 && levelTable(levels)],
    ["Inventory", inventory !== null && inventoryPart(inventory, charts)],
    ["Limits", limitTable(report)],
    ["Scalability law", lawPart(report)],
    ["Methodology", rowList(methodRows(report))],
  ];
  const body = html`
    ${head(report)}
    ${contentsOf(
      sections.map(([title, body]) => body && html`<li>${link(title, idOf(title))}</li>`),
    )}
    ${sections.map(([title, body]) => section(title, body))}
  `;
  return htmlPage({
    title: `${heldText(report)}: ${report.plan.name}`,
    version: report.version,
    body,
    charts,
  });
}

function head(report: CapacityReport): Markup {
  const { exit, answer, requiredPerS, methodology: { target }, startedAt } = report;
  const { tone, word } = headMark(report);
  const [first = "", ...more] = answerSentences(answer);
  return html`
    <header class="${tone}">
      <p class="verdict">${word}</p>
      <h1>${searchedText(report)}</h1>
      <p class="answer">${first}</p>
      <p class="reason">${more.join(" ")} <span class="code">exit ${exit.code}: ${exit
        .reason}</span></p>
      ${facts([
        ["Holds", heldText(report)],
        ["Interval", intervalText(answer) ?? "-"],
        ["Required", requiredPerS === null ? "-" : formatRate(requiredPerS)],
        ["Gave out", gaveOutText(report)],
        ["Levels", plural(answer.levels.length, "level")],
        ["Took", formatSeconds(answer.elapsedMs / 1000)],
        ["Started", startedAt.slice(0, 19).replace("T", " ") + " UTC"],
        ["Target", [target.base_url, target.version].filter(Boolean).join(" ")],
      ])}
    </header>
    ${target.lab && html`<p class="banner">${LAB_WARNING}</p>`}
  `;
}

const MARK_NOTE =
  "Along the level that was asked for; the line is the answer, shaded its interval or its bounds.";

function picturePart(pictures: readonly Chart[], charts: Chart[]): Markup {
  return html`<p class="note">${MARK_NOTE}</p>${chartGrid("levels", pictures, charts)}`;
}

/** With the reason of each, for which a terminal has no room. */
function levelTable(levels: readonly LevelResult[]): Markup {
  const { head, rows, words = [] } = levelsTable(levels);
  const columns: Column[] = [
    ...head.map((head): Column => ({
      head,
      ...((head === "level" || words.includes(head)) && { text: true }),
    })),
    { head: "why", text: true },
  ];
  return html`
    <p class="note">In the order in which they were run; response times of what was answered.</p>
    ${table("levels", columns, rows.map((row, at) => levelRow(row, levels[at]!)))}
  `;
}

function levelRow([level = "", ...cells]: readonly string[], result: LevelResult): Row {
  const { tone, sign } = outcomeMark(result);
  return {
    class: tone,
    cells: [
      { is: level, heads: "row" },
      ...cells.slice(0, -2),
      { is: cells.at(-2) ?? "", class: "key-cell" },
      {
        is: html`<span class="mark" aria-hidden="true">${sign}</span> ${outcomeOf(result)}`,
        class: "key-cell",
      },
      { is: whyOf(result), class: "wide" },
    ],
  };
}

function limitTable(report: CapacityReport): Markup {
  const columns: Column[] = [{ head: "limit", text: true }, {
    head: "share that may lie beyond",
    text: true,
  }];
  const rows = limitRows(report).map(([text, allowed]): Row => ({
    cells: [{ is: html`<code>${text}</code>`, heads: "row" }, { is: allowed, class: "wide" }],
  }));
  return table("limits", columns, rows);
}

function lawPart({ answer: { usl } }: CapacityReport): Markup {
  if ("refused" in usl) return html`<p>Not fitted: ${usl.refused}.</p>`;
  return html`<p class="note">${LAW_NOTE}</p>${rowList(lawRows(usl))}`;
}

function rowList(rows: readonly (readonly [name: string, text: string])[]): Markup {
  return html`<dl class="methodology">${
    rows.map(([name, text]) =>
      html`
        <dt>${name}</dt>
        <dd>${text}</dd>
      `
    )
  }</dl>`;
}
