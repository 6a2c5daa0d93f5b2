/** Reports as users ask for them, `html=FILE,junit=FILE`: understood before a run, written after it. */
import { dirname } from "node:path";
import type { Summary } from "../metrics/summary_schema.ts";
import { nearest } from "../plan/near_miss.ts";
import { FOLDER_FORMAT, FORMAT_NAMES, FORMATS } from "../report/formats.ts";
import { hgrmFiles } from "../report/hgrm.ts";
import { renderMarkdown } from "../report/markdown.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { writeResults, writeWhole } from "./results.ts";

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
  readonly format: string;
  readonly path: string;
}

export function reportOrders(line: CommandLine): { orders: ReportOrder[]; problems: string[] } {
  const words = line.values("report").flatMap((value) => value.split(",")).map((w) => w.trim())
    .filter((word) => word !== "");
  const problems: string[] = [];
  const orders = words.flatMap((word): ReportOrder[] => {
    const [format = "", ...rest] = word.split("=");
    const path = rest.join("=");
    const problem = formatProblem(format) ??
      (path === "" ? `--report ${format} needs a file: --report ${format}=FILE` : undefined);
    if (problem === undefined) return [{ format, path }];
    problems.push(problem);
    return [];
  });
  const prometheus = line.value("prometheus");
  if (prometheus !== undefined) orders.push({ format: "prometheus", path: prometheus });
  return { orders, problems };
}

export function formatProblem(format: string): string | undefined {
  if (FORMAT_NAMES.includes(format)) return undefined;
  const close = nearest(format, FORMAT_NAMES);
  const hint = close ? `did you mean ${close}?` : `there are ${FORMAT_NAMES.join(", ")}`;
  return `unknown report format "${format}": ${hint}`;
}

/** The folder that a report is written into. */
export function folderOf({ format, path }: ReportOrder): string {
  return format === FOLDER_FORMAT ? path : dirname(path);
}

/** What is written of a report: a file, or the files of a folder. */
export function filesOf(
  { format, path }: ReportOrder,
  summary: Summary,
): { folder: string; files: Record<string, string> } | { file: string; text: string } {
  const render = FORMATS[format];
  if (render) return { file: path, text: render(summary) };
  return { folder: path, files: hgrmFiles(summary) };
}

/** Writes each; one that cannot be written is told, and does not keep the others from being written. */
export async function writeReports(
  orders: readonly ReportOrder[],
  summary: Summary,
  io: Io,
): Promise<boolean> {
  let all = true;
  for (const order of orders) {
    const problem = await writeReport(order, summary);
    if (problem === undefined) continue;
    io.err(`${problem}\n`);
    all = false;
  }
  return all;
}

async function writeReport(order: ReportOrder, summary: Summary): Promise<string | undefined> {
  try {
    const output = filesOf(order, summary);
    if ("folder" in output) await writeResults(output.folder, output.files);
    else {
      await Deno.mkdir(dirname(output.file), { recursive: true });
      await writeWhole(output.file, output.text);
    }
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `Cannot write the ${order.format} report to "${order.path}": ${why}`;
  }
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
    const why = error instanceof Error ? error.message : String(error);
    io.err(`Cannot write the step summary to "${path}": ${why}\n`);
  }
}
