/** `certload report SUMMARY --format NAME`: another report of a run that is over. */
import type { Summary } from "../metrics/summary_schema.ts";
import { FOLDER_FORMAT, FORMAT_NAMES } from "../report/formats.ts";
import { renderText } from "../report/text.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { textOptions } from "./color.ts";
import { type CommandLine, helpText, parseLine } from "./flags.ts";
import type { Command, Io } from "./io.ts";
import { printProblems } from "./problems.ts";
import { formatProblem, reportText, writeReports } from "./reports.ts";
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

export const report: Command = {
  help: helpText("report SUMMARY --format NAME [flags]", SUMMARY, FLAGS),
  async run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: FLAGS, positionals: ["SUMMARY"] });
    if (!parsed.ok) return printProblems("report", parsed.problems, io);
    const { line } = parsed;
    const format = line.value("format");
    const opened = await openSummary(line.positionals[0] ?? "");
    const problems = [
      ...(opened.ok ? [] : [opened.problem]),
      ...(format === undefined ? [`missing --format: ${FORMAT_NAMES.join(", ")}`] : []),
      ...(format === undefined ? [] : [formatProblem(format)].filter((p) => p !== undefined)),
      ...(format === FOLDER_FORMAT && line.value("out") === undefined
        ? [`--format ${FOLDER_FORMAT} makes a file for each scenario: name a folder with --out`]
        : []),
    ];
    if (!opened.ok || format === undefined || problems.length > 0) {
      return printProblems("report", problems, io);
    }
    return await write(format, opened.summary, line, io);
  },
};

async function write(
  format: string,
  summary: Summary,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const path = line.value("out");
  if (path !== undefined) {
    const problems = await writeReports([{ format, path }], summary);
    return problems.length > 0 ? printProblems("report", problems, io) : EXIT_CODES.passed;
  }
  io.out(
    format === "text" ? renderText(summary, textOptions(line, io)) : reportText(format, summary),
  );
  return EXIT_CODES.passed;
}
