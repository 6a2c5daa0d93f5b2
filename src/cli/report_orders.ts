/** Reports as users ask for them, `html=FILE,junit=FILE`: understood before a run, written after it. */
import { join, normalize } from "node:path";
import type { Summary } from "../metrics/summary_schema.ts";
import { nearest } from "../plan/near_miss.ts";
import {
  FOLDER_FORMAT,
  FORMAT_NAMES,
  isReportFormat,
  RENDERERS,
  type ReportFormat,
} from "../report/formats.ts";
import { hgrmFiles } from "../report/hgrm.ts";
import { renderMarkdown } from "../report/markdown.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { reasonOf } from "./host_error.ts";
import type { Io } from "./io.ts";
import { type Destination, writeFile } from "./output_file.ts";

export const REPORT_FLAGS: readonly FlagSpec[] = [
  {
    name: "report",
    value: "FORMAT=FILE,...",
    many: true,
    help: `further reports: ${FORMAT_NAMES.join(", ")} (${FOLDER_FORMAT} into a folder)`,
  },
  {
    name: "prometheus",
    value: "FILE",
    help: "metrics of the run for node_exporter's textfile collector",
  },
];

export interface ReportOrder {
  readonly format: ReportFormat;
  readonly path: string;
  /** What named the place, and can name another: `--report`, where nothing is said. */
  readonly flag?: string;
}

export function reportOrders(line: CommandLine): { orders: ReportOrder[]; problems: string[] } {
  const words = line.values("report").flatMap((value) => value.split(",")).map((w) => w.trim())
    .filter((word) => word !== "");
  const problems: string[] = [];
  const orders = words.flatMap((word): ReportOrder[] => {
    const [format = "", ...rest] = word.split("=");
    const path = rest.join("=");
    if (!isReportFormat(format)) problems.push(unknownFormat(format));
    else if (path !== "") return [{ format, path }];
    else problems.push(`--report ${format} needs a file: --report ${format}=FILE`);
    return [];
  });
  const prometheus = line.value("prometheus");
  if (prometheus !== undefined) {
    orders.push({ format: "prometheus", path: prometheus, flag: "--prometheus" });
  }
  const paths = orders.map(({ path }) => normalize(path));
  const twice = paths.filter((path, at) => paths.indexOf(path) !== at);
  for (const path of new Set(twice)) problems.push(`several reports are to go to "${path}"`);
  return { orders, problems };
}

export function unknownFormat(format: string): string {
  const close = nearest(format, FORMAT_NAMES);
  const hint = close ? `did you mean ${close}?` : `there are ${FORMAT_NAMES.join(", ")}`;
  return `unknown report format "${format}": ${hint}`;
}

/** The report's files, by their paths. */
function filesOf({ format, path }: ReportOrder, summary: Summary): Record<string, string> {
  if (format !== FOLDER_FORMAT) return { [path]: RENDERERS[format](summary) };
  const files = Object.entries(hgrmFiles(summary));
  return Object.fromEntries(files.map(([name, text]) => [join(path, name), text]));
}

function destinationOf({ format, path, flag = "--report" }: ReportOrder, file = path): Destination {
  return { path: file, what: `the ${format} report`, flag };
}

/** A file of each report, for a look before the run whether it can be written. */
export function destinationsOf(orders: readonly ReportOrder[]): Destination[] {
  return orders.map((order) =>
    destinationOf(order, order.format === FOLDER_FORMAT ? join(order.path, "any.hgrm") : order.path)
  );
}

/** Writes each, whether or not the others can be written; gives what went wrong. */
export async function writeReports(
  orders: readonly ReportOrder[],
  summary: Summary,
): Promise<string[]> {
  const problems: string[] = [];
  for (const order of orders) {
    for (const [path, text] of Object.entries(filesOf(order, summary))) {
      const problem = await writeFile(destinationOf(order, path), text);
      if (problem === undefined) continue;
      problems.push(problem);
      break;
    }
  }
  return problems;
}

/**
 * In a job of GitHub Actions the summary goes onto the job's page: the runner names a file in GITHUB_STEP_SUMMARY, and
 * what is appended to it is shown there as Markdown.
 */
export async function writeStepSummary(summary: Summary, io: Io): Promise<void> {
  const path = io.env["GITHUB_STEP_SUMMARY"];
  if (!path) return;
  try {
    await Deno.writeTextFile(path, `${renderMarkdown(summary)}\n`, { append: true });
  } catch (error) {
    io.err(`Cannot write the step summary to "${path}": ${reasonOf(error)}\n`);
  }
}
