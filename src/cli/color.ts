/** Whether to colour what goes to a terminal. */
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";

/** https://no-color.org: set and not empty means no colour. */
export function useColor(line: CommandLine, io: Io, isTerminal: boolean): boolean {
  return isTerminal && !line.has("no-color") && !io.env["NO_COLOR"];
}
