/** What a command may touch of the world, so that tests can hand in another. */
import { fstatSync, statSync } from "node:fs";
import type { Interrupt } from "../engine/coordinator.ts";
import { hide, mask } from "../masking/mask.ts";
import { lastGuard, takesCommands } from "../terminal.ts";
import { reasonOf } from "./host_error.ts";
import { secretsOfEnvironment } from "./secrets.ts";

export interface Io {
  /** Results; false where nobody reads them. Throws an `OutputError` where they cannot be written. */
  readonly out: (text: string) => boolean;
  /** Progress and problems. */
  readonly err: (text: string) => void;
  /** The same as `out`, for who asked for it: the lab's own key in `certload lab`. Secrets are not masked. */
  readonly reveal: (text: string) => void;
  /** Draws on the terminal that `err` is: cursor movements are obeyed. */
  readonly draw: (text: string) => void;
  readonly env: Readonly<Record<string, string>>;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Columns and rows of the terminal, where there is one. */
  readonly size: () => { columns: number; rows: number };
  readonly interrupt: Interrupt;
}

const encoder = new TextEncoder();

/** The real world; the returned `release` takes the signal handlers off again. */
export function realIo(): { io: Io; release: () => void } {
  const { interrupt, release } = interruptBySignals();
  const env = Deno.env.toObject();
  hide(secretsOfEnvironment(env));
  const [outIsTerminal, errIsTerminal] = [Deno.stdout.isTerminal(), Deno.stderr.isTerminal()];
  const isRead = !isNullDevice(1);
  const guarded = (text: string, isTerminal: boolean): string =>
    lastGuard(text, { isTerminal, takesCommands: takesCommands(env) });
  const io: Io = {
    out: (text) => writeOut(Deno.stdout, guarded(mask(text), outIsTerminal)) && isRead,
    err: (text) => writeErr(Deno.stderr, guarded(mask(text), errIsTerminal)),
    reveal: (text) => void writeOut(Deno.stdout, guarded(text, outIsTerminal)),
    draw: (text) => writeErr(Deno.stderr, mask(text)),
    env,
    outIsTerminal,
    errIsTerminal,
    size: () => errIsTerminal || outIsTerminal ? Deno.consoleSize() : { columns: 80, rows: 24 },
    interrupt,
  };
  return { io, release };
}

/** /dev/null, which is also what the runtime puts in the place of an output that is closed (`>&-`). */
function isNullDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).rdev === statSync("/dev/null").rdev;
  } catch {
    return false;
  }
}

/** Standard output does not take what a command has to say; the message is for the user. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

export interface Stream {
  writeSync(bytes: Uint8Array): number;
}

/** A reader that has gone away (`certload run | head`) is no reason to fail: false tells. */
export function writeOut(stream: Stream, text: string): boolean {
  try {
    writeAll(stream, text);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new OutputError(`Cannot write to standard output: ${reasonOf(error)}`);
  }
}

/** Where problems cannot be told, there is nobody to tell that to, and the work goes on. */
export function writeErr(stream: Stream, text: string): void {
  try {
    writeAll(stream, text);
  } catch {
    // See above.
  }
}

function writeAll(stream: Stream, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** The first signal is soft, the second hard, whichever they are. */
function interruptBySignals(): { interrupt: Interrupt; release: () => void } {
  const soft = new AbortController();
  const hard = new AbortController();
  const onSignal = () => (soft.signal.aborted ? hard : soft).abort();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  return {
    interrupt: { soft: soft.signal, hard: hard.signal },
    release: () => SIGNALS.forEach((signal) => Deno.removeSignalListener(signal, onSignal)),
  };
}
