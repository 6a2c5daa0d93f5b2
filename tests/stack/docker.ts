/**
 * A real Docker engine for the tests: Debian's dockerd in namespaces of its own (processes, mounts, network), so that it
 * reaches nothing, disturbs nothing, and is gone with everything in it when the test ends or is killed. Images are
 * imported from this machine's own packages.
 */
import { basename, dirname, join } from "node:path";
import { assertEquals } from "../assert.ts";
import { firstMissing } from "../programs.ts";
import { type CommandResult, runCommand } from "../../src/command.ts";

export interface DockerEngine extends AsyncDisposable {
  /** For programs that are to use it: DOCKER_HOST, and a Docker client that ignores the user's settings. */
  readonly environment: Readonly<Record<string, string>>;
  /** Puts a command into the engine's network, where published ports are. */
  inNetwork(argv: readonly string[]): string[];
  /** `docker` with these arguments; fails the test when it fails. */
  docker(...args: string[]): Promise<string>;
  /** Makes an image of files of this machine and of given texts. */
  image(image: ImageOptions): Promise<void>;
}

export interface ImageOptions {
  readonly name: string;
  /** Programs found on PATH, with the libraries they need. */
  readonly programs: readonly string[];
  /** Files and folders that keep their paths; of loadable modules, their libraries come along. */
  readonly files?: readonly string[];
  /** Path in the image -> content; executable. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Path in the image -> where the symbolic link there points. */
  readonly links?: Readonly<Record<string, string>>;
  /** Dockerfile instructions such as `CMD ["nginx"]`. */
  readonly changes: readonly string[];
}

const PROGRAMS = ["dockerd", "docker", "unshare", "nsenter", "ip", "tar", "ldd"];

/** In every image: what the entry points and health checks call. */
const COMMON_PROGRAMS = ["sh", "bash", "cat", "sleep", "wget", "openssl"];
const COMMON_FILES = ["/usr/lib/ssl/openssl.cnf"];

/** Pid 1 of the engine's namespaces. When the pipe to the test closes, it ends, and the kernel ends all the rest. */
const INIT = `
ip link set lo up
dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false --host "unix://$1/docker.sock" \\
  --cgroup-parent "/\${1##*/}" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" >"$1/dockerd.log" 2>&1 &
cat >/dev/null
kill $!
wait
`;

/** Starts an engine; a text says why there can be none here. */
export async function startDocker(): Promise<DockerEngine | string> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux";
  const missing = firstMissing(PROGRAMS);
  if (missing) return `${missing} is not installed`;
  const folder = await Deno.makeTempDir({ prefix: "certload-docker-" });
  const flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const init = new Deno.Command("unshare", {
    args: [...flags, "sh", "-c", INIT, "sh", folder],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const engine = new Docker(folder, init);
  if (await engine.answers()) return engine;
  const log = await Deno.readTextFile(join(folder, "dockerd.log")).catch(() => "");
  await engine[Symbol.asyncDispose]();
  return `dockerd does not start: ${log.trim().split("\n").at(-1)}`;
}

class Docker implements DockerEngine {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #init: Deno.ChildProcess;

  constructor(folder: string, init: Deno.ChildProcess) {
    this.#folder = folder;
    this.#init = init;
    this.environment = {
      DOCKER_HOST: `unix://${folder}/docker.sock`,
      DOCKER_CONFIG: folder,
      DOCKER_API_VERSION: "1.41",
    };
  }

  inNetwork(argv: readonly string[]): string[] {
    return ["nsenter", `--net=/proc/${this.#init.pid}/ns/net`, "--", ...argv];
  }

  async docker(...args: string[]): Promise<string> {
    const result = await this.#docker(args);
    assertEquals(result.code, 0, `docker ${args.join(" ")}\n${result.tail.join("\n")}`);
    return result.stdout.trim();
  }

  #docker(args: readonly string[]): Promise<CommandResult> {
    return runCommand(["docker", ...args], { environment: this.environment });
  }

  /** Waits for the engine, and tries what it may not be allowed to do here: a network with a bridge. */
  async answers(): Promise<boolean> {
    for (let tries = 0; tries < 100; tries++) {
      if ((await this.#docker(["version"])).code === 0) {
        const made = await this.#docker(["network", "create", "probe"]);
        return made.code === 0 && (await this.#docker(["network", "rm", "probe"])).code === 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  async image(
    { name, programs, files = [], texts = {}, links = {}, changes }: ImageOptions,
  ): Promise<void> {
    const root = join(this.#folder, "root");
    await Deno.mkdir(join(root, "tmp"), { recursive: true });
    await Deno.chmod(join(root, "tmp"), 0o1777);
    const own = {
      "/etc/passwd":
        "root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\nnobody:x:99:99::/:/bin/sh\n",
      "/etc/group": "root:x:0:\ndaemon:x:1:\npostgres:x:70:\nnogroup:x:99:\n",
      "/etc/nsswitch.conf": "hosts: files dns\n",
      ...texts,
    };
    for (const [path, text] of Object.entries(own)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text, { mode: 0o755 });
    }
    for (const [path, target] of Object.entries(links)) {
      await Deno.symlink(target, join(root, path));
    }
    const flags = changes.map((change) => `--change '${change}'`).join(" ");
    const script = `
      set -e
      cd '${root}'
      ln -sf usr/bin bin; ln -sf usr/sbin sbin; ln -sf usr/lib lib; ln -sf usr/lib64 lib64
      mkdir -p run usr/bin usr/sbin usr/lib usr/lib64
      here="$(for p in ${[...COMMON_PROGRAMS, ...programs].join(" ")}; do command -v $p; done)
        $(find /lib/*-linux-gnu/ -maxdepth 1 -name 'libnss_[fd]*.so.2' -o -maxdepth 1 -name 'libresolv.so.2')
        ${[...COMMON_FILES, ...files].join(" ")}"
      modules=$(find $here -type f -name '*.so')
      libraries=$(ldd $here $modules 2>/dev/null | grep -o '/[^ :]*so[^ :]*' | sort -u)
      tar -C / -chf - --ignore-failed-read --hard-dereference $here $libraries 2>/dev/null | tar -xf - -C .
      tar -c . | docker import ${flags} - '${name}' >/dev/null
    `;
    const made = await runCommand(["sh", "-c", script], { environment: this.environment });
    assertEquals(made.code, 0, `image ${name}\n${made.tail.join("\n")}`);
    await Deno.remove(root, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#init.stdin.close().catch(() => {});
    await this.#init.status;
    await removeCgroups(basename(this.#folder));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The engine's own control groups, empty by now, of either version. */
async function removeCgroups(name: string): Promise<void> {
  const root = "/sys/fs/cgroup";
  const folders = [root, ...Array.from(Deno.readDirSync(root), (entry) => join(root, entry.name))];
  for (const folder of folders) await Deno.remove(join(folder, name)).catch(() => {});
}
