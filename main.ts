/** certload's entry: the only place that exits. */
import { runCommand } from "./src/cli/commands.ts";
import { faultOf } from "./src/cli/fault.ts";
import { realIo } from "./src/cli/io.ts";

if (import.meta.main) {
  const { io } = realIo();
  Deno.exit(await runCommand(Deno.args, io).catch((error) => faultOf(error, io)));
}
