/** A whole process, timed by the operating system's own accounting (wait4's rusage, through bash's `time`). */
export interface TimedRun {
  readonly cpuS: number;
  readonly wallS: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

const MARK = "certload-bench-time";

export async function timed(
  command: readonly string[],
  options: { stdin?: string; cwd?: string } = {},
): Promise<TimedRun> {
  const child = new Deno.Command("bash", {
    args: ["-c", `TIMEFORMAT='${MARK} %3U %3S %3R'; time "$@"`, "bash", ...command],
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const errors = new TextDecoder().decode(stderr);
  const times = new RegExp(`${MARK} ([\\d.]+) ([\\d.]+) ([\\d.]+)`).exec(errors);
  if (times === null) throw new Error(`${command[0]} did not end by itself: ${errors.slice(-500)}`);
  const [userS, systemS, wallS] = times.slice(1).map(Number);
  return {
    cpuS: (userS ?? 0) + (systemS ?? 0),
    wallS: wallS ?? 0,
    stdout: new TextDecoder().decode(stdout),
    stderr: errors,
    code,
  };
}
