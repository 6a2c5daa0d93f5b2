/** A scenario's deployments and jobs: their table, what is to be said of them, and what was served as strips. */
import type { SummaryScenario } from "../../metrics/summary_schema.ts";
import {
  DEPLOY_HEADS,
  DEPLOY_NOTE,
  deployRemarks,
  deployRows,
  hasDeployments,
  hasJobs,
  JOB_HEADS,
  jobCells,
  jobRemarks,
  type Remark,
} from "../lifecycle.ts";
import { html, type Markup } from "./markup.ts";
import { deploymentStrips } from "./strips.ts";
import { type Column, table } from "./table.ts";

export function deploymentPart(scenario: SummaryScenario): Markup {
  if (!hasDeployments(scenario)) return html``;
  const rows = deployRows(scenario).map(({ name, count, times, interval }) => ({
    cells: [
      { is: name, heads: "row" } as const,
      count,
      ...times.map((time) =>
        html`${time}${interval && html`<small class="limit">${interval}</small>`}`
      ),
    ],
  }));
  return html`<h4>Deployments</h4>
${remarkList(deployRemarks(scenario))}
${
    rows.length > 0 &&
    html`<p class="note">${DEPLOY_NOTE[0]!.toUpperCase()}${DEPLOY_NOTE.slice(1)}.</p>${
      table("lifecycle", columnsOf("Time", DEPLOY_HEADS), rows)
    }`
  }
${deploymentStrips(scenario)}`;
}

export function jobPart(scenario: SummaryScenario): Markup {
  if (!hasJobs(scenario)) return html``;
  const cells = [{ is: "made to its end", heads: "row" } as const, ...jobCells(scenario)];
  return html`<h4>Jobs</h4>
${remarkList(jobRemarks(scenario))}
${table("lifecycle", columnsOf("Job", JOB_HEADS), [{ cells }])}`;
}

function remarkList(remarks: readonly Remark[]): Markup {
  return html`${
    remarks.map(({ text, bad }) => html`<p class="note${bad ? " bad" : ""}">${text}.</p>`)
  }`;
}

function columnsOf(name: string, figures: readonly string[]): Column[] {
  return [{ head: name, text: true, unseen: true }, ...figures.map((head) => ({ head }))];
}
