/**
 * Progress on stderr: in a terminal one calm screen that is drawn over itself, otherwise a plain line every ten seconds.
 */
import { liveView } from "../report/live.ts";
import { setupLine } from "../report/setup.ts";
import { oneLine } from "../report/style.ts";
import { shortened } from "../report/width.ts";
import type { RunState, SetupState } from "../metrics/run_state.ts";
import { progressLine } from "../report/progress.ts";
import type { Io } from "./io.ts";

const LINE_EVERY_S = 10;
/** A terminal is drawn over no faster than anybody reads. */
const DRAWN_EVERY_S = 0.1;

interface ProgressPrinter {
  readonly show: (state: RunState) => void;
  /** Before the load, and after it. */
  readonly setup: (state: SetupState) => void;
  /** Leaves the terminal as a person expects it. */
  readonly end: () => void;
}

export function progressPrinter(
  io: Io,
  { quiet, color }: { readonly quiet: boolean; readonly color: boolean },
): ProgressPrinter {
  if (quiet) return { show: () => {}, setup: () => {}, end: () => {} };
  return io.errIsTerminal ? screenPrinter(io, color) : linePrinter(io);
}

/** The first of each kind and thing that is counted, one every ten seconds, and the last. */
function setupLines(io: Io): ProgressPrinter["setup"] {
  let counting = "";
  let printedS = 0;
  return (state) => {
    const { kind, scenario, what, done, of, elapsedS } = state;
    const now = JSON.stringify([kind, scenario, what]);
    const isDue = now !== counting || done === of || elapsedS - printedS >= LINE_EVERY_S - 0.5;
    if (!isDue) return;
    counting = now;
    printedS = elapsedS;
    io.err(`${setupLine(state)}\n`);
  };
}

function linePrinter(io: Io): ProgressPrinter {
  let printedS = 0;
  let note: string | undefined;
  const setup = setupLines(io);
  return {
    setup,
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

type Size = ReturnType<Io["size"]>;

function screenPrinter(io: Io, color: boolean): ProgressPrinter {
  let drawn = 0;
  let last = io.size();
  let setUpS = 0;
  const home = (): string => (drawn > 0 ? `\x1b[${drawn}A` : HIDE_CURSOR);
  const draw = (lines: readonly string[], size: Size): void => {
    // A terminal that was resized has moved the lines in a way of its own.
    const resized = size.columns !== last.columns || size.rows !== last.rows;
    const start = drawn > 0 && resized ? CLEAR_SCREEN : home();
    last = size;
    io.draw(start + lines.map((line) => `\r${CLEAR_LINE}${line}\n`).join("") + CLEAR_BELOW);
    drawn = lines.length;
  };
  return {
    show: (state) => {
      const size = io.size();
      draw(liveView(state, { ...size, color }), size);
    },
    setup: (state) => {
      const { done, of, elapsedS } = state;
      const sinceS = elapsedS - setUpS;
      if (drawn > 0 && done < of && sinceS >= 0 && sinceS < DRAWN_EVERY_S) return;
      setUpS = elapsedS;
      const size = io.size();
      draw([shortened(oneLine(setupLine(state)), size.columns - 1)], size);
    },
    end: () => {
      if (drawn > 0) io.draw(`${home()}\r${CLEAR_BELOW}${SHOW_CURSOR}`);
      drawn = 0;
    },
  };
}
