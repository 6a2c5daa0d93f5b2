/**
 * Stand-ins for the container tools: executables in a folder of their own that write down how they were called and
 * answer from files, so that a test says what the engine sees.
 */
import { join } from "node:path";

export interface StandIn extends AsyncDisposable {
  readonly folder: string;
  /** Puts an executable of that name into the folder; `body` is shell, `$DIR` the folder. */
  program(name: string, body: string): Promise<void>;
  /** What `inspect` answers. */
  containers(inspected: readonly unknown[]): Promise<void>;
  /** The calls so far, one command line each. */
  calls(): Promise<string[]>;
}

/** Behaves as a healthy engine: `up` and `down` succeed, `ps` names one container per entry of the inspect file. */
export const ENGINE = `
case "$1" in
  ps) [ ! -s "$DIR/containers.json" ] || echo c1 ;;
  inspect) cat "$DIR/containers.json" ;;
  logs) echo "line one"; echo "line two: \${CERTCTL_TOKEN:-}" >&2 ;;
esac
`;

/** Answers `version`, and runs `$DIR/up.sh` on `up` if a test has put it there. */
export const COMPOSE = `
case " $* " in
  *" version "*) echo "stand-in 9.9" ;;
  *" up "*) [ ! -e "$DIR/up.sh" ] || . "$DIR/up.sh" ;;
  *" down "*) [ ! -e "$DIR/down.sh" ] || . "$DIR/down.sh" ;;
esac
`;

/** Makes the folder and puts it first on PATH until it is disposed of. */
export async function standIn(): Promise<StandIn> {
  const folder = await Deno.makeTempDir();
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", `${folder}:${path}`);
  return {
    folder,
    program: (name, body) => writeProgram(folder, name, body),
    containers: (inspected) =>
      Deno.writeTextFile(join(folder, "containers.json"), JSON.stringify(inspected)),
    calls: async () => {
      const text = await Deno.readTextFile(join(folder, "calls")).catch(() => "");
      return text.split("\n").filter((line) => line !== "");
    },
    async [Symbol.asyncDispose](): Promise<void> {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function writeProgram(folder: string, name: string, body: string): Promise<void> {
  const script = `#!/bin/sh\nDIR='${folder}'\necho "${name} $*" >>"$DIR/calls"\n${body}`;
  await Deno.writeTextFile(join(folder, name), script, { mode: 0o755 });
}

export interface InspectedOptions {
  readonly service?: string;
  readonly status?: string;
  readonly exitCode?: number;
  /** Absent: the container has no health check. */
  readonly health?: string;
  readonly healthOutput?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: Readonly<Record<string, string>>;
  readonly networkMode?: string;
}

/** One entry of what `docker inspect` prints, cut down to what is read. */
export function inspected(options: InspectedOptions = {}): unknown {
  const ports = Object.entries(options.ports ?? {}).map((
    [port, host],
  ) => [port, [{ HostIp: "127.0.0.1", HostPort: host }]]);
  return {
    Id: "c1".padEnd(64, "0"),
    State: {
      Status: options.status ?? "running",
      ExitCode: options.exitCode ?? 0,
      ...(options.health &&
        { Health: { Status: options.health, Log: [{ Output: options.healthOutput ?? "" }] } }),
    },
    Config: {
      Image: "image:1",
      Labels: { "com.docker.compose.service": options.service ?? "web", ...options.labels },
    },
    HostConfig: { NetworkMode: options.networkMode ?? "default" },
    NetworkSettings: { Ports: { "80/tcp": null, ...Object.fromEntries(ports) } },
  };
}
