import { assertEquals } from "../assert.ts";
import { textOptions } from "../../src/cli/color.ts";
import { parseLine } from "../../src/cli/flags.ts";
import type { Io } from "../../src/cli/io.ts";

const FLAGS = [{ name: "no-color", help: "no colour" }];

function optionsOf(
  args: readonly string[],
  { terminal, env = {} }: { terminal: boolean; env?: Record<string, string> },
): ReturnType<typeof textOptions> {
  const parsed = parseLine(args, { flags: FLAGS, positionals: [] });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const io: Pick<Io, "outIsTerminal" | "env" | "size"> = {
    outIsTerminal: terminal,
    env,
    size: () => ({ columns: 72, rows: 24 }),
  };
  return textOptions(parsed.line, io);
}

Deno.test("textOptions() fits the terminal, in colour unless that is not wanted", () => {
  assertEquals(optionsOf([], { terminal: true }), { color: true, width: 72 });
  assertEquals(optionsOf(["--no-color"], { terminal: true }), { color: false, width: 72 });
  assertEquals(optionsOf([], { terminal: true, env: { NO_COLOR: "1" } }), {
    color: false,
    width: 72,
  });
});

Deno.test("textOptions() of a file or a pipe has no colour and the width of files", () => {
  assertEquals(optionsOf([], { terminal: false }), { color: false });
});
