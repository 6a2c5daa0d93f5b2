/** A scenario's deployments and jobs: their table, what is to be said of them, and what was served as strips. */
import type { SummaryScenario, ThresholdResult } from "../../metrics/summary_schema.ts";
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
  PERCENTILES,
  type Remark,
} from "../lifecycle.ts";
import { html, type Markup } from "./markup.ts";
import { deploymentStrips } from "./strips.ts";
import { type Column, table } from "./table.ts";
import { limits } from "./tables.ts";

export function deploymentPart(
  scenario: SummaryScenario,
  thresholds: readonly ThresholdResult[],
): Markup {
  if (!hasDeployments(scenario)) return html``;
  const rows = deployRows(scenario).map(({ name, count, times, intervals }) => ({
    cells: [
      { is: name, heads: "row" } as const,
      count,
      ...times.map((time, i) =>
        html`${time}${intervals[i] && html`<small class="limit">${intervals[i]}</small>`}${
          limits(thresholds, `${name} ${PERCENTILES[i]}`)
        }`
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

export function jobPart(
  scenario: SummaryScenario,
  thresholds: readonly ThresholdResult[],
): Markup {
  if (!hasJobs(scenario)) return html``;
  const cells = jobCells(scenario).map((cell, i) =>
    html`${cell}${limits(thresholds, JOB_LIMITS[JOB_HEADS[i]!] ?? "")}`
  );
  const named = { is: "made to its end", heads: "row" } as const;
  return html`<h4>Jobs</h4>
${remarkList(jobRemarks(scenario))}
${table("lifecycle", columnsOf("Job", JOB_HEADS), [{ cells: [named, ...cells] }])}`;
}

/** By which measure a column may be limited. */
const JOB_LIMITS: Readonly<Partial<Record<(typeof JOB_HEADS)[number], string>>> = {
  Completed: "jobs_completed count",
  Failed: "jobs_failed count",
  Stuck: "jobs_stuck count",
  p50: "job_time p50",
  p95: "job_time p95",
  p99: "job_time p99",
  Max: "job_time max",
};

function remarkList(remarks: readonly Remark[]): Markup {
  return html`${
    remarks.map(({ text, bad }) => html`<p class="note${bad ? " bad" : ""}">${text}.</p>`)
  }`;
}

function columnsOf(name: string, figures: readonly string[]): Column[] {
  return [{ head: name, text: true, unseen: true }, ...figures.map((head) => ({ head }))];
}
