/** What each machine gets of a plan that several share, and what it needs for that: arithmetic alone. */
import { requestsPerSecond, shareOfMachine, workerCount } from "../engine/sizing.ts";
import { formatCount, formatRate } from "../metrics/format.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { mostIterations } from "../plan/planned.ts";
import { highestLevel } from "../plan/profile.ts";
import { plural } from "../report/words.ts";
import { tableLines } from "../report/table.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";

/** The cells of a machine's part; machines in a row that have the same are one. */
type Part = readonly string[];

interface Parts {
  readonly from: number;
  readonly to: number;
  readonly part: Part;
}

const HEAD = ["of each machine", "machines", "arrivals", "at most", "in flight", "connections"];

/** The table of parts, then what the machines need, one line each. */
export function shardLines(plan: Plan, count: number): string[] {
  const rows = plan.scenarios.flatMap((scenario) =>
    grouped(count, (machine) => partFor(scenario, machine)).map(({ from, to, part }, at) => [
      at === 0 ? scenario.name : "",
      rangeText(from, to, count),
      ...part,
    ])
  );
  return [...tableLines({ head: HEAD, rows }), ...needs(plan, count)];
}

/** Machines beyond the last that carries a scenario have no part in it. */
const NOTHING: Part = ["none", "", "", ""];

function partFor(scenario: Scenario, machine: WorkerShare): Part {
  const share = shareOfMachine(scenario, machine);
  if (share === undefined) return NOTHING;
  const { load, maxConnections } = scenario;
  const level = highestLevel(load.stages);
  const iterations = mostIterations(scenario);
  const bound = load.model === "open" ? "" : "at most ";
  return [
    iterations === undefined ? "as answered" : bound + formatCount(partOf(iterations, share)),
    load.model === "open"
      ? formatRate(level / share.count)
      : plural(partOf(Math.ceil(level), share), "user"),
    load.model === "open" ? formatCount(partOf(load.maxInFlight, share)) : "",
    maxConnections === undefined ? "as needed" : formatCount(partOf(maxConnections, share)),
  ];
}

/** Parts differ by one at the most, so that a thousand machines are a few rows. */
function grouped(count: number, partOfMachine: (machine: WorkerShare) => Part): Parts[] {
  const groups: Parts[] = [];
  for (let index = 0; index < count; index++) {
    const part = partOfMachine({ index, count });
    const last = groups.at(-1);
    if (last !== undefined && last.part.join() === part.join()) {
      groups[groups.length - 1] = { ...last, to: index + 1 };
    } else groups.push({ from: index + 1, to: index + 1, part });
  }
  return groups;
}

/** `1 to 4 of 8` */
function rangeText(from: number, to: number, count: number): string {
  const which = from === to ? `${from}` : `${from} to ${to}`;
  return `${which} of ${count}`;
}

function needs(plan: Plan, count: number): string[] {
  const threads = grouped(count, (machine) => [
    plural(workerCount(plan, Number.MAX_SAFE_INTEGER, machine), "worker"),
    formatRate(requestsOf(plan, machine)),
  ]);
  return [
    "",
    "each machine needs  (a core for each worker)",
    ...threads.map(({ from, to, part: [workers, requests] }) =>
      `  ${rangeText(from, to, count)}: ${workers}, up to ${requests} requests`
    ),
    `  ${filesOf(plan).join(", ")}, and the variables that the plan reads, the same on each`,
    ...setupLines(plan, count),
    ...commandLine(plan),
  ];
}

function requestsOf(plan: Plan, machine: WorkerShare): number {
  return plan.scenarios.reduce((sum, scenario) => {
    const share = shareOfMachine(scenario, machine);
    return sum + (share === undefined ? 0 : requestsPerSecond(scenario) / share.count);
  }, 0);
}

function filesOf({ identity, target }: Plan): string[] {
  const { caFile } = target.tls;
  return [
    `the plan (${identity.source})`,
    ...(caFile === undefined ? [] : [`its certificate authorities (${caFile})`]),
  ];
}

/** What a set-up makes for each arrival is made once; all else by each machine that carries the scenario. */
function setupLines(plan: Plan, count: number): string[] {
  return plan.scenarios.flatMap((scenario) => {
    const carriers = shareOfMachine(scenario, { index: 0, count })?.count ?? 0;
    if (scenario.makes === undefined) return [];
    const who = carriers === 1 ? "machine 1 alone" : `each of machines 1 to ${carriers}`;
    const how = scenario.changes === "batch" && carriers > 1 ? ", for its own arrivals" : "";
    return [`  ${scenario.name}: ${who} makes what it needs${how}: ${scenario.makes}`];
  });
}

function commandLine({ scenarios }: Plan): string[] {
  const those = scenarios.filter(({ commands }) => commands !== undefined);
  return those.length === 0
    ? []
    : [`  machine 1 runs commands (${those.map(({ name }) => name).join(", ")}): --allow-commands`];
}
