/**
 * The embedded lab as a stack: this program again, as a child, so that the server shares no event loop with the load.
 * The child ends when its standard input closes, so it does not outlive the tool however the tool ends.
 */
import { join } from "node:path";
import { unmeasuredClient } from "../http/client.ts";
import { makeRunFolder, type RunFolder, sweepRunFolders } from "./folder.ts";
import type { Stack, StackFailed, StackOptions, StackReady } from "./stack.ts";
import { messageOf } from "../message_of.ts";

/** What `certload lab --json` prints first. */
interface LabAnnouncement {
  readonly environment: Readonly<Record<string, string>>;
}

/** A second nginx: one for handshakes that want the certificate it has, one for deployments that replace it. */
const DEFAULT_LAB = JSON.stringify({ targets: { nginx: 2 } });

const FOLDER_PREFIX = "certload-lab-";
const START_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 65_536;
const LAST_WORDS_BYTES = 4096;

/** `args`: further flags for `certload lab`. */
export function embeddedStack(args: readonly string[] = []): Stack {
  return new EmbeddedStack(args);
}

class EmbeddedStack implements Stack {
  readonly name = "embedded";
  readonly #args: readonly string[];
  #child: Deno.ChildProcess | undefined;
  /** For the lab's CA certificate. */
  #folder: RunFolder | undefined;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  async start(options: StackOptions): Promise<StackReady | StackFailed> {
    try {
      await sweepRunFolders(FOLDER_PREFIX);
      const folder = this.#folder = await makeRunFolder(FOLDER_PREFIX);
      return await this.#start(folder, options);
    } catch (error) {
      await this.stop();
      const message = messageOf(error);
      return { ok: false, message: `The embedded lab did not start: ${message}` };
    }
  }

  async #start(
    folder: RunFolder,
    { progress, signal }: StackOptions,
  ): Promise<StackReady | StackFailed> {
    progress("starting the embedded lab");
    const child = this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...programArgs(),
        "lab",
        "--json",
        "--ca-file",
        join(folder.path, "ca.pem"),
        ...this.#args,
      ],
      // A terminal sends Ctrl-C to all of its foreground, and the lab must go on answering what the tool then waits for.
      detached: true,
      env: { CERTLOAD_LAB: Deno.env.get("CERTLOAD_LAB") || DEFAULT_LAB },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lastWords = tail(child.stderr);
    const line = await firstLine(child.stdout, START_TIMEOUT_MS, signal);
    const announcement = line === undefined ? undefined : parseAnnouncement(line);
    if (announcement === undefined) {
      await this.stop();
      const words = (await lastWords).trim();
      const message = `The embedded lab did not start${words === "" ? "" : `: ${words}`}`;
      return { ok: false, message };
    }
    const { environment } = announcement;
    const silent = await unanswered(environment, signal);
    if (silent === undefined) return { ok: true, environment, description: "embedded lab" };
    await this.stop();
    return { ok: false, message: `The embedded lab does not answer: ${silent}` };
  }

  async stop(): Promise<string | undefined> {
    const [child, folder] = [this.#child, this.#folder];
    this.#child = this.#folder = undefined;
    if (child !== undefined) await endChild(child);
    return await folder?.remove();
  }
}

/** How this program is started again: the executable by itself, a checkout by deno and main.ts. */
function programArgs(): string[] {
  if (Deno.build.standalone) return [];
  return ["run", "-A", "--quiet", new URL("../../main.ts", import.meta.url).href];
}

async function endChild(child: Deno.ChildProcess): Promise<void> {
  await child.stdin.close().catch(() => {});
  const killing = setTimeout(() => kill(child), 3_000);
  await child.status;
  clearTimeout(killing);
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** Why the lab's API does not answer where it says that it does; undefined when it does. */
async function unanswered(
  { CERTCTL_BASE = "", CERTLOAD_CA_FILE = "" }: LabAnnouncement["environment"],
  signal: AbortSignal,
): Promise<string | undefined> {
  const caPem = await Deno.readTextFile(CERTLOAD_CA_FILE);
  const tls = { insecureSkipVerify: false, caPem };
  const client = unmeasuredClient({ tls, maxBodyBytes: MAX_BODY_BYTES });
  const request = { method: "GET", url: new URL("/health", CERTCTL_BASE), headers: {} };
  const { failure } = await client.send(request, { timeoutMs: ANSWER_TIMEOUT_MS, signal });
  client.close();
  return failure?.message;
}

function parseAnnouncement(line: string): LabAnnouncement | undefined {
  try {
    return JSON.parse(line) as LabAnnouncement;
  } catch {
    return undefined;
  }
}

/** The first line of a stream; undefined when it ends or the time is over before. The rest is read and dropped. */
async function firstLine(
  stream: ReadableStream<Uint8Array>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const ended = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const over = new Promise<undefined>((resolve) => {
    if (ended.aborted) resolve(undefined);
    else ended.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  while (!text.includes("\n")) {
    const chunk = await Promise.race([reader.read(), over]);
    if (chunk === undefined || chunk.done) return undefined;
    text += chunk.value;
  }
  drain(reader);
  return text.slice(0, text.indexOf("\n"));
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

async function tail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text = (text + chunk).slice(-LAST_WORDS_BYTES);
  }
  return text;
}
