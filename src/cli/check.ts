/** `certload check PLAN`: is it right, what does it come to, and how many requests will it make. */
import { renderEffective, renderPlannedRequests } from "../plan/effective.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { openPlan, PLAN_FLAGS } from "./plan_flags.ts";
import { printProblems } from "./problems.ts";

const SUMMARY =
  "Validates PLAN (a file, or the name of a shipped plan) and prints the effective plan, secrets " +
  "masked,\nand how many requests it will make. Nothing is sent.";

export const check: Command = {
  help: helpText("check PLAN [flags]", SUMMARY, PLAN_FLAGS),
  run(args, io) {
    const parsed = parseLine(args, { flags: PLAN_FLAGS, positionals: ["PLAN"] });
    if (!parsed.ok) return Promise.resolve(printProblems("check", parsed.problems, io));
    const plan = openPlan(parsed.line, io);
    if (plan === undefined) return Promise.resolve(EXIT_CODES.bad_input);
    io.out(renderEffective(plan));
    io.out(renderPlannedRequests(plan));
    return Promise.resolve(EXIT_CODES.passed);
  },
};
