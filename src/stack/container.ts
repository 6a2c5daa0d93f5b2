/** What the engine says about a container, and what that means for the run. Pure. */
import { join } from "node:path";
import { SERVICE_LABEL } from "./engine.ts";

export interface Container {
  readonly id: string;
  readonly service: string;
  readonly image: string;
  /** `created`, `running`, `restarting`, `exited`, `dead`, ... */
  readonly status: string;
  readonly exitCode: number;
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** What the last health check printed. */
  readonly healthOutput: string;
  /** `443/tcp` -> port on the host. */
  readonly ports: Readonly<Record<string, number>>;
  readonly hostNetwork: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** `failed` is final: waiting longer will not mend it. */
type Readiness = "ready" | "waiting" | "failed";

/** The part of `docker inspect` and `podman inspect` that is read here. */
interface Inspected {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: Health | null;
    /** podman before version 4. */
    readonly Healthcheck?: Health | null;
  };
  readonly Config: { readonly Image?: string; readonly Labels?: Record<string, string> | null };
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly NetworkSettings?: {
    readonly Ports?: Record<string, readonly { readonly HostPort: string }[] | null> | null;
  };
}

interface Health {
  readonly Status?: string;
  readonly Log?: readonly { readonly Output?: string }[] | null;
}

/** Reads the answer of `docker inspect`, a JSON array; throws a SyntaxError when it is none. */
export function parseContainers(json: string): Container[] {
  return (JSON.parse(json) as Inspected[]).map(parseContainer);
}

function parseContainer(inspected: Inspected): Container {
  const labels = inspected.Config.Labels ?? {};
  const health = inspected.State.Health ?? inspected.State.Healthcheck;
  return {
    id: inspected.Id,
    service: labels[SERVICE_LABEL] ?? inspected.Id.slice(0, 12),
    image: inspected.Config.Image ?? "",
    status: inspected.State.Status,
    exitCode: inspected.State.ExitCode,
    health: parseHealth(health?.Status),
    healthOutput: health?.Log?.at(-1)?.Output?.trim() ?? "",
    ports: parsePorts(inspected.NetworkSettings?.Ports ?? {}),
    hostNetwork: inspected.HostConfig?.NetworkMode === "host",
    labels,
  };
}

function parseHealth(status: string | undefined): Container["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}

function parsePorts(
  bindings: Record<string, readonly { readonly HostPort: string }[] | null>,
): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const [port, hosts] of Object.entries(bindings)) {
    if (hosts?.[0]) ports[port] = Number(hosts[0].HostPort);
  }
  return ports;
}

/**
 * A service that is meant to end is ready when it has ended well. One with a health check is ready when that says so,
 * one without when it runs.
 */
export function readiness(container: Container): Readiness {
  switch (container.status) {
    case "exited":
    case "stopped":
      return container.exitCode === 0 && container.health === "none" ? "ready" : "failed";
    case "dead":
    case "removing":
      return "failed";
    case "running":
      return runningReadiness(container);
    default:
      return "waiting";
  }
}

function runningReadiness(container: Container): Readiness {
  if (container.health === "unhealthy") return "failed";
  if (container.health === "healthy") return "ready";
  const endsByItself = container.labels["certload.once"] === "true";
  return container.health === "none" && !endsByItself ? "ready" : "waiting";
}

/** `unhealthy`, `exited with code 1`, `starting`: the state in words. */
export function describeState(container: Container): string {
  if (container.status === "exited" || container.status === "stopped") {
    return `exited with code ${container.exitCode}`;
  }
  return container.status === "running" && container.health !== "none"
    ? container.health
    : container.status;
}

/** The variables that the containers' `certload.url` labels ask for, for example `CERTCTL_BASE`. */
export function endpoints(containers: readonly Container[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const container of containers) {
    const variable = container.labels["certload.url"];
    const port = hostPort(container);
    if (!variable || port === undefined) continue;
    found[variable] = `https://${container.labels["certload.host"] ?? "127.0.0.1"}:${port}`;
  }
  return found;
}

/** How the project's daemons are given another certificate. */
interface DeploymentAccess {
  /** Holds a folder for each daemon. */
  readonly certificates: string;
  /** The engine that runs commands in the containers. */
  readonly engine: string;
}

/**
 * The variables that the labels of the form VARIABLE=what ask for: `certload.folder` a folder below the certificates,
 * `certload.command` a command line that runs in the container, its words apart by blanks, and `certload.address` the
 * host and port of another of its ports.
 */
export function deploymentAccess(
  containers: readonly Container[],
  { certificates, engine }: DeploymentAccess,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const container of containers) {
    const folder = assignment(container, "certload.folder");
    if (folder) found[folder.variable] = join(certificates, folder.value);
    const command = assignment(container, "certload.command");
    if (command) found[command.variable] = `${engine} exec ${container.id} ${command.value}`;
    const address = assignment(container, "certload.address");
    const port = address && publishedPort(container, address.value);
    if (port !== undefined) found[address!.variable] = `127.0.0.1:${port}`;
  }
  return found;
}

function assignment(
  { labels }: Container,
  label: string,
): { readonly variable: string; readonly value: string } | undefined {
  const [, variable, value] = /^([A-Z][A-Z0-9_]*)=(.+)$/.exec(labels[label] ?? "") ?? [];
  return variable && value ? { variable, value } : undefined;
}

function hostPort(container: Container): number | undefined {
  const port = container.labels["certload.port"];
  return port === undefined ? undefined : publishedPort(container, port);
}

/** On the host's own network a container's port is the host's port. */
function publishedPort(container: Container, port: string): number | undefined {
  return container.ports[`${port}/tcp`] ?? (container.hostNetwork ? Number(port) : undefined);
}
