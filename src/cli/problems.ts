/** A command line that cannot be understood: every problem at once, and where the help is. */
import { EXIT_CODES } from "../verdict/exit.ts";
import { printableLines } from "../terminal.ts";
import type { Io } from "./io.ts";

export function printProblems(command: string, problems: readonly string[], io: Io): number {
  for (const problem of problems) io.err(`certload ${command}: ${printableLines(problem)}\n`);
  io.err(`\`certload ${command} --help\` tells more\n`);
  return EXIT_CODES.bad_input;
}
