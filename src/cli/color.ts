/** How text goes to a terminal: whether coloured, and how wide. */
import type { CommandLine } from "./flags.ts";
import type { TextOptions } from "../report/text/page.ts";
import type { Io } from "./io.ts";

/** https://no-color.org: set and not empty means no colour. */
export function useColor(line: CommandLine, io: Pick<Io, "env">, isTerminal: boolean): boolean {
  return isTerminal && !line.has("no-color") && !io.env["NO_COLOR"];
}

/** Of results on stdout; what goes into a file or a pipe has the width of files. */
export function textOptions(
  line: CommandLine,
  io: Pick<Io, "env" | "outIsTerminal" | "size">,
): TextOptions {
  const color = useColor(line, io, io.outIsTerminal);
  return io.outIsTerminal ? { color, width: io.size().columns } : { color };
}
