/** A command: what it understands of a command line, and what it does. */
import { type CommandLine, type FlagSpec, helpText, parseLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { printProblems } from "./problems.ts";

/** Its arguments in, its exit code out. It never exits by itself. */
export interface Command {
  readonly help: string;
  run(args: readonly string[], io: Io): Promise<number>;
}

/** The exit code, or all that is wrong with what was asked. */
export type Outcome = number | readonly string[];

interface CommandSpec {
  /** Its name, and what may stand behind it: `compare BASE NEW [flags]`. */
  readonly usage: string;
  readonly summary: string;
  readonly flags?: readonly FlagSpec[];
  readonly positionals?: readonly string[];
  readonly run: (line: CommandLine, io: Io) => Outcome | Promise<Outcome>;
}

export function command(
  { usage, summary, flags = [], positionals = [], run }: CommandSpec,
): Command {
  const [name = ""] = usage.split(" ");
  return {
    help: helpText(usage, summary, flags),
    async run(args, io): Promise<number> {
      const parsed = parseLine(args, { flags, positionals });
      const outcome = parsed.ok ? await run(parsed.line, io) : parsed.problems;
      return typeof outcome === "number" ? outcome : printProblems(name, outcome, io);
    },
  };
}
