/**
 * Progress on stderr: in a terminal one calm screen that is drawn over itself, otherwise a plain line every ten seconds.
 */
import { liveView } from "../report/live.ts";
import type { RunState } from "../metrics/run_state.ts";
import { progressLine } from "../report/progress.ts";
import type { Io } from "./io.ts";

const LINE_EVERY_S = 10;

interface ProgressPrinter {
  readonly show: (state: RunState) => void;
  /** Leaves the terminal as a person expects it. */
  readonly end: () => void;
}

export function progressPrinter(
  io: Io,
  { quiet, color }: { readonly quiet: boolean; readonly color: boolean },
): ProgressPrinter {
  if (quiet) return { show: () => {}, end: () => {} };
  return io.errIsTerminal ? screenPrinter(io, color) : linePrinter(io);
}

function linePrinter(io: Io): ProgressPrinter {
  let printedS = 0;
  let note: string | undefined;
  return {
    show: (state) => {
      if (state.elapsedS - printedS < LINE_EVERY_S - 0.5 && state.note === note) return;
      printedS = state.elapsedS;
      note = state.note;
      io.err(`${progressLine(state)}\n`);
    },
    end: () => {},
  };
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE = "\x1b[2K";
const CLEAR_BELOW = "\x1b[J";
const CLEAR_SCREEN = "\x1b[2J\x1b[H";

function screenPrinter(io: Io, color: boolean): ProgressPrinter {
  let drawn = 0;
  let last = io.size();
  const home = (): string => (drawn > 0 ? `\x1b[${drawn}A` : HIDE_CURSOR);
  return {
    show: (state) => {
      const size = io.size();
      const lines = liveView(state, { ...size, color });
      // A terminal that was resized has moved the lines in a way of its own.
      const resized = size.columns !== last.columns || size.rows !== last.rows;
      const start = drawn > 0 && resized ? CLEAR_SCREEN : home();
      last = size;
      io.draw(start + lines.map((line) => `\r${CLEAR_LINE}${line}\n`).join("") + CLEAR_BELOW);
      drawn = lines.length;
    },
    end: () => {
      if (drawn > 0) io.draw(`${home()}\r${CLEAR_BELOW}${SHOW_CURSOR}`);
    },
  };
}
