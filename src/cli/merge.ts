/** `certload merge A B ...`: the summaries of shards as the one of their run. */
import type { Summary } from "../metrics/summary_schema.ts";
import { renderJson } from "../report/json.ts";
import { renderText } from "../report/text.ts";
import { MergeError, mergeSummaries } from "../verdict/merge.ts";
import { useColor } from "./color.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";
import { REPORT_FLAGS, reportOrders, writeReports } from "./reports.ts";
import { whyUnwritable, writeResults } from "./results.ts";
import { openSummaries } from "./summary_file.ts";

const FLAGS = [
  { name: "out", value: "DIR", help: "where summary.json and summary.txt go (default results)" },
  ...REPORT_FLAGS,
  { name: "quiet", short: "q", help: "no summary on stdout" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Adds up the summary.json of runs that loaded one target together from several hosts: counts and
histograms exactly, so that every percentile is that of all requests. Thresholds and validity are
judged anew, and the exit code is that of the whole.`;

export const merge: Command = {
  help: helpText("merge SUMMARY SUMMARY... [flags]", SUMMARY, FLAGS),
  async run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: FLAGS, positionals: ["SUMMARY", "SUMMARY", "[...]"] });
    if (!parsed.ok) return printProblems("merge", parsed.problems, io);
    const { line } = parsed;
    const directory = line.value("out") ?? "results";
    const { summaries, problems } = await openSummaries(line.positionals);
    const { orders, problems: orderProblems } = reportOrders(line);
    const unwritable = await whyUnwritable(directory);
    problems.push(...orderProblems, ...(unwritable ? [unwritable] : []));
    const merged = problems.length === 0 ? mergeAll(summaries, problems) : undefined;
    if (!merged) return printProblems("merge", problems, io);
    await writeResults(directory, {
      "summary.json": renderJson(merged),
      "summary.txt": renderText(merged),
    });
    await writeReports(orders, merged, io);
    if (!line.has("quiet")) {
      io.out(renderText(merged, { color: useColor(line, io, io.outIsTerminal) }));
    }
    return merged.exit.code;
  },
};

function mergeAll(summaries: readonly Summary[], problems: string[]): Summary | undefined {
  try {
    return mergeSummaries(summaries);
  } catch (error) {
    if (!(error instanceof MergeError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
