/** `certload run PLAN`: the tool's main job, from the command line to the exit code. */
import { dirname } from "node:path";
import { type RunOutcome, runPlan } from "../engine/run.ts";
import { summarize } from "../metrics/summary.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { maskTexts } from "../report/mask.ts";
import { renderJson } from "../report/json.ts";
import { renderText } from "../report/text.ts";
import { conclude } from "../verdict/conclude.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import {
  BASELINE_FLAGS,
  type BaselineWishes,
  baselineWishes,
  saveBaseline,
} from "./baseline_flags.ts";
import { useColor } from "./color.ts";
import { type CommandLine, helpText, parseLine } from "./flags.ts";
import type { Command, Io } from "./io.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { renderProbes } from "./probe_report.ts";
import { printProblems } from "./problems.ts";
import { progressPrinter } from "./progress.ts";
import {
  folderOf,
  REPORT_FLAGS,
  type ReportOrder,
  reportOrders,
  writeReports,
  writeStepSummary,
} from "./reports.ts";
import { whyUnwritable, writeResults } from "./results.ts";
import { STACK_FLAGS, type StackedPlan, withStack } from "./with_stack.ts";

const FLAGS = [
  ...PLAN_FLAGS,
  ...STACK_FLAGS,
  { name: "out", value: "DIR", help: "where summary.json and summary.txt go (default results)" },
  ...REPORT_FLAGS,
  ...BASELINE_FLAGS,
  { name: "no-probe", help: "send load without trying every scenario once before" },
  { name: "quiet", short: "q", help: "no progress, no summary on stdout" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Sends the load that PLAN describes (a file, or a shipped plan's name), writes DIR/summary.json and
DIR/summary.txt, prints the latter, and exits with 0 (passed), 93 (regression), 94 (target not ready),
95 (run invalid), 99 (threshold failed), 104 (bad input), 105 (interrupted) or 107 (fault of certload).`;

export const run: Command = {
  help: helpText("run PLAN [flags]", SUMMARY, FLAGS),
  async run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: FLAGS, positionals: ["PLAN"] });
    if (!parsed.ok) return printProblems("run", parsed.problems, io);
    const { line } = parsed;
    const { wishes, problems } = await wishesOf(line);
    if (problems.length > 0) return printProblems("run", problems, io);
    return await withStack(line, io, (stacked, masked) => load(stacked, wishes, line, masked));
  },
};

/** What the command line wants of the run's end, found right before anything is started. */
interface Wishes extends BaselineWishes {
  readonly reports: readonly ReportOrder[];
}

async function wishesOf(line: CommandLine): Promise<{ wishes: Wishes; problems: string[] }> {
  const { wishes, problems } = await baselineWishes(line);
  const { orders: reports, problems: reportProblems } = reportOrders(line);
  return { wishes: { ...wishes, reports }, problems: [...problems, ...reportProblems] };
}

async function load(
  stacked: StackedPlan,
  wishes: Wishes,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const unwritable = await firstUnwritable(line, wishes);
  if (unwritable !== undefined) {
    io.err(`${unwritable}\n`);
    return EXIT_CODES.bad_input;
  }
  const quiet = line.has("quiet");
  const progress = progressPrinter(io, { quiet, color: useColor(line, io, io.errIsTerminal) });
  const outcome = await runPlan({
    plan: stacked.plan,
    version: VERSION,
    stack: stacked.stack,
    interrupt: io.interrupt,
    probe: !line.has("no-probe"),
    onProgress: progress.show,
    onNote: (note) => io.err(`! ${note}\n`),
  });
  progress.end();
  return await report(outcome, stacked, wishes, line, io);
}

/** The first of the places to write to at the run's end that cannot be written to. */
async function firstUnwritable(line: CommandLine, wishes: Wishes): Promise<string | undefined> {
  const { reports, saveTo } = wishes;
  const tries = [
    () => whyUnwritable(outDirectory(line)),
    ...reports.map((order) => () =>
      whyUnwritable(folderOf(order), `the ${order.format} report`, "--report")
    ),
    ...(saveTo === undefined
      ? []
      : [() => whyUnwritable(dirname(saveTo), "the baseline", "--save-baseline")]),
  ];
  for (const attempt of tries) {
    const why = await attempt();
    if (why !== undefined) return why;
  }
  return undefined;
}

async function report(
  outcome: RunOutcome,
  { plan, mask }: StackedPlan,
  wishes: Wishes,
  line: CommandLine,
  io: Io,
): Promise<number> {
  if (outcome.kind === "not_ready") {
    io.err(`Not ready: no load was sent\n${renderProbes(outcome.probes)}`);
    return EXIT_CODES.not_ready;
  }
  if (outcome.kind === "not_started") {
    io.err("Interrupted before any load was sent\n");
    return EXIT_CODES.interrupted;
  }
  if (outcome.kind === "fault") throw new Error(outcome.message);
  const summary = maskTexts(conclude(summarize(outcome.run), { plan, ...wishes }), mask);
  await writeSummary(summary, outDirectory(line));
  if (!line.has("quiet")) {
    io.out(renderText(summary, { color: useColor(line, io, io.outIsTerminal) }));
  }
  return await writeWishes(summary, wishes, io);
}

/** A run that passed, and whose report or baseline could not be written, has not done what was asked. */
async function writeWishes(summary: Summary, wishes: Wishes, io: Io): Promise<number> {
  await writeStepSummary(summary, io);
  const written = await writeReports(wishes.reports, summary, io);
  const saved = wishes.saveTo === undefined ||
    await saveBaseline(summary, wishes.saveTo, wishes.force, io);
  return summary.exit.code === 0 && !(written && saved) ? EXIT_CODES.bad_input : summary.exit.code;
}

function outDirectory(line: CommandLine): string {
  return line.value("out") ?? "results";
}

async function writeSummary(summary: Summary, directory: string): Promise<void> {
  await writeResults(directory, {
    "summary.json": renderJson(summary),
    "summary.txt": renderText(summary, { color: false }),
  });
}
