/**
 * Takes a stack down when the tool is gone, however it went. A small child process blocks on a pipe from the tool; the
 * pipe closes when the tool is done, fails, or is killed outright, and the child then runs the teardown. There is no
 * other road to a teardown, so the one that matters after a crash is the one used every day.
 *
 * The tool says on the pipe, a line each: the id of a process group that is still creating things (empty: none) and must end
 * before the teardown starts, or `keep`, which leaves everything as it is.
 */
import { join } from "node:path";
import { mask } from "../masking/mask.ts";
import { within } from "../timer.ts";

export interface GuardOptions {
  /** The command that takes the stack down. */
  readonly down: readonly string[];
  /** The run's own folder; the guard's log is in it, and it is removed once everything is down. */
  readonly folder: string;
  readonly platform?: typeof Deno.build.os;
  /** For the teardown to end before it is left to itself; 2 min. */
  readonly timeoutMs?: number;
}

const TEARDOWN_TIMEOUT_MS = 120_000;

/**
 * `$1` the folder, the rest the teardown. Ctrl-C and a closed terminal reach whole process groups and sessions, so those
 * signals are ignored. Output goes to a file, because a pipe to a tool that is gone would end the teardown halfway.
 */
const SHELL_SCRIPT = `
trap '' HUP INT TERM PIPE
folder=$1; shift
pid=
while read -r line; do
  [ "$line" = keep ] && exit 0
  pid=$line
done
if [ -n "$pid" ]; then
  kill -s TERM -- "-$pid" 2>/dev/null
  waited=0
  while kill -s 0 -- "-$pid" 2>/dev/null && [ $waited -lt 30 ]; do sleep 1; waited=$((waited + 1)); done
fi
for attempt in 1 2 3; do
  "$@" >"$folder/down.log" 2>&1 && exec rm -rf "$folder"
  sleep 1
done
exit 1
`;

/** The same for Windows PowerShell; its arguments are part of the script. */
function powerShellScript(options: GuardOptions): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const down = options.down.map(quote).join(" ");
  return [
    `$id = ''`,
    `while ($null -ne ($line = [Console]::In.ReadLine())) {`,
    `  if ($line -eq 'keep') { exit 0 }`,
    `  $id = $line`,
    `}`,
    `if ($id) { taskkill /pid $id /t /f 2>&1 | Out-Null }`,
    `foreach ($attempt in 1..3) {`,
    `  & ${down} *> ${quote(`${options.folder}\\down.log`)}`,
    `  if ($LASTEXITCODE -eq 0) { Remove-Item -Recurse -Force ${quote(options.folder)}; exit 0 }`,
    `  Start-Sleep -Seconds 1`,
    `}`,
    `exit 1`,
  ].join("\n");
}

/** The guard's command line. */
export function guardCommand(options: GuardOptions): string[] {
  return (options.platform ?? Deno.build.os) === "windows"
    ? ["powershell", "-NoProfile", "-NonInteractive", "-Command", powerShellScript(options)]
    : ["sh", "-c", SHELL_SCRIPT, "certload-guard", options.folder, ...options.down];
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #child: Deno.ChildProcess;
  readonly #pipe: WritableStreamDefaultWriter<Uint8Array>;
  #ending?: Promise<string | undefined>;

  /** Starts watching; throws when there is no shell. */
  constructor(options: GuardOptions) {
    const [program = "", ...args] = guardCommand(options);
    this.#options = options;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    this.#pipe = this.#child.stdin.getWriter();
  }

  /** Names the process that must end before a teardown; undefined when there is none any more. */
  watch(pid: number | undefined): void {
    this.#tell(pid === undefined ? "" : String(pid));
  }

  /** Leaves the stack as it is, and ends the guard. */
  async keep(): Promise<void> {
    this.#tell("keep");
    await this.#pipe.close().catch(() => {});
    await this.#child.status;
    this.#ending = Promise.resolve(undefined);
  }

  /** Takes the stack down and waits for it. Idempotent. Returns what went wrong, if anything. */
  tearDown(): Promise<string | undefined> {
    return this.#ending ??= this.#tearDown();
  }

  async #tearDown(): Promise<string | undefined> {
    await this.#pipe.close().catch(() => {});
    const { timeoutMs = TEARDOWN_TIMEOUT_MS } = this.#options;
    const status = await within(timeoutMs, this.#child.status);
    if (status?.success) return undefined;
    const command = this.#options.down.join(" ");
    if (status === undefined) {
      return `"${command}" has not ended after ${timeoutMs / 1000} s; it goes on by itself`;
    }
    const log = join(this.#options.folder, "down.log");
    await maskFile(log);
    return `"${command}" failed three times; what it said is in ${log}`;
  }

  #tell(line: string): void {
    // A guard that is gone cannot be told; tearDown() reports it.
    this.#pipe.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }
}

/** A log that stays behind, written by others. A tool that was killed cannot do this; docs/compose.md says so. */
async function maskFile(path: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, mask(await Deno.readTextFile(path), "foreign"));
  } catch {
    // It may not be there, or be out of reach: then nothing of it is shown either.
  }
}
