/** The end of a run: its summary goes wherever it was asked for, and where one way is barred, the other ways. */
import { basename, join } from "node:path";
import { formatBytes } from "../metrics/format.ts";
import { logTextOf, WITHOUT_COURSE } from "../metrics/summary_log.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { renderJson } from "../report/json.ts";
import { renderText } from "../report/text.ts";
import type { Shard } from "../shard.ts";
import { EXIT_CODES, verdictLine } from "../verdict/exit.ts";
import { baselineAt, saveBaseline } from "./baseline_flags.ts";
import { textOptions } from "./color.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { type Io, OutputError } from "./io.ts";
import {
  destinationsOf,
  type ReportOrder,
  writeReports,
  writeStepSummary,
} from "./report_orders.ts";
import { type Destination, whyAllUnwritable, writeFile } from "./output_file.ts";

export const OUT_FLAG: FlagSpec = {
  name: "out",
  value: "DIR",
  help: "where summary.json and summary.txt go (default results)",
};

export function outOf(line: CommandLine): string {
  return line.value("out") ?? "results";
}

export const TO_LOG_FLAG: FlagSpec = {
  name: "to-log",
  help: "print summary.json, packed, at the end of stdout too: `merge --logs` finds it in a log",
};

/** What is to come of a summary, but for its own two files. */
export interface DeliveryOptions {
  readonly reports: readonly ReportOrder[];
  /** Where it is kept as a baseline. */
  readonly saveTo?: string;
  /** It is kept in spite of all objections. */
  readonly force?: boolean;
  /** Printed, packed, at the end of stdout too: whoever keeps that as a log has the summary. */
  readonly toLog?: boolean;
  /** The machine's part of a run: its files have a folder of their own within `--out`. */
  readonly shard?: Shard;
}

/** Every place that could not be written to, found before anything is sent. */
export function whyUndeliverable(line: CommandLine, options: DeliveryOptions): Promise<string[]> {
  return whyAllUnwritable([
    ...RESULT_FILES.map((name) => resultAt(line, name, options)),
    ...destinationsOf(options.reports),
    ...(options.saveTo === undefined ? [] : [baselineAt(options.saveTo)]),
  ]);
}

/**
 * Writes everything, then prints, so that what is printed can tell how it went; gives the exit code. A run that passed,
 * and whose results are not where they were to be, has not done what was asked.
 */
export async function deliver(
  summary: Summary,
  line: CommandLine,
  options: DeliveryOptions,
  io: Io,
): Promise<number> {
  const problems = await writeResults(summary, line, options, io);
  const unwritten = problems.length > 0;
  problems.push(...await writeReports(options.reports, summary));
  await writeStepSummary(summary, io);
  const saved = options.saveTo === undefined ||
    await saveBaseline(summary, options.saveTo, options.force === true, io);
  const written = saved && problems.length === 0;
  const ended = written ? summary : undelivered(summary);
  const { taken, problem } = printSummary(ended, line, io, unwritten);
  const unlogged = options.toLog === true ? printToLog(summary, io) : undefined;
  problems.push(...[problem, unlogged].filter((each) => each !== undefined));
  for (const each of problems) io.err(`${each}\n`);
  const last = problem === undefined && unlogged === undefined ? ended : undelivered(summary);
  const { code } = last.exit;
  if (!taken && code !== EXIT_CODES.passed) io.err(verdictLine(last.exit));
  return code;
}

/** The run as it is shown where something of it is not where it was to be. A verdict against it stands. */
function undelivered(summary: Summary): Summary {
  if (summary.exit.code !== EXIT_CODES.passed) return summary;
  const reason = "the run passed, and not all of its results could be written";
  return { ...summary, exit: { code: EXIT_CODES.bad_input, name: "not written", reason } };
}

const RESULT_FILES = ["summary.json", "summary.txt"] as const;

function resultAt(
  line: CommandLine,
  name: typeof RESULT_FILES[number],
  { shard }: DeliveryOptions,
): Destination {
  return { path: join(folderOfResults(line, shard), name), what: "the results", flag: "--out" };
}

export function folderOfResults(line: CommandLine, shard: Shard | undefined): string {
  const out = outOf(line);
  return shard === undefined ? out : folderOfShard(out, shard);
}

/** Machines may be given one folder on a volume that all of them see; a folder that has a shard's name already is its own. */
function folderOfShard(out: string, { index, count }: Shard): string {
  const name = `shard-${index}-of-${count}`;
  return count === 1 || basename(out) === name ? out : join(out, name);
}

/** Both files, each whether or not the other can be written; a former run's are replaced, and that is said. */
async function writeResults(
  summary: Summary,
  line: CommandLine,
  options: DeliveryOptions,
  io: Io,
): Promise<string[]> {
  const texts = { "summary.json": renderJson(summary), "summary.txt": renderText(summary) };
  const { path } = resultAt(line, "summary.json", options);
  const former = await Deno.stat(path).catch(() => undefined);
  const problems: string[] = [];
  for (const name of RESULT_FILES) {
    const problem = await writeFile(resultAt(line, name, options), texts[name]);
    if (problem !== undefined) problems.push(problem);
  }
  if (former?.isFile && problems.length === 0) {
    const when = former.mtime === null ? "" : ` of ${former.mtime.toISOString().slice(0, 19)}Z`;
    io.err(`Replaced ${path}${when}; with another --out DIR it would have been kept\n`);
  }
  return problems;
}

/** On stdout, or where that is barred and no file has it, on stderr. `taken`: stdout has it. */
function printSummary(
  summary: Summary,
  line: CommandLine,
  io: Io,
  unwritten: boolean,
): { taken: boolean; problem?: string } {
  if (line.has("quiet") && !unwritten) return { taken: false };
  try {
    return { taken: io.out(renderText(summary, textOptions(line, io))) };
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    if (unwritten) io.err(renderText(summary));
    return { taken: false, problem: error.message };
  }
}

/** The last thing on stdout; gives what went wrong. */
function printToLog(summary: Summary, io: Io): string | undefined {
  const { parts: [part], count } = summary.shards ?? { parts: [], count: 1 };
  const log = logTextOf(summary, { index: part?.index ?? 1, count });
  if ("tooLong" in log) {
    return `Cannot print the summary for the log as it takes ${
      formatBytes(log.tooLong)
    } there, and logs are cut at 10 MiB: bring the one that is in --out DIR`;
  }
  if (!log.isWhole) io.err(`! The summary's copy in the log: ${WITHOUT_COURSE}\n`);
  try {
    // It was masked before it was packed, and what was packed must stay as it is.
    io.reveal(log.text);
    return undefined;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    return error.message;
  }
}
