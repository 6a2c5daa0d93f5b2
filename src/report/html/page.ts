/** What all pages share: style, script and charts in one file that asks nobody for anything, and the parts of its body. */
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import style from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import {
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
  significant,
} from "../../metrics/format.ts";
import { clockTime } from "../progress.ts";
import type { Chart } from "./charts.ts";
import { breakable, html, jsonForScript, type Markup, raw } from "./markup.ts";

/** The charts' numbers are written as all others are, by the same functions. */
const FORMATS = [significant, formatCount, formatSeconds, formatMs, formatRate, formatPercent]
  .concat(clockTime).map((format) => `${format}\n`).join("");

interface HtmlPage {
  readonly title: string;
  /** Of the tool. */
  readonly version: string;
  readonly body: Markup;
  /** By their numbers in the body. */
  readonly charts: readonly Chart[];
}

export function htmlPage({ title, version, body, charts }: HtmlPage): string {
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="certload ${version}">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <style>${raw(uplotStyle)}${raw(style)}</style>
      </head>
      <body>
        <main>
    ${body}
        </main>
        <footer>certload ${version}. Charts by uPlot (MIT licence, Leon Sorokin).</footer>
        <script type="application/json" id="charts">${raw(jsonForScript(charts))}</script>
        <script>${raw(uplotScript)}</script>
        <script>${raw(FORMATS)}${raw(script)}</script>
      </body>
    </html>
  `;
  return `${page.text.trim()}\n`;
}

/** Where what is, to go to at once. */
export function contentsOf(items: readonly (Markup | false | null | undefined)[]): Markup {
  return html`
    <nav aria-label="Contents">
      <ul>${items}</ul>
    </nav>
  `;
}

export function link(text: string, id: string): Markup {
  return html`<a href="#${id}">${breakable(text)}</a>`;
}

/** Of a section, by its title. */
export function idOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

export function section(title: string, body: Markup | false, id = idOf(title)): Markup {
  if (body === false) return html``;
  return html`<section id="${id}"><h2>${title}</h2>${body}</section>`;
}

export function folded(title: string, body: Markup): Markup {
  return html`<details><summary>${title}</summary>${body}</details>`;
}

/** Places for the charts, which are numbered through the page. */
export function chartGrid(group: string, mine: readonly Chart[], all: Chart[]): Markup {
  if (mine.length === 0) return html`<p class="note">Nothing finished.</p>`;
  const places = mine.map((chart) => {
    all.push(chart);
    return html`
      <figure class="chart">
        <figcaption>${chart.title}${chart.note
          ? html`
            <small>${chart.note}</small>
          `
          : ""}</figcaption>
        <div data-chart="${all.length - 1}" data-group="${group}"></div>
      </figure>
    `;
  });
  return html`<div class="charts">${places}</div>`;
}
