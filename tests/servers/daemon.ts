/** Real daemons for tests: a folder of their own, free loopback ports, ended by process id. */
import { join } from "node:path";

export interface Daemon {
  readonly port: number;
  readonly folder: string;
  /** Of the process that was started, which is its group's. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface DaemonSpec {
  /** Full path or name of the program. */
  readonly program: string;
  readonly args: (folder: string) => string[];
  /** Files of the folder by name, for the port that was found. */
  readonly files: (port: number, folder: string) => Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

export async function startDaemon(spec: DaemonSpec): Promise<Daemon> {
  const folder = await Deno.makeTempDir({ prefix: "certload-test-" });
  const port = freePort();
  // A daemon that gives up its rights reads its documents as somebody else.
  await Deno.chmod(folder, 0o755);
  for (const [name, text] of Object.entries(spec.files(port, folder))) {
    await Deno.writeTextFile(join(folder, name), text, {
      mode: name.endsWith(".pem") ? 0o600 : 0o644,
    });
  }
  const log = join(folder, "output.log");
  const child = new Deno.Command(spec.program, {
    args: spec.args(folder),
    ...(spec.env && { env: { ...spec.env } }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = Promise.all([append(child.stdout, log), append(child.stderr, log)]);
  let ended = false;
  const status = child.status.then(() => ended = true);
  const stop = async (): Promise<void> => {
    if (!ended) child.kill("SIGTERM");
    const killing = setTimeout(() => ended || child.kill("SIGKILL"), 5_000);
    await status;
    clearTimeout(killing);
    await output;
    await Deno.remove(folder, { recursive: true });
  };
  for (let attempt = 0; attempt < 1_200; attempt++) {
    if (ended) break;
    if (await accepts(port)) return { port, folder, pid: child.pid, stop };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const words = await Deno.readTextFile(log);
  await stop();
  throw new Error(`${spec.program} did not listen on ${port}: ${words}`);
}

async function append(stream: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const file = await Deno.open(path, { create: true, append: true });
  await stream.pipeTo(file.writable);
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
