/**
 * HAProxy's runtime API: a certificate is replaced in the running process, without a file and without a reload. It is
 * gone with the process, which reads its file again.
 *
 * https://docs.haproxy.org/2.9/management.html#9.3-set%20ssl%20cert
 */
import type { Failure } from "../http/failure.ts";
import { messageOf } from "../message_of.ts";
import { foreign } from "../terminal.ts";
import { after } from "../timer.ts";
import { type Bundle, combinedOf } from "./bundle.ts";
import { formerOf } from "./files.ts";
import { type Installer, notInstalled, type Restore } from "./installer.ts";
import { type HaproxyOptions, hostPort } from "./options.ts";

/** Its answers are a line or two. */
const MOST_BYTES = 16 << 10;
const ANSWER_MS = 10_000;

export class HaproxyRuntime implements Installer {
  readonly #options: HaproxyOptions;
  readonly #label: string;

  constructor(options: HaproxyOptions, label: string) {
    this.#options = options;
    this.#label = label;
  }

  async install(bundle: Bundle, signal: AbortSignal): Promise<Failure | undefined> {
    return await this.#installed(combinedOf(bundle), signal);
  }

  /** What HAProxy serves cannot be read from it; the file that it began with can. */
  async former(): Promise<Restore | Failure | undefined> {
    const { certificate, file = certificate } = this.#options;
    const former = await formerOf(file);
    if (typeof former === "string" || former.file === undefined) {
      const why = typeof former === "string" ? former : `${file} is not there`;
      return notInstalled(
        this.#label,
        `${why}; it is read to bring the former certificate back after the run (say where this ` +
          "host has it: install.haproxy.file)",
      );
    }
    const pem = new TextDecoder().decode(former.file.bytes);
    return {
      what: `the certificate ${certificate} of ${this.#label}, until it is reloaded`,
      restore: (signal) => this.#installed(pem, signal),
    };
  }

  async #installed(pem: string, signal: AbortSignal): Promise<Failure | undefined> {
    const why = await this.#put(pem, signal);
    if (why === undefined) return undefined;
    if (!signal.aborted) return notInstalled(this.#label, why);
    return { class: "interrupted", message: `Interrupted while ${this.#label} got a certificate` };
  }

  /** A sentence where HAProxy did not take it. */
  async #put(pem: string, signal: AbortSignal): Promise<string | undefined> {
    const { certificate, socket } = this.#options;
    // An empty line ends what is given.
    const payload = pem.replaceAll(/\r/g, "").split("\n").filter((line) => line !== "").join("\n");
    const set = await ask(socket, `set ssl cert ${certificate} <<\n${payload}\n\n`, signal);
    if (!/^Transaction (created|updated)/m.test(set.text)) return set.refused("set ssl cert");
    const committed = await ask(socket, `commit ssl cert ${certificate}\n`, signal);
    if (/^Success!/m.test(committed.text)) return undefined;
    await ask(socket, `abort ssl cert ${certificate}\n`, signal);
    return committed.refused("commit ssl cert");
  }
}

interface Reply {
  readonly text: string;
  /** What to say of it where it is not what was wanted. */
  readonly refused: (command: string) => string;
}

/** One command on a connection of its own, to which HAProxy answers and hangs up. */
async function ask(socket: string, command: string, signal: AbortSignal): Promise<Reply> {
  let text = "";
  let problem: string | undefined;
  const over = new AbortController();
  const late = after(ANSWER_MS, () => over.abort());
  const end = AbortSignal.any([over.signal, signal]);
  try {
    text = await answerTo(socket, command, end);
  } catch (error) {
    problem = over.signal.aborted ? `no answer in ${ANSWER_MS / 1000} s` : messageOf(error);
  } finally {
    late.clear();
  }
  return {
    text,
    refused: (name) => {
      const said = foreign(text.trim(), 200) || "nothing";
      return problem === undefined
        ? `\`${name}\` on ${socket} was answered with ${JSON.stringify(said)}`
        : `\`${name}\` on ${socket}: ${foreign(problem, 200)}`;
    },
  };
}

/** Throws where there is none before `end`. */
async function answerTo(socket: string, command: string, end: AbortSignal): Promise<string> {
  end.throwIfAborted();
  const connection = await connect(socket, end);
  const stop = (): void => close(connection);
  end.addEventListener("abort", stop);
  try {
    await writeAll(connection, new TextEncoder().encode(command));
    return await readAll(connection);
  } finally {
    end.removeEventListener("abort", stop);
    close(connection);
  }
}

function connect(socket: string, signal: AbortSignal): Promise<Deno.Conn> {
  const { hostname, port } = hostPort(socket);
  return port > 0
    ? Deno.connect({ hostname, port, signal })
    : Deno.connect({ transport: "unix", path: socket });
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readAll(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(MOST_BYTES);
  let length = 0;
  while (length < buffer.length) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The deadline has closed it.
  }
}
