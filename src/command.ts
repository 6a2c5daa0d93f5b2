/**
 * Running other programs: no shell, no input, bounded output. A program that is missing or fails is a result, not an
 * exception.
 */
import { mask } from "./masking/mask.ts";
import { cut, harmless } from "./terminal.ts";
import { messageOf } from "./message_of.ts";

export interface CommandResult {
  /** Exit code; 127 when the program could not be started. */
  readonly code: number;
  /** The first `MAX_STDOUT_BYTES` of it. */
  readonly stdout: string;
  /** Both streams as they came, the last `MAX_TAIL_LINES` lines. */
  readonly tail: readonly string[];
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The program gets nothing of this process's environment but `environment`. */
  readonly clearEnvironment?: boolean;
  /** Aborting ends the program: SIGTERM, and SIGKILL after `KILL_AFTER_MS`. */
  readonly signal?: AbortSignal;
  /** Called with the process id, and with undefined when the process has ended. */
  readonly onProcess?: (pid: number | undefined) => void;
  readonly onLine?: (line: string) => void;
}

const MAX_STDOUT_BYTES = 8 << 20;
const MAX_TAIL_LINES = 40;
const MAX_LINE_CHARACTERS = 2_000;
const KILL_AFTER_MS = 10_000;
/** What a program has left running may hold its output open for ever; what it has said itself is there by then. */
const OUTPUT_AFTER_END_MS = 500;

/** Runs `argv` to its end. Never rejects. */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(argv, options);
  if (typeof child === "string") return { code: 127, stdout: "", tail: [child] };
  options.onProcess?.(child.pid);
  // As they came: of a flood of lines only those that are left in the end are worth a look.
  let tail: readonly string[] = [];
  const keep = (lines: readonly string[]): void => {
    if (options.onLine !== undefined) lines.forEach(options.onLine);
    tail = [...tail, ...lines.slice(-MAX_TAIL_LINES)].slice(-MAX_TAIL_LINES);
  };
  const release = killOnAbort(child, options.signal);
  const over = new AbortController();
  const reading = Promise.all([
    read(child.stdout, MAX_STDOUT_BYTES, keep, over.signal),
    read(child.stderr, 0, keep, over.signal),
  ]);
  const status = await child.status;
  let late: ReturnType<typeof setTimeout> | undefined;
  if (!options.signal?.aborted) {
    // From here on its group is what it has left running, such as a daemon, which is nobody's to end.
    release();
    late = setTimeout(() => over.abort(), OUTPUT_AFTER_END_MS);
  }
  const [stdout] = await reading;
  clearTimeout(late);
  release();
  options.onProcess?.(undefined);
  return { code: status.code, stdout, tail: tail.map(fitToShow) };
}

function fitToShow(line: string): string {
  return cut(harmless(mask(line, "foreign")), MAX_LINE_CHARACTERS);
}

function spawn(argv: readonly string[], options: CommandOptions): Deno.ChildProcess | string {
  const [program = "", ...args] = argv;
  try {
    return new Deno.Command(program, {
      args,
      ...(options.environment && { env: { ...options.environment } }),
      ...(options.clearEnvironment && { clearEnv: true }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A process group of its own: Ctrl-C reaches the tool alone, which then decides.
      detached: true,
    }).spawn();
  } catch (error) {
    return `Cannot run "${program}": ${messageOf(error)}`;
  }
}

function killOnAbort(child: Deno.ChildProcess, signal?: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => {
    kill(child, "SIGTERM");
    timer = setTimeout(() => kill(child, "SIGKILL"), KILL_AFTER_MS);
  };
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return () => {
    signal?.removeEventListener("abort", stop);
    clearTimeout(timer);
  };
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    // The whole group: a compose tool may be a plugin, a child of the program that was called.
    if (Deno.build.os === "windows") child.kill(signal);
    else Deno.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Reads to the end, or until `over` aborts; returns the first `maxBytes` and hands over every line, those of a chunk at once. */
async function read(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  onLines: (lines: readonly string[]) => void,
  over: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  let kept = "";
  let rest = "";
  const reader = stream.getReader();
  over.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const text = decoder.decode(value, { stream: true });
    if (kept.length < maxBytes) kept += text.slice(0, maxBytes - kept.length);
    const lines = (rest + text).split(/\r?\n/);
    // Half a secret could not be found any more.
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE_CHARACTERS) rest = mask(rest).slice(-MAX_LINE_CHARACTERS);
    onLines(lines.filter((line) => line.trim() !== ""));
  }
  if (rest.trim() !== "") onLines([rest]);
  return kept;
}
