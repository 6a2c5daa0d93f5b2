/** `certload doctor PLAN`: the probe alone. */
import { newRunId } from "../engine/run.ts";
import { hostRemarks } from "../engine/limits.ts";
import type { ProbeResult } from "../engine/probe.ts";
import { Setups } from "../engine/setup.ts";
import { flowNamed } from "../flows/registry.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { notUndoneLines } from "../report/setup.ts";
import { timerClock } from "../timer.ts";
import { probePlan } from "../engine/probing.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { progressPrinter } from "./progress.ts";
import { useColor } from "./color.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { renderProbes } from "./probe_report.ts";
import { STACK_FLAGS, withStack } from "./stacked_plan.ts";

const FLAGS: readonly FlagSpec[] = [
  ...PLAN_FLAGS,
  ...STACK_FLAGS,
  {
    name: "all",
    help: "try what is left out too; what that needs is made, and undone after it",
  },
  {
    name: "client",
    value: "NAME",
    help: "whose HTTP asks: own, or undici as a second opinion; default: what the plan says",
  },
];

const SUMMARY =
  "Sends one arrival of every scenario of PLAN through the very flow, and says what is wrong when one\n" +
  "fails. Where an arrival needs a set-up, works on many things at once or uses up what the next would\n" +
  "need, the server is connected to alone. No load is sent. Exit code 0 when all work, 94 when one does not.";

export const doctor = command({
  usage: "doctor PLAN [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    return await withStack(line, io, ({ plan }, masked) => examine(plan, line, masked));
  },
});

async function examine(plan: Plan, line: CommandLine, io: Io): Promise<number> {
  for (const remark of hostRemarks(plan)) io.out(`! ${remark}\n`);
  const runId = newRunId();
  const { interrupt } = io;
  const isAll = line.has("all");
  const unmade = isAll ? new Set<string>() : await scenariosThatMake(plan);
  const tried = plan.scenarios.map((scenario) => ({
    ...scenario,
    probe: isAll || (isTried(scenario) && !unmade.has(scenario.name)),
  }));
  const progress = progressPrinter(io, {
    quiet: false,
    color: useColor(line, io, io.errIsTerminal),
  });
  const setups = new Setups({
    plan,
    runId,
    clock: timerClock,
    interrupt,
    onProgress: progress.setup,
    wanted: () => isAll,
    arrivals: 1,
  });
  let results: readonly ProbeResult[] = [];
  try {
    results = await probesOf({ ...plan, scenarios: tried }, runId, setups, interrupt.soft);
  } finally {
    const left = await setups.undo();
    progress.end();
    for (const each of notUndoneLines(left)) io.err(`! ${each}\n`);
  }
  io.out(renderProbes(results.map((result) => withReason(result, unmade))));
  const untried = results.filter(({ reached }) => reached !== undefined);
  if (untried.length > 0) {
    const names = untried.map(({ scenario }) => scenario.name).join(", ");
    io.out(
      `Not tried: ${names}. With --all they are, with a set-up for one arrival, undone after it\n`,
    );
  }
  if (interrupt.soft.aborted) return EXIT_CODES.interrupted;
  const failed = results.some(({ failure }) => failure !== undefined);
  return failed ? EXIT_CODES.not_ready : EXIT_CODES.passed;
}

async function probesOf(
  plan: Plan,
  runId: string,
  setups: Setups,
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const setUp = await setups.make();
  if (setUp.kind === "interrupted") return [];
  if (setUp.kind === "failed") {
    return [{ scenario: setUp.scenario, steps: [], failure: setUp.failure }];
  }
  return await probePlan({ plan, runId, made: setUp.made, signal });
}

/** A visit of the doctor is asked for, and before no clock: one arrival that does no harm to others is what it is for. */
function isTried({ probe, changes }: Scenario): boolean {
  return probe || changes === "adds" || changes === "unknown";
}

/** Names of scenarios whose flow makes things at the server beforehand. */
async function scenariosThatMake({ scenarios }: Plan): Promise<Set<string>> {
  const flows = await Promise.all(scenarios.map(({ flow }) => flowNamed(flow)));
  return new Set(scenarios.filter((_, n) => flows[n]?.setup !== undefined).map(({ name }) => name));
}

function withReason(result: ProbeResult, unmade: ReadonlySet<string>): ProbeResult {
  const { name, changes } = result.scenario;
  if (
    result.reached === undefined || changes === "once" || changes === "batch" || !unmade.has(name)
  ) return result;
  return { ...result, untried: "its set-up makes things at the server" };
}
