/** `certload merge A B ...`: the summaries of shards as the one of their run. */
import type { Summary } from "../metrics/summary_schema.ts";
import { MergeError, mergeSummaries } from "../verdict/merge.ts";
import { command, type Outcome } from "./command.ts";
import { deliver, OUT_FLAG, whyUndeliverable } from "./delivery.ts";
import { REPORT_FLAGS, reportOrders } from "./report_orders.ts";
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

export const merge = command({
  usage: "merge SUMMARY SUMMARY... [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["SUMMARY", "SUMMARY", "[...]"],
  async run(line, io): Promise<Outcome> {
    const { summaries, problems } = await openSummaries(line.positionals);
    const { orders: reports, problems: reportProblems } = reportOrders(line);
    problems.push(...reportProblems, ...await whyUndeliverable(line, { reports }));
    const merged = problems.length === 0 ? mergeAll(summaries, problems) : undefined;
    return merged ? await deliver(merged, line, { reports }, io) : problems;
  },
});

function mergeAll(summaries: readonly Summary[], problems: string[]): Summary | undefined {
  try {
    return mergeSummaries(summaries);
  } catch (error) {
    if (!(error instanceof MergeError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
