/**
 * The real servers of `compose/docker-compose.yml`, started for one run by whichever compose tool is there and removed
 * with it. Every run has a project name of its own, so two runs on one machine do not meet.
 */
import { join, resolve } from "node:path";
import { hide } from "../masking/mask.ts";
import { shippedFiles, writeFiles } from "../shipped.ts";
import { bringUp } from "./bring_up.ts";
import { runCommand } from "../command.ts";
import { type Container, deploymentAccess, endpoints } from "./container.ts";
import {
  COMPOSE_COMMANDS,
  downCommand,
  type Engine,
  parseComposeCommand,
  type Project,
  versionCommand,
} from "./engine.ts";
import { noFolder } from "./folder.ts";
import { Guard } from "./guard.ts";
import type { Stack, StackEnvironment, StackFailed, StackOptions, StackReady } from "./stack.ts";
import { learnTrust } from "./trust.ts";
import { messageOf } from "../message_of.ts";

export interface ComposeOptions {
  /** `docker compose`, `docker-compose`, `podman compose` or a path; the first of these that answers when absent. */
  readonly command?: string;
  /** Compose files in place of the shipped one, the first the base and the rest overrides. */
  readonly files?: readonly string[];
  /** Leave a stack that has become ready as it is. */
  readonly keep?: boolean;
  /** Give up after this long without any news from the stack; 5 min. */
  readonly idleTimeoutMs?: number;
}

/** Below the run's folder: what the daemons serve, in a folder each, so that a deployment can replace it. */
const CERTIFICATES = "certificates";
const DAEMONS = ["nginx", "apache", "haproxy"];

const IDLE_TIMEOUT_MS = 300_000;
const DETECT_TIMEOUT_MS = 20_000;
const SECRETS = ["CERTCTL_TOKEN", "CERTCTL_ADMIN_TOKEN", "CERTCTL_CONFIG_ENCRYPTION_KEY"];

/** What a run has made and must remove. */
interface Run {
  readonly project: Project;
  readonly toolVersion: string;
  readonly folder: string;
  readonly guard: Guard;
}

/** A stack that runs in containers. */
export function composeStack(options: ComposeOptions = {}): Stack {
  return new ComposeStack(options);
}

class ComposeStack implements Stack {
  readonly name = "compose";
  readonly #options: ComposeOptions;
  #run?: Run;
  #kept = false;

  constructor(options: ComposeOptions) {
    this.#options = options;
  }

  async start(options: StackOptions): Promise<StackReady | StackFailed> {
    // Logs of a stack may show the keys that it was given.
    hide(SECRETS.map((name) => Deno.env.get(name)));
    try {
      this.#run = await this.#prepare();
      return await this.#start(this.#run, options);
    } catch (error) {
      return await this.#fail(messageOf(error));
    }
  }

  async stop(): Promise<string | undefined> {
    return this.#kept ? undefined : await this.#run?.guard.tearDown();
  }

  async #prepare(): Promise<Run> {
    const { engine, version } = await findEngine(this.#options.command);
    const folder = await Deno.makeTempDir({ prefix: "certload-" }).catch((error: unknown) => {
      throw new Error(noFolder(error));
    });
    try {
      const files = this.#options.files?.map((file) => resolve(file)) ?? await unpack(folder);
      await makeCertificateFolders(folder);
      const project = { engine, files, name: `certload-${crypto.randomUUID().slice(0, 8)}` };
      const guard = new Guard({ down: downCommand(project), folder });
      return { project, folder, guard, toolVersion: version };
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  async #start(run: Run, { progress, signal }: StackOptions): Promise<StackReady | StackFailed> {
    progress(`stack: starting project ${run.project.name} with ${run.toolVersion}`);
    const broughtUp = await bringUp({
      project: run.project,
      // Whoever names a source wants what is in it, not an image of last week.
      build: Boolean(Deno.env.get("CERTCTL_SOURCE")),
      environment: { CERTLOAD_CERTIFICATES: join(run.folder, CERTIFICATES) },
      idleTimeoutMs: this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      progress,
      signal,
      onProcess: (pid) => run.guard.watch(pid),
    });
    if (!broughtUp.ok) return await this.#fail(broughtUp.reason);
    const environment = await this.#environment(run, broughtUp.containers, progress);
    if (this.#options.keep) await this.#keep(run, progress);
    return { ok: true, environment, description: describe(run, broughtUp.containers) };
  }

  async #environment(
    { folder, project }: Run,
    containers: readonly Container[],
    progress: (line: string) => void,
  ): Promise<Record<string, string>> {
    const urls = endpoints(containers);
    const base = urls["CERTCTL_BASE"];
    const { pem, unverified } = await learnTrust(Object.values(urls));
    const caFile = join(folder, "ca.pem");
    await Deno.writeTextFile(caFile, pem);
    if (unverified.length > 0) {
      progress(`stack: certificates are not checked, for want of an issuer: ${unverified.join()}`);
    }
    return {
      ...urls,
      ...(base && addressesOf(base)),
      ...deploymentAccess(containers, {
        certificates: join(folder, CERTIFICATES),
        engine: project.engine.container,
      }),
      CERTCTL_TOKEN: Deno.env.get("CERTCTL_TOKEN") || "load-test-token",
      CERTCTL_ADMIN_TOKEN: Deno.env.get("CERTCTL_ADMIN_TOKEN") || "load-test-admin-token",
      ...(unverified.length === 0
        ? { CERTLOAD_CA_FILE: caFile }
        : { CERTLOAD_CA_FILE: "", CERTLOAD_INSECURE: "true" }),
    };
  }

  async #keep(run: Run, progress: (line: string) => void): Promise<void> {
    await run.guard.keep();
    this.#kept = true;
    progress(`stack: kept; take it down with: ${downCommand(run.project).join(" ")}`);
  }

  async #fail(reason: string): Promise<StackFailed> {
    const left = await this.stop();
    const message = `Cannot start the compose stack: ${reason}`;
    return { ok: false, message: left ? `${message}\nNot everything is down: ${left}` : message };
  }
}

/** What is behind certctl's base URL. */
function addressesOf(base: string): Partial<StackEnvironment> {
  return {
    CERTCTL_ACME_DIRECTORY: `${base}/acme/profile/prof-test/directory`,
    CERTLOAD_ACME_CHALLENGE_DIRECTORY: `${base}/acme/profile/prof-challenge/directory`,
    CERTLOAD_METRICS_URL: `${base}/api/v1/metrics/prometheus`,
  };
}

/** The named compose tool, or the first one that answers; throws when there is none. */
async function findEngine(command?: string): Promise<{ engine: Engine; version: string }> {
  const tried: string[] = [];
  for (const text of command === undefined ? COMPOSE_COMMANDS : [command]) {
    const engine = parseComposeCommand(text);
    if (!engine) continue;
    const signal = AbortSignal.timeout(DETECT_TIMEOUT_MS);
    const { code, stdout, tail } = await runCommand(versionCommand(engine), { signal });
    if (code === 0) return { engine, version: stdout.split("\n")[0]?.trim() || text };
    tried.push(`    ${text}: ${tail.at(-1) ?? `exit code ${code}`}`);
  }
  throw new Error(
    `no compose tool answers; install one, or name yours with --compose-command\n${
      tried.join("\n")
    }`,
  );
}

/** Writes the shipped compose file and its fixtures into `folder`; returns the compose file's path. */
async function unpack(folder: string): Promise<string[]> {
  await writeFiles(await shippedFiles("compose"), folder);
  return [join(folder, "docker-compose.yml")];
}

/**
 * Made here, so that they are this user's to remove; open to all, since the containers' users are others. Nobody else
 * gets at them: the run's folder is closed.
 */
async function makeCertificateFolders(folder: string): Promise<void> {
  for (const name of ["", ...DAEMONS]) {
    const path = join(folder, CERTIFICATES, name);
    await Deno.mkdir(path);
    if (Deno.build.os !== "windows") await Deno.chmod(path, 0o777);
  }
}

function describe(run: Run, containers: readonly Container[]): string {
  const images = containers.map(({ service, image }) => `${service} ${image}`).sort().join(", ");
  return `compose project ${run.project.name} (${run.toolVersion}): ${images}`;
}
