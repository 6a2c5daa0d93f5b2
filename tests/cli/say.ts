/** Commands run in this process, with what they say kept. */
import { join } from "node:path";
import { runCommand } from "../../src/cli/commands.ts";
import type { Io } from "../../src/cli/io.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderJson } from "../../src/report/json.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The world of a command without terminal and signals; what it says is in `said`. */
export function listeningIo(): { io: Io; said: { out: string; err: string } } {
  const said = { out: "", err: "" };
  const never = new AbortController().signal;
  const io: Io = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    reveal: (text) => void (said.out += text),
    draw: (text) => void (said.err += text),
    env: {},
    outIsTerminal: false,
    errIsTerminal: false,
    size: () => ({ columns: 80, rows: 24 }),
    interrupt: { soft: never, hard: never },
  };
  return { io, said };
}

/** Runs a command; `{}` in an argument stands for the folder. */
export function say(folder: string, ...args: string[]): Promise<Said> {
  return sayIn({}, folder, ...args);
}

/** The same in another world. */
export async function sayIn(
  world: Partial<Io>,
  folder: string,
  ...args: string[]
): Promise<Said> {
  const { io: plain, said } = listeningIo();
  const io = { ...plain, ...world };
  const code = await runCommand(args.map((arg) => arg.replaceAll("{}", folder)), io);
  return { code, ...said };
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
