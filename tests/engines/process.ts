/** Processes of a test: what they say goes into a file, and they are ended by their ids. */

export interface Process {
  readonly pid: number;
  /** Once it has ended; its code. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export function startProcess(
  [program, ...args]: readonly [string, ...string[]],
  log: string,
  env: Readonly<Record<string, string>> = {},
): Process {
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = Promise.all([child.stdout, child.stderr].map((stream) => append(stream, log)));
  let hasEnded = false;
  const ended = child.status.then(({ code }) => ((hasEnded = true), code));
  const stop = async (): Promise<void> => {
    if (!hasEnded) child.kill("SIGTERM");
    const killing = setTimeout(() => hasEnded || child.kill("SIGKILL"), 3_000);
    await ended;
    clearTimeout(killing);
    await output;
  };
  return { pid: child.pid, ended, stop };
}

async function append(stream: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const file = await Deno.open(path, { create: true, append: true });
  await stream.pipeTo(file.writable);
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(
  [program, ...args]: readonly [string, ...string[]],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<Said> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    ...options,
    stdin: "null",
  })
    .output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Until something is so: an event, not a duration, ends the wait. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  mostMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + mostMs;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${mostMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
