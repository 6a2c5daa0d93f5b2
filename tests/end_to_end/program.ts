/**
 * certload as users run it: a process with arguments, an environment and a folder. `CERTLOAD_BIN` names an executable to
 * test in place of the checkout; it gets an empty home as well, where the checkout's Deno has its packages.
 */
import { join } from "node:path";
import { assert } from "../assert.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly folder: string;
  /** summary.json, parsed; undefined when none was written. */
  // deno-lint-ignore no-explicit-any -- tests look into it freely
  readonly summary: any;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written into the folder before. */
  readonly files?: Readonly<Record<string, string>>;
  /** Called with the running process. */
  readonly during?: (child: Deno.ChildProcess) => Promise<void>;
}

export function programCommand(): [string, ...string[]] {
  const executable = Deno.env.get("CERTLOAD_BIN");
  return executable ? [executable] : [Deno.execPath(), "run", "-A", "--quiet", MAIN];
}

/** Runs certload in an empty folder of its own, which is gone when `use` has ended. */
export async function withProgram(
  args: readonly string[],
  options: ProgramOptions,
  use: (finished: Finished) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "certload-e2e-" });
  const home = await Deno.makeTempDir({ prefix: "certload-home-" });
  try {
    for (const [name, text] of Object.entries(options.files ?? {})) {
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, name), text);
    }
    const env = { ...(Deno.env.has("CERTLOAD_BIN") && { HOME: home }), ...options.env };
    await use(await runProgram(args, folder, { ...options, env }));
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(home, { recursive: true });
  }
}

/** What a host that others keep busy does to a run: it is then judged as one on the host, and rightly. */
const BUSY_HOST = ["host_cpu", "generator_stalled"];
/** Of its CPUs, on average: there were moments without any for the run, and less than the rule's 95 % make it late. */
const BUSY_SHARE = 0.6;

/** The run found that this host had no CPU left for it, at times at least. */
export function hostWasBusy({ summary }: Pick<Finished, "summary">): boolean {
  if (summary === undefined) return false;
  const { validity: { reasons, warnings }, generator } = summary;
  return generator.host_cpu_share > BUSY_SHARE ||
    [...reasons, ...warnings].some(({ code }) => BUSY_HOST.includes(code));
}

/** The run ended with this code; or, where it found the host to be busy, invalid or with a threshold that is too slow. */
export function assertEnded(finished: Finished, code: number): void {
  const taken = hostWasBusy(finished) ? [code, 95, 99] : [code];
  assert(
    taken.includes(finished.code),
    `exit ${finished.code}\n${finished.stdout}${finished.stderr}`,
  );
}

async function runProgram(
  args: readonly string[],
  folder: string,
  { env, during }: ProgramOptions,
): Promise<Finished> {
  const [program, ...before] = programCommand();
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await during?.(child);
  const { code, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    folder,
    summary: await readSummary(folder),
  };
}

async function readSummary(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(join(folder, "results", "summary.json")));
  } catch {
    return undefined;
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
