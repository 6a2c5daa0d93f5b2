/**
 * Whether this host has the file descriptors and the ephemeral ports that a plan's load wants. A run that would find
 * out in the middle gives numbers of the host and not of the server.
 */
import type { Plan, Scenario } from "../plan/plan.ts";
import { highestLevel } from "../plan/profile.ts";
import { mostArrivals, requestsPerSecond } from "./sizing.ts";

interface HostLimits {
  /** Soft limit of open files; undefined where it cannot be read. */
  readonly openFiles?: number;
  /** Ports that outgoing connections can have to one address and port; undefined where it cannot be read. */
  readonly ephemeralPorts?: number;
}

/** Descriptors that the program itself has open, generously. */
const OWN_FILES = 64;

/** Linux keeps a port of a connection that this side closed for so long (TCP_TIMEWAIT_LEN). */
const TIME_WAIT_S = 60;

/** Answers are assumed to take this long at the worst, for the number of connections that are open at once. */
const ASSUMED_SERVICE_S = 1;

/** What somebody should know of this host before the load, one sentence each. */
export function hostRemarks(plan: Plan): string[] {
  return [...shortages(plan, readHostLimits()), ...proxyRemark(plan, Deno.env.toObject())];
}

const PROXY_VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/** A proxy would be what is measured, so none is used: said where other programs of this host would use one. */
export function proxyRemark(plan: Plan, env: Readonly<Record<string, string>>): string[] {
  const set = PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()])
    .filter((name) => env[name]);
  const { hostname } = new URL(plan.target.baseUrl);
  if (set.length === 0 || isLocal(hostname)) return [];
  const exempt = (env["NO_PROXY"] ?? env["no_proxy"] ?? "").split(",")
    .map((each) => each.trim().replace(/^\*?\./, "").toLowerCase());
  const covers = (name: string): boolean =>
    name !== "" && (name === "*" || hostname === name || hostname.endsWith(`.${name}`));
  if (exempt.some(covers)) return [];
  return [
    `${set.join(" and ")} ${
      set.length > 1 ? "are" : "is"
    } set, and certload uses no proxy: it connects to ` +
    `${hostname} directly`,
  ];
}

function isLocal(hostname: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname);
}

/** Sentences about what is short, with what to do; empty when nothing is. */
export function shortages(plan: Plan, limits: HostLimits): string[] {
  return [...fileShortage(plan, limits), ...portShortage(plan, limits)];
}

function fileShortage(plan: Plan, { openFiles }: HostLimits): string[] {
  const wanted = OWN_FILES + plan.scenarios.reduce((sum, each) => sum + openAtOnce(each), 0);
  if (openFiles === undefined || wanted <= openFiles) return [];
  return [
    `the load may have ${wanted} connections open at once (answers of up to ${ASSUMED_SERVICE_S} s), and this process ` +
    `may open ${openFiles} files: raise it with \`ulimit -n ${wanted}\`, or set max_connections in the plan`,
  ];
}

function openAtOnce(scenario: Scenario): number {
  const { load } = scenario;
  if (load.model === "closed") return Math.ceil(highestLevel(load.stages));
  return Math.min(
    Math.ceil(mostArrivals(load, ASSUMED_SERVICE_S)),
    load.maxInFlight,
    scenario.maxConnections ?? Infinity,
  );
}

function portShortage(plan: Plan, { ephemeralPorts }: HostLimits): string[] {
  if (ephemeralPorts === undefined) return [];
  return plan.scenarios.filter((each) => each.flow === "tls_handshake").flatMap((scenario) => {
    const wanted = Math.ceil(requestsPerSecond(scenario) * TIME_WAIT_S);
    return wanted <= ephemeralPorts ? [] : [
      `scenario ${scenario.name} makes about ${wanted} connections in the ${TIME_WAIT_S} s for which a closed one may ` +
      `keep its port, and this host has ${ephemeralPorts} ports: widen net.ipv4.ip_local_port_range, or set ` +
      `net.ipv4.tcp_tw_reuse=1`,
    ];
  });
}

export function readHostLimits(): HostLimits {
  const files = readText("/proc/self/limits")?.match(/^Max open files\s+(\d+)/m)?.[1];
  const range = readText("/proc/sys/net/ipv4/ip_local_port_range")?.match(/(\d+)\s+(\d+)/);
  const reuse = readText("/proc/sys/net/ipv4/tcp_tw_reuse")?.trim();
  const ports = range ? Number(range[2]) - Number(range[1]) + 1 : undefined;
  return {
    ...(files === undefined ? {} : { openFiles: Number(files) }),
    // 1 allows the reuse of waiting ports for new connections; 2, Linux's default, on loopback only.
    ...(ports === undefined || reuse === "1" ? {} : { ephemeralPorts: ports }),
  };
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
