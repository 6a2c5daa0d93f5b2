/** Starts a compose project and waits until every service is ready, or one of them never will be. */
import { type CommandResult, runCommand } from "../command.ts";
import { type Container, describeState, parseContainers, readiness } from "./container.ts";
import { sleep } from "../timer.ts";
import { inspectCommand, listCommand, logsCommand, type Project, upCommand } from "./engine.ts";
import { News } from "./news.ts";

export interface BringUpOptions {
  readonly project: Project;
  /** Make images anew from their sources. */
  readonly build: boolean;
  /** Variables of the compose file, besides those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gives up after this long without any news: no state changed, no line printed. */
  readonly idleTimeoutMs: number;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
  /** Told which process is creating things. */
  readonly onProcess: (pid: number | undefined) => void;
}

/** All containers of the project, ready; or the reason why not, with the last log lines of the service. */
type BroughtUp =
  | { readonly ok: true; readonly containers: readonly Container[] }
  | { readonly ok: false; readonly reason: string };

const POLL_MS = 500;
const LOG_LINES = 20;

/** Never rejects; `up` has ended when this resolves. */
export async function bringUp(options: BringUpOptions): Promise<BroughtUp> {
  const giveUp = new AbortController();
  const news = new News(options.progress);
  const upEnded = new AbortController();
  let ended: CommandResult | undefined;
  const up = runCommand(upCommand(options.project, options), {
    environment: options.environment,
    signal: AbortSignal.any([options.signal, giveUp.signal]),
    onProcess: options.onProcess,
    onLine: (line) => news.printed(line),
  }).then((result) => {
    ended = result;
    upEnded.abort();
  });
  try {
    for (;;) {
      const outcome = await look(options, news, ended);
      if (outcome) return outcome;
      const wake = ended ? options.signal : AbortSignal.any([options.signal, upEnded.signal]);
      await sleep(POLL_MS, wake);
    }
  } finally {
    giveUp.abort();
    await up;
  }
}

/** One look at the project; undefined while it is still coming up. */
async function look(
  options: BringUpOptions,
  news: News,
  ended: CommandResult | undefined,
): Promise<BroughtUp | undefined> {
  const { project, signal } = options;
  if (signal.aborted) return failure("interrupted");
  const containers = await listContainers(project);
  if (typeof containers === "string") {
    return ended && failure(ended.code === 0 ? containers : explainUp(options, ended));
  }
  const failed = containers.find((container) => readiness(container) === "failed");
  if (failed) return failure(await explain(project, failed));
  if (ended && ended.code !== 0) return failure(explainUp(options, ended));
  const waiting = containers.filter((container) => readiness(container) === "waiting");
  news.states(containers, waiting);
  if (ended && waiting.length === 0) return { ok: true, containers };
  if (news.idleMs() < options.idleTimeoutMs) return undefined;
  const idle = `nothing has changed for ${Math.round(options.idleTimeoutMs / 1000)} s`;
  const last = waiting[0];
  return failure(last ? `${idle}; ${await explain(project, last)}` : idle);
}

function failure(reason: string): BroughtUp {
  return { ok: false, reason };
}

/** The project's containers, or why they cannot be listed. */
async function listContainers(project: Project): Promise<readonly Container[] | string> {
  const listed = await runCommand(listCommand(project));
  if (listed.code !== 0) return explainCommand(listCommand(project), listed);
  const ids = listed.stdout.split(/\s+/).filter((id) => id !== "");
  if (ids.length === 0) return [];
  const inspected = await runCommand(inspectCommand(project, ids));
  // A container may go between the two calls; the next look sees what is left.
  if (inspected.code !== 0) return explainCommand(inspectCommand(project, ids), inspected);
  try {
    return parseContainers(inspected.stdout);
  } catch (error) {
    return `"${project.engine.container} inspect" gave no JSON: ${String(error)}`;
  }
}

/** Name, state, last health check and last log lines of a service. */
async function explain(project: Project, container: Container): Promise<string> {
  const logs = await runCommand(logsCommand(project, container.id, LOG_LINES));
  const check = container.healthOutput.split("\n").slice(-3);
  return [
    `service "${container.service}" is not ready: ${describeState(container)}`,
    ...(container.healthOutput === "" ? [] : ["its last health check said:", ...indent(check)]),
    ...(logs.tail.length === 0
      ? ["it has logged nothing"]
      : ["its last log lines:", ...indent(logs.tail.slice(-LOG_LINES))]),
  ].join("\n");
}

function explainUp(options: BringUpOptions, result: CommandResult): string {
  return explainCommand(upCommand(options.project, options), result);
}

function explainCommand(argv: readonly string[], result: CommandResult): string {
  const head = `"${argv.join(" ")}" ended with exit code ${result.code}`;
  return [head, ...indent(result.tail.slice(-LOG_LINES))].join("\n");
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
