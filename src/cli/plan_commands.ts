/** Commands that a plan runs on this host: only whoever starts the run may allow that, never the plan itself. */
import { mask } from "../masking/mask.ts";
import type { Plan } from "../plan/plan.ts";
import { foreign } from "../terminal.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";

export const ALLOW_COMMANDS: FlagSpec = {
  name: "allow-commands",
  help: "let the plan run commands on this host (`certload check` shows them)",
};

/** What of a command is shown at most. */
const SHOWN_CHARACTERS = 400;

/** Why the plan cannot go on, one sentence for each command; undefined: it may, or runs none. */
export function whyNotAllowed(plan: Plan, line: CommandLine): readonly string[] | undefined {
  if (line.has(ALLOW_COMMANDS.name)) return undefined;
  const problems = commandsOf(plan).map(({ scenario, command }) =>
    `scenario ${scenario} runs ${command} on this host: give --allow-commands to let it, or leave ` +
    `it out (--skip ${scenario})`
  );
  return problems.length === 0 ? undefined : problems;
}

/** For `check`; empty where none is run. */
export function commandLines(plan: Plan): readonly string[] {
  const commands = commandsOf(plan);
  if (commands.length === 0) return [];
  return [
    "",
    "commands that run on this host, without a shell (run wants --allow-commands):",
    ...commands.map(({ scenario, command }) => `  ${scenario}: ${command}`),
  ];
}

function commandsOf(plan: Plan): { readonly scenario: string; readonly command: string }[] {
  return plan.scenarios.flatMap(({ name, commands = [] }) =>
    commands.map((argv) => ({ scenario: name, command: shown(argv) }))
  );
}

/** As a list, so that it is seen where one argument ends; secrets hidden. */
function shown(argv: readonly string[]): string {
  return foreign(mask(JSON.stringify(argv), "plan"), SHOWN_CHARACTERS);
}
