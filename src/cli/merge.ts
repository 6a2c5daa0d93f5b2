/** `certload merge A B ...`: the summaries of machines that shared a run as the one of their run. */
import { collectGarbage } from "../engine/garbage.ts";
import { mask } from "../masking/mask.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { parseDuration } from "../plan/units.ts";
import { maskTexts } from "../report/mask.ts";
import { timerClock } from "../timer.ts";
import { Merge, MergeError } from "../verdict/merge.ts";
import { BASELINE_FLAGS, type BaselineOptions, baselineOptions } from "./baseline_flags.ts";
import { command, type Outcome } from "./command.ts";
import { deliver, OUT_FLAG, outOf, whyUndeliverable } from "./delivery.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { isFolder, takeFile, takeFolder, takeLog, type Taken } from "./merge_sources.ts";
import { takeAsTheyCome } from "./merge_wait.ts";
import { REPORT_FLAGS, reportOrders } from "./report_orders.ts";

const FLAGS = [
  {
    name: "logs",
    value: "FILE",
    many: true as const,
    help: "a log with what \`run --to-log\` printed, of any number of shards; - is standard input",
  },
  {
    name: "wait",
    value: "TIME",
    help:
      "watch the folder until all shards are there, or none that is due has come for so long (90s)",
  },
  OUT_FLAG,
  ...REPORT_FLAGS,
  ...BASELINE_FLAGS,
  { name: "quiet", short: "q", help: "no summary on stdout" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Adds up the summaries of machines that loaded one target together: files, folders (of their
folders' summary.json) or logs. Counts and histograms are added exactly, so that every percentile is
that of all requests. Thresholds and validity are judged anew, and the exit code is that of the whole:
a shard that is missing, was unfit or began more than a second off makes it invalid (95).`;

export const merge = command({
  usage: "merge SUMMARY|DIR ... [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["[SUMMARY or DIR]", "[...]"],
  async run(line, io): Promise<Outcome> {
    const sources = await sourcesOf(line);
    const { options, problems } = await baselineOptions(line);
    const { orders: reports, problems: reportProblems } = reportOrders(line);
    problems.push(...sources.problems, ...reportProblems);
    problems.push(...await whyUndeliverable(line, { ...options, reports }));
    if (problems.length > 0) return problems;
    const merged = await mergeAll(sources, options, io);
    return "problems" in merged
      ? merged.problems
      : await deliver(merged.summary, line, { ...options, reports }, io);
  },
});

interface Sources {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly logs: readonly string[];
  readonly waitMs: number | undefined;
  /** The folder that the result goes to. */
  readonly out: string;
  readonly problems: string[];
}

async function sourcesOf(line: CommandLine): Promise<Sources> {
  const problems: string[] = [];
  const logs = line.values("logs");
  const text = line.value("wait");
  const waitMs = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && waitMs === undefined) {
    problems.push(`--wait needs a time such as 90s: got "${text}"`);
  }
  const areFolders = await Promise.all(line.positionals.map(isFolder));
  // One that is waited for may not be there yet.
  const isFolderAt = (at: number): boolean => areFolders[at] === true || waitMs !== undefined;
  const folders = line.positionals.filter((_, at) => isFolderAt(at));
  const files = line.positionals.filter((_, at) => !isFolderAt(at));
  if (line.positionals.length + logs.length === 0) {
    problems.push("missing SUMMARY, DIR or --logs FILE: where the summaries are");
  }
  if (waitMs !== undefined && (folders.length !== 1 || logs.length > 0)) {
    problems.push("--wait watches one folder: name that, and nothing beside it");
  }
  return { files, folders, logs, waitMs, out: outOf(line), problems };
}

async function mergeAll(
  sources: Sources,
  options: BaselineOptions,
  io: Io,
): Promise<{ readonly summary: Summary } | { readonly problems: string[] }> {
  const merge = new Merge();
  const problems: string[] = [];
  /** What came and is as if it had not: of shards, those are missing then. */
  const unread: string[] = [];
  const later: string[] = [];
  const onTaken = (taken: Taken): void => {
    if (taken.kind === "left out" || taken.kind === "merged") io.err(`${taken.problem}\n`);
    if (taken.kind === "refused") problems.push(taken.problem);
    if (taken.kind === "unreadable") unread.push(taken.problem);
  };
  for (const path of sources.files) {
    const taken = await takeFile(merge, path);
    if (taken.kind !== "added") problems.push(taken.problem);
  }
  for (const folder of sources.folders) {
    if (sources.waitMs !== undefined) await waitFor(merge, folder, sources, io, onTaken);
    else later.push(...await takeFolder(merge, folder, sources.out, onTaken));
  }
  for (const path of sources.logs) await takeLog(merge, path, onTaken);
  for (const path of later) onTaken(await takeFile(merge, path, "rest"));
  if (merge.added === 0 && problems.length + unread.length === 0) problems.push(nothing(sources));
  if (merge.count === undefined) problems.push(...unread.splice(0));
  if (problems.length > 0) return { problems };
  for (const problem of unread) io.err(`! ${problem}\n`);
  // What was read of each summary is let go, and V8 would keep that of some thirty beside what the whole takes.
  collectGarbage();
  try {
    return { summary: maskTexts(merge.finish(options), mask) };
  } catch (error) {
    if (error instanceof MergeError) return { problems: [error.message] };
    throw error;
  }
}

function nothing({ folders, logs, waitMs }: Sources): string {
  const [folder] = folders;
  if (folder === undefined) {
    const named = logs.map((path) => path === "-" ? "standard input" : path).join(", ");
    return `No summary in ${named}: \`run --to-log\` prints one at the end of a log`;
  }
  const within = waitMs === undefined ? "" : ` within ${waitMs / 1000} s`;
  return `No summary in "${folder}"${within}: it is looked for in its folders, as DIR/*/summary.json, or in itself`;
}

async function waitFor(
  merge: Merge,
  folder: string,
  { waitMs: patienceMs = 0, out }: Sources,
  io: Io,
  onTaken: (taken: Taken) => void,
): Promise<void> {
  await takeAsTheyCome({
    folder,
    merge,
    out,
    patienceMs,
    clock: timerClock,
    signal: io.interrupt.soft,
    onTaken,
    tell: (text) => io.err(`${text}\n`),
  });
}
