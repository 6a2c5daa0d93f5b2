/** `certload doctor PLAN`: the probe alone. */
import { newRunId } from "../engine/run.ts";
import { hostRemarks } from "../engine/limits.ts";
import { probePlan } from "../engine/probing.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import type { FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { renderProbes } from "./probe_report.ts";
import { STACK_FLAGS, type StackedPlan, withStack } from "./stacked_plan.ts";

const FLAGS: readonly FlagSpec[] = [
  ...PLAN_FLAGS,
  ...STACK_FLAGS,
  {
    name: "client",
    value: "NAME",
    help: "whose HTTP asks: own, or undici as a second opinion; default: what the plan says",
  },
];

const SUMMARY =
  "Sends one request of every scenario of PLAN through the very flow, and says what is wrong when one\n" +
  "fails. No load is sent. Exit code 0 when all work, 94 when one does not.";

export const doctor = command({
  usage: "doctor PLAN [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    return await withStack(line, io, examine);
  },
});

async function examine({ plan }: StackedPlan, io: Io): Promise<number> {
  for (const remark of hostRemarks(plan)) io.out(`! ${remark}\n`);
  const signal = io.interrupt.soft;
  const results = await probePlan({ plan, runId: newRunId(), signal });
  io.out(renderProbes(results));
  if (signal.aborted) return EXIT_CODES.interrupted;
  const failed = results.some(({ failure }) => failure !== undefined);
  return failed ? EXIT_CODES.not_ready : EXIT_CODES.passed;
}
