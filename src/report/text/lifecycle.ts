/** The text's tables of deployments and of jobs, each with what is to be said of a scenario below it. */
import type { Summary, SummaryScenario } from "../../metrics/summary_schema.ts";
import { scenariosOf } from "../../metrics/scenarios.ts";
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
  JOBS_NOTE,
  type Remark,
} from "../lifecycle.ts";
import { oneLine } from "../style.ts";
import { block, type Page } from "./page.ts";
import { tableSection } from "./tables.ts";

type Named = readonly [name: string, scenario: SummaryScenario];

const DEPLOY_DROP = ["p50", "p99", "max", "count"];
const JOB_DROP = ["limit", "p50", "p99", "rate", "max", "p95", "in flight"];

export function deploymentSection(summary: Summary, page: Page): string[] {
  const mine = scenariosOf(summary).filter(([, scenario]) => hasDeployments(scenario));
  if (mine.length === 0) return [];
  const rows = mine.flatMap(([name, scenario]) => [
    [oneLine(name), ...DEPLOY_HEADS.map(() => "")],
    ...deployRows(scenario).map((row) => [`  ${row.name}`, ...deployCells(row)]),
  ]);
  const head = ["", ...DEPLOY_HEADS.map(lowerCase)];
  return [
    ...tableSection(["Deployments", DEPLOY_NOTE], { head, rows }, DEPLOY_DROP, page),
    ...mine.flatMap((one) => remarks(one, deployRemarks(one[1]), page)),
  ];
}

export function jobSection(summary: Summary, page: Page): string[] {
  const mine = scenariosOf(summary).filter(([, scenario]) => hasJobs(scenario));
  if (mine.length === 0) return [];
  const rows = mine.map(([name, scenario]) => [oneLine(name), ...jobCells(scenario)]);
  const head = ["", ...JOB_HEADS.map(lowerCase)];
  return [
    ...tableSection(["Jobs", JOBS_NOTE], { head, rows }, JOB_DROP, page),
    ...mine.flatMap((one) => remarks(one, jobRemarks(one[1]), page)),
  ];
}

function lowerCase(head: string): string {
  return head.toLowerCase();
}

function remarks([name]: Named, told: readonly Remark[], page: Page): string[] {
  return told.flatMap(({ text, bad }) =>
    block(`${oneLine(name)}: ${text}`, page, {
      first: 2,
      rest: 4,
      ...(bad && { paint: page.style.bad }),
    })
  );
}
