/** The command lines of the three compose tools and of the container engine behind each. Pure. */

/** A compose tool and the engine that runs its containers. */
export interface Engine {
  /** `["docker", "compose"]`, `["docker-compose"]`, `["podman", "compose"]` or what was named instead. */
  readonly compose: readonly string[];
  /** `docker`, `podman`, or the like: lists, inspects and logs containers. */
  readonly container: string;
}

/** One project: what keeps a run's containers, networks and volumes apart from all others. */
export interface Project {
  readonly engine: Engine;
  readonly name: string;
  readonly files: readonly string[];
}

/** Tried in this order when no command is named. */
export const COMPOSE_COMMANDS = ["docker compose", "docker-compose", "podman compose"] as const;

/** Both Docker's and podman's compose tools put these on containers. */
const PROJECT_LABEL = "com.docker.compose.project";
export const SERVICE_LABEL = "com.docker.compose.service";

/** Reads `docker compose`, `docker-compose`, `/opt/bin/podman-compose`; undefined for an empty text. */
export function parseComposeCommand(text: string): Engine | undefined {
  const compose = text.trim().split(/\s+/);
  const program = compose[0];
  if (!program) return undefined;
  return { compose, container: compose.length > 1 ? program : engineOf(program) };
}

/** `docker-compose` drives docker and `podman-compose` podman, by whatever path they are called. */
function engineOf(program: string): string {
  const name = program.split(/[/\\]/).at(-1) ?? program;
  return name.startsWith("podman") ? "podman" : "docker";
}

export function versionCommand(engine: Engine): string[] {
  return [...engine.compose, "version"];
}

/** Creates and starts everything in the background; `build` makes images anew from their sources. */
export function upCommand(project: Project, options: { readonly build: boolean }): string[] {
  return [...projectCommand(project), "up", "-d", ...(options.build ? ["--build"] : [])];
}

/** Stops and removes containers, networks and volumes. */
export function downCommand(project: Project): string[] {
  return [...projectCommand(project), "down", "--volumes", "--timeout", "5"];
}

/** Ids of all containers of the project, ended ones included. */
export function listCommand(project: Project): string[] {
  const filter = `label=${PROJECT_LABEL}=${project.name}`;
  return [project.engine.container, "ps", "--all", "--quiet", "--filter", filter];
}

export function inspectCommand(project: Project, ids: readonly string[]): string[] {
  return [project.engine.container, "inspect", ...ids];
}

export function logsCommand(project: Project, id: string, lines: number): string[] {
  return [project.engine.container, "logs", "--tail", String(lines), id];
}

function projectCommand(project: Project): string[] {
  const files = project.files.flatMap((file) => ["-f", file]);
  return [...project.engine.compose, "-p", project.name, ...files];
}
