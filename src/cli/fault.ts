/** What no command has caught: whose fault it is, and what it was, in one line. */
import { EXIT_CODES } from "../verdict/exit.ts";
import { foreign } from "../terminal.ts";
import { isHostError, reasonOf, subjectOf } from "./host_error.ts";
import { type Io, OutputError } from "./io.ts";
import { messageOf } from "../message_of.ts";

/** Tells it, and gives the exit code. The stack is for those alone who ask for it. */
export function faultOf(error: unknown, io: Io): number {
  if (error instanceof OutputError) {
    io.err(`certload: ${error.message}\n`);
    return EXIT_CODES.bad_input;
  }
  if (isHostError(error)) {
    io.err(`certload: this host does not let it go on: ${subjectOf(error)}: ${reasonOf(error)}\n`);
    io.err(traceOf(error, io));
    return EXIT_CODES.not_ready;
  }
  const detail = foreign(messageOf(error));
  io.err(`certload: internal error: ${detail}\n`);
  io.err("This is a fault of certload itself. CERTLOAD_TRACE=1 shows where.\n");
  io.err(traceOf(error, io));
  return EXIT_CODES.internal;
}

function traceOf(error: unknown, { env }: Io): string {
  return env["CERTLOAD_TRACE"] && error instanceof Error ? `${error.stack}\n` : "";
}
