/** A search while it goes on, and where it came to no answer. */
import { levelLine } from "../report/capacity/levels.ts";
import { notUndoneLines } from "../report/setup.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { useColor } from "./color.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { renderProbes } from "./probe_report.ts";
import { progressPrinter } from "./progress.ts";
import type { CapacityOptions, CapacityOutcome } from "./search.ts";

type Progress = Pick<
  CapacityOptions,
  "onProgress" | "onResult" | "onNotUndone"
>;

/** The level under way is shown as a run is; each that is over leaves a line. */
export function progressOf(line: CommandLine, io: Io): Progress {
  const quiet = line.has("quiet");
  const progress = progressPrinter(io, { quiet, color: useColor(line, io, io.errIsTerminal) });
  return {
    ...(io.errIsTerminal && { onProgress: progress.show }),
    onResult: (result) => {
      progress.end();
      if (!quiet) io.err(`${levelLine(result)}\n`);
    },
    onNotUndone: (left) => {
      progress.end();
      for (const each of notUndoneLines(left)) io.err(`! ${each}\n`);
    },
  };
}

export function unanswered(
  outcome: Exclude<CapacityOutcome, { kind: "answered" }>,
  io: Io,
): number {
  if (outcome.kind === "not_ready") {
    io.err(`Not ready: no load was sent\n${renderProbes(outcome.probes)}`);
    return EXIT_CODES.not_ready;
  }
  io.err("Interrupted before the first level was over\n");
  return EXIT_CODES.interrupted;
}
