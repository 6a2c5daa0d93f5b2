/** What somebody else needs to take the figures again, for every report. */
import type { Summary, SummaryScenario } from "../metrics/summary_schema.ts";
import {
  formatBytes,
  formatCores,
  formatCount,
  formatMemory,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
  significant,
} from "../metrics/format.ts";
import { arrivalsOf, type AskedServer, otherTargets, scenariosOf } from "../metrics/scenarios.ts";
import { plural } from "./words.ts";

/** Label and text. */
export function methodologyRows(summary: Summary): [string, string][] {
  const { plan, tool, methodology: m, generator, started_at, duration_s } = summary;
  const scenarios = scenariosOf(summary).map(([, data]) => data);
  const sum = (of: (data: SummaryScenario) => number): number =>
    scenarios.reduce((total, data) => total + of(data), 0);
  const second = scenariosOf(summary).filter(([, { client }]) => client === "undici")
    .map(([name]) => name);
  const servers = Array.from(new Set(scenarios.map(({ server }) => server).filter(Boolean)));
  const runtime = Object.entries(m.runtime).map(([name, version]) => `${name} ${version}`);
  const version = m.target.version ? `, version ${m.target.version}` : "";
  const host = generator.host_cpu_share;
  const cpu = Math.max(0, ...generator.workers.map(({ cpu_share }) => cpu_share));
  return [
    ["plan", `${plan.source}, sha256 ${plan.sha256.slice(0, 16)}`],
    ["target", `${m.target.base_url}${version}${m.target.lab ? ", the embedded lab" : ""}`],
    ...(m.target.identity ? [["identity", m.target.identity] as [string, string]] : []),
    ...otherTargets(summary).map(({ target, scenarios }): [string, string] => [
      "target",
      `${serverText(target)}: ${scenarios.join(", ")}`,
    ]),
    ...(servers.length > 0 ? [["servers", servers.join(", ")] as [string, string]] : []),
    ["stack", [m.stack.name, m.stack.description].filter(Boolean).join(": ")],
    ["started", `${started_at}, ran ${formatSeconds(duration_s)}`],
    [
      "host",
      `${m.hardware.cpu_model}, ${m.hardware.cpu_count} CPUs${
        host === null ? "" : ` (${formatPercent(host)} busy)`
      }, ${formatMemory(m.hardware.memory_bytes)}, ${m.os.name} ${m.os.kernel}${
        m.os.container ? `, in ${m.os.container}` : ""
      }`,
    ],
    ["tool", [`certload ${tool.version}`, ...runtime].join(", ")],
    [
      "generator",
      `${plural(generator.workers.length, "worker")}, busiest ${
        formatPercent(cpu)
      } of a core, the whole process ${formatCores(generator.cpu_cores)}, ${
        formatBytes(generator.max_rss_bytes)
      } memory`,
    ],
    ...arrivalRow(summary),
    [
      "before",
      `${plural(sum((data) => data.warmup_requests), "warm-up request")} and ${
        plural(sum((data) => data.opened_connections), "opened connection")
      }, in no figure`,
    ],
    ...(second.length > 0
      ? [["client", `undici for ${second.join(", ")}`] as [string, string]]
      : []),
    ...m.notes.map((note): [string, string] => ["note", note]),
  ];
}

/**
 * How arrivals were spaced: `evenly spaced, phases of 0 % to 82.8 %`, `Poisson, seed 1`, and by name where scenarios differ.
 */
function arrivalRow(summary: Summary): [string, string][] {
  const open = scenariosOf(summary).filter(([, data]) => arrivalsOf(data) !== null);
  const groups = Map.groupBy(open, ([, data]) => arrivalsOf(data) ?? "even");
  const texts = Array.from(groups, ([kind, those]) => {
    const loads = those.map(([, { load }]) => load);
    const text = kind === "poisson" ? poissonText(loads) : evenText(loads);
    return groups.size === 1 ? text : `${text}: ${those.map(([name]) => name).join(", ")}`;
  });
  return texts.length === 0 ? [] : [["arrivals", texts.join("; ")]];
}

type SummaryLoad = SummaryScenario["load"];

function poissonText(loads: readonly SummaryLoad[]): string {
  const seeds = new Set(loads.map(({ seed }) => seed));
  const [seed] = seeds;
  return `Poisson, ${seeds.size === 1 && seed !== null ? `seed ${seed}` : "several seeds"}`;
}

function evenText(loads: readonly SummaryLoad[]): string {
  const phases = loads.map(({ phase }) => phase ?? 0);
  const [least, most] = [Math.min(...phases), Math.max(...phases)];
  if (most === 0) return "evenly spaced";
  const range = least === most
    ? `a phase of ${formatPercent(most)}`
    : `phases of ${formatPercent(least)} to ${formatPercent(most)}`;
  return `evenly spaced, ${range} of an interarrival`;
}

/** `https://localhost:8443, version v2.0.50, the embedded lab, certificate SHA-256 ab12...` */
export function serverText({ origin, version, identity, lab }: AskedServer["target"]): string {
  return [origin, version && `version ${version}`, lab && "the embedded lab", identity]
    .filter(Boolean).join(", ");
}

/** What each scenario asked for: name and text. */
export function loadRows(summary: Summary): [string, string][] {
  return scenariosOf(summary).map(([name, data]) => [name, loadText(data)]);
}

/** `open model, 50/s for 300 s, from 5 s, at most 1000 in flight; flow create_certificate over http/1.1` */
function loadText({ load, flow, protocol, client, server }: SummaryScenario): string {
  const level = load.model === "open"
    ? formatRate
    : (users: number): string => plural(users, "user");
  const stages = load.stages.map(({ from, to, duration_s }) =>
    `${from === to ? level(from) : `${level(from)} to ${level(to)}`} for ${
      formatSeconds(duration_s)
    }`
  );
  return [
    `${load.model} model, ${stages.join(", then ")}`,
    load.start_after_s > 0 ? `from second ${significant(load.start_after_s)}` : "",
    load.arrivals === "poisson" ? "Poisson arrivals" : "",
    load.phase ? `phase ${formatPercent(load.phase)}` : "",
    load.max_in_flight === null ? "" : `at most ${formatCount(load.max_in_flight)} in flight`,
    load.think_time_ms === null ? "" : `think time ${formatMs(load.think_time_ms)}`,
    `flow ${flow} over ${protocol}${client === "undici" ? ", measured with undici" : ""}`,
    server ? `server ${server}` : "",
  ].filter(Boolean).join("; ");
}
