/** `certload merge A B ...`: the summaries of shards as the one of their run. */
import type { Summary } from "../metrics/summary_schema.ts";
import { MergeError, mergeSummaries } from "../verdict/merge.ts";
import { deliver, OUT_FLAG, whyUndeliverable } from "./deliver.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";
import { REPORT_FLAGS, reportOrders } from "./reports.ts";
import { openSummaries } from "./summary_file.ts";

const FLAGS = [
  OUT_FLAG,
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
    const { summaries, problems } = await openSummaries(line.positionals);
    const { orders: reports, problems: reportProblems } = reportOrders(line);
    problems.push(...reportProblems, ...await whyUndeliverable(line, { reports }));
    const merged = problems.length === 0 ? mergeAll(summaries, problems) : undefined;
    if (!merged) return printProblems("merge", problems, io);
    return await deliver(merged, line, { reports }, io);
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
