/** `certload report SUMMARY --format NAME`: another report of a run that is over. */
import type { Summary } from "../metrics/summary_schema.ts";
import {
  FOLDER_FORMAT,
  FORMAT_NAMES,
  isReportFormat,
  RENDERERS,
  type ReportFormat,
} from "../report/formats.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import { textOptions } from "./color.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { unknownFormat, writeReports } from "./report_orders.ts";
import { openSummary } from "./summary_file.ts";

const FLAGS = [
  { name: "format", value: "NAME", help: FORMAT_NAMES.join(", ") },
  {
    name: "out",
    value: "FILE",
    help: `where it goes (default stdout); for ${FOLDER_FORMAT} a folder`,
  },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY = "Makes a report of a summary.json: the same that `run --report` makes.";

export const report = command({
  usage: "report SUMMARY --format NAME [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["SUMMARY"],
  async run(line, io): Promise<Outcome> {
    const opened = await openSummary(line.positionals[0] ?? "");
    const problems = opened.ok ? [] : [opened.problem];
    const format = formatOf(line, problems);
    if (!opened.ok || format === undefined) return problems;
    return await write(format, opened.summary, line, io);
  },
});

function formatOf(line: CommandLine, problems: string[]): ReportFormat | undefined {
  const format = line.value("format");
  if (format === undefined) problems.push(`missing --format: ${FORMAT_NAMES.join(", ")}`);
  else if (!isReportFormat(format)) problems.push(unknownFormat(format));
  else if (format === FOLDER_FORMAT && line.value("out") === undefined) {
    problems.push(`--format ${format} makes a file for each scenario: name a folder with --out`);
  } else return format;
  return undefined;
}

async function write(
  format: ReportFormat,
  summary: Summary,
  line: CommandLine,
  io: Io,
): Promise<Outcome> {
  const path = line.value("out");
  if (path !== undefined) {
    const problems = await writeReports([{ format, path, flag: "--out" }], summary);
    return problems.length > 0 ? problems : EXIT_CODES.passed;
  }
  if (format !== FOLDER_FORMAT) io.out(RENDERERS[format](summary, textOptions(line, io)));
  return EXIT_CODES.passed;
}
