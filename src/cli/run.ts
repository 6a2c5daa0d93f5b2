/** `certload run PLAN`: the tool's main job, from the command line to the exit code. */
import { type RunOutcome, runPlan } from "../engine/run.ts";
import { summarize } from "../metrics/summary.ts";
import { mask } from "../masking/mask.ts";
import { planDurationMs } from "../plan/profile.ts";
import { maskTexts } from "../report/mask.ts";
import { conclude } from "../verdict/conclude.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { command, type Outcome } from "./command.ts";
import { BASELINE_FLAGS, type BaselineOptions, baselineOptions } from "./baseline_flags.ts";
import { useColor } from "./color.ts";
import {
  deliver,
  type DeliveryOptions,
  folderOfResults,
  OUT_FLAG,
  TO_LOG_FLAG,
  whyUndeliverable,
} from "./delivery.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { renderProbes } from "./probe_report.ts";
import { progressPrinter } from "./progress.ts";
import { notUndoneLines } from "../report/setup.ts";
import { REPORT_FLAGS, reportOrders } from "./report_orders.ts";
import {
  lateText,
  ownServers,
  SHARD_FLAGS,
  type ShardOptions,
  shardOptions,
  waitingLine,
} from "./shard_flags.ts";
import { shardName } from "../shard.ts";
import { leaveNotice } from "./shard_notice.ts";
import { STACK_FLAGS, type StackedPlan, withStack } from "./stacked_plan.ts";

const FLAGS = [
  ...PLAN_FLAGS,
  ...STACK_FLAGS,
  ...SHARD_FLAGS,
  { ...OUT_FLAG, help: `${OUT_FLAG.help}; a shard's into DIR/shard-3-of-8` },
  TO_LOG_FLAG,
  ...REPORT_FLAGS,
  ...BASELINE_FLAGS,
  { name: "no-probe", help: "send load without trying every scenario once before" },
  { name: "quiet", short: "q", help: "no progress, no summary on stdout" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Sends the load that PLAN describes (a file, or a shipped plan's name), writes DIR/summary.json and
DIR/summary.txt, prints the latter, and exits with 0 (passed), 93 (regression), 94 (target not ready),
95 (run invalid), 99 (threshold failed), 104 (bad input), 105 (interrupted) or 107 (fault of certload).
With --shard it sends one machine's part, and 0 says that its summary is there: certload merge judges.`;

export const run = command({
  usage: "run PLAN [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    const { options, problems } = await optionsOf(line, io);
    if (problems.length > 0) return problems;
    return await withStack(line, io, (stacked, masked) => load(stacked, options, line, masked));
  },
});

/** What the command line wants of the run's end, found right before anything is started. */
type RunOptions = DeliveryOptions & BaselineOptions & ShardOptions;

async function optionsOf(
  line: CommandLine,
  io: Io,
): Promise<{ options: RunOptions; problems: string[] }> {
  const { options, problems } = await baselineOptions(line);
  const { options: shard, problems: shardProblems } = shardOptions(line, io.env);
  const { orders: reports, problems: reportProblems } = reportOrders(line);
  const toLog = line.has("to-log");
  return {
    options: { ...options, ...shard, reports, toLog },
    problems: [...problems, ...shardProblems, ...reportProblems],
  };
}

async function load(
  stacked: StackedPlan,
  options: RunOptions,
  line: CommandLine,
  io: Io,
): Promise<Outcome> {
  const { shard, by } = options;
  if (shard && shard.count > 1 && stacked.stack.name !== "none") {
    return [ownServers(stacked.stack.name)];
  }
  const unwritable = await whyUndeliverable(line, options);
  if (unwritable.length > 0) return unwritable;
  if (shard && by !== "--shard") io.err(`This is ${shardName(shard)}, by ${by}\n`);
  const noticed = await noticeOf(stacked, options, line);
  try {
    return await loadAndReport(stacked, options, line, io);
  } finally {
    await noticed();
  }
}

/** For whoever waits for the summaries of all. */
async function noticeOf(
  { plan }: StackedPlan,
  { shard, startAtUs }: RunOptions,
  line: CommandLine,
): Promise<() => Promise<void>> {
  if (shard === undefined || shard.count === 1 || startAtUs === undefined) return async () => {};
  const endUs = startAtUs + planDurationMs(plan) * 1000;
  return await leaveNotice(folderOfResults(line, shard), endUs);
}

async function loadAndReport(
  stacked: StackedPlan,
  options: RunOptions,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const { shard, startAtUs } = options;
  const quiet = line.has("quiet");
  const progress = progressPrinter(io, { quiet, color: useColor(line, io, io.errIsTerminal) });
  const outcome = await runPlan({
    plan: stacked.plan,
    version: VERSION,
    stack: stacked.stack,
    interrupt: io.interrupt,
    shard,
    startAtUs,
    onWaiting: (leftMs) => io.err(waitingLine(options, leftMs)),
    probe: !line.has("no-probe"),
    onProgress: progress.show,
    onSetup: progress.setup,
    onNotUndone: (left) => {
      progress.end();
      for (const each of notUndoneLines(left)) io.err(`! ${each}\n`);
    },
    onNote: (note) => io.err(`! ${note}\n`),
  });
  progress.end();
  return await report(outcome, stacked, options, line, io);
}

async function report(
  outcome: RunOutcome,
  { plan }: StackedPlan,
  options: RunOptions,
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
  if (outcome.kind === "late") {
    io.err(lateText(options, outcome.lateUs));
    return EXIT_CODES.not_ready;
  }
  if (outcome.kind === "fault") throw new Error(outcome.message);
  const summary = maskTexts(conclude(summarize(outcome.run), { plan, ...options }), mask);
  return await deliver(summary, line, options, io);
}
