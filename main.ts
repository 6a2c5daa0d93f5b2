/** certload's entry: the only place that exits. */
import { runCommand } from "./src/cli/commands.ts";
import { realIo } from "./src/cli/io.ts";

/** A fault of the tool itself: what happened in one line; the stack only for those who ask for it. */
function reportFault(error: unknown): number {
  const detail = error instanceof Error ? error.message : String(error);
  const trace = Deno.env.has("CERTLOAD_TRACE") && error instanceof Error ? `${error.stack}\n` : "";
  Deno.stderr.writeSync(
    new TextEncoder().encode(
      `certload: internal error: ${detail}\n` +
        "This is a fault of certload itself. CERTLOAD_TRACE=1 shows where.\n" + trace,
    ),
  );
  return 107;
}

if (import.meta.main) {
  const { io } = realIo();
  Deno.exit(await runCommand(Deno.args, io).catch(reportFault));
}
