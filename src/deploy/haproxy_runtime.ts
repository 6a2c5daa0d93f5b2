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

  async install(bundle: Bundle): Promise<Failure | undefined> {
    const why = await this.#put(combinedOf(bundle));
    return why === undefined ? undefined : notInstalled(this.#label, why);
  }

  /** What HAProxy serves cannot be read from it; the file that it began with can. */
  async former(): Promise<Restore | Failure | undefined> {
    const { certificate, file = certificate } = this.#options;
    try {
      const pem = await Deno.readTextFile(file);
      return {
        what: `the certificate ${certificate} of ${this.#label}, until it is reloaded`,
        restore: async () => {
          const why = await this.#put(pem);
          return why === undefined ? undefined : notInstalled(this.#label, why);
        },
      };
    } catch (error) {
      return notInstalled(
        this.#label,
        `${file} cannot be read, to bring the former certificate back after the run (say where ` +
          `this host has it: install.haproxy.file): ${messageOf(error)}`,
      );
    }
  }

  /** A sentence where HAProxy did not take it. */
  async #put(pem: string): Promise<string | undefined> {
    const { certificate, socket } = this.#options;
    // An empty line ends what is given.
    const payload = pem.replaceAll(/\r/g, "").split("\n").filter((line) => line !== "").join("\n");
    const set = await ask(socket, `set ssl cert ${certificate} <<\n${payload}\n\n`);
    if (!/^Transaction (created|updated)/m.test(set.text)) return set.refused("set ssl cert");
    const committed = await ask(socket, `commit ssl cert ${certificate}\n`);
    if (/^Success!/m.test(committed.text)) return undefined;
    await ask(socket, `abort ssl cert ${certificate}\n`);
    return committed.refused("commit ssl cert");
  }
}

interface Reply {
  readonly text: string;
  /** What to say of it where it is not what was wanted. */
  readonly refused: (command: string) => string;
}

/** One command on a connection of its own, to which HAProxy answers and hangs up. */
async function ask(socket: string, command: string): Promise<Reply> {
  let text = "";
  let problem: string | undefined;
  try {
    const connection = await connect(socket);
    const late = after(ANSWER_MS, () => connection.close());
    try {
      await writeAll(connection, new TextEncoder().encode(command));
      text = await readAll(connection);
    } finally {
      late.clear();
      close(connection);
    }
  } catch (error) {
    problem = messageOf(error);
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

function connect(socket: string): Promise<Deno.Conn> {
  const { hostname, port } = hostPort(socket);
  return port > 0
    ? Deno.connect({ hostname, port })
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
