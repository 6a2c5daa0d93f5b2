/** Commands run in this process, with what they print kept. */
import { join } from "node:path";
import { runCommand } from "../../src/cli/commands.ts";
import type { Io } from "../../src/cli/io.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderJson } from "../../src/report/json.ts";

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The world of a command without terminal and signals; what it prints is in `printed`. */
export function recordingIo(): { io: Io; printed: { out: string; err: string } } {
  const printed = { out: "", err: "" };
  const never = new AbortController().signal;
  const io: Io = {
    out: (text) => ((printed.out += text), true),
    err: (text) => void (printed.err += text),
    reveal: (text) => void (printed.out += text),
    draw: (text) => void (printed.err += text),
    env: {},
    outIsTerminal: false,
    errIsTerminal: false,
    size: () => ({ columns: 80, rows: 24 }),
    interrupt: { soft: never, hard: never },
  };
  return { io, printed };
}

/** Runs a command; `{}` in an argument stands for the folder. */
export function certload(folder: string, ...args: string[]): Promise<Printed> {
  return certloadIn({}, folder, ...args);
}

/** The same in another world. */
export async function certloadIn(
  world: Partial<Io>,
  folder: string,
  ...args: string[]
): Promise<Printed> {
  const { io: plain, printed } = recordingIo();
  const io = { ...plain, ...world };
  const code = await runCommand(args.map((arg) => arg.replaceAll("{}", folder)), io);
  return { code, ...printed };
}

/** A folder with these files, gone when `use` has ended. */
export async function withFolder(
  files: Readonly<Record<string, Summary | string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "certload-cli-" });
  try {
    for (const [name, file] of Object.entries(files)) {
      const text = typeof file === "string" ? file : renderJson(file);
      await Deno.writeTextFile(join(folder, name), text);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
