/** `certload fleet PLAN`: what a fleet of certificates asks of its server, and whether that is held. */
import { limitsOf, whyUnjudged } from "../capacity/limits.ts";
import { demandsOf, type Work } from "../fleet/demand.ts";
import { fleetDocument, type FleetReport, type Measurement } from "../fleet/document.ts";
import { fleetOf } from "../fleet/fleet.ts";
import { answerOf, type Enough, type FleetAnswer } from "../fleet/headroom.ts";
import { fleetHtml } from "../fleet/html.ts";
import { FLOW_OF_WORK, mixOf, WORK_IN_WORDS } from "../fleet/mix.ts";
import {
  firstLevel,
  heldOf,
  type MixSearch,
  needOf,
  nextSearch,
  type Searched,
  searchesOf,
} from "../fleet/searches.ts";
import { fleetText } from "../fleet/text.ts";
import { mask } from "../masking/mask.ts";
import type { Inventory } from "../inventory.ts";
import { formatCount } from "../metrics/format.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import type { FleetConfig } from "../plan/fleet.ts";
import { PROFILE_NAMES } from "../plan/lifetime_profiles.ts";
import { mainServer, type Plan } from "../plan/plan.ts";
import { maskTexts } from "../report/mask.ts";
import { jsonText } from "../report/json.ts";
import { exit, EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { answerPlaces, deliverAnswer } from "./answer_files.ts";
import { textOptions } from "./color.ts";
import { command, type Outcome } from "./command.ts";
import { OUT_FLAG } from "./delivery.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { INVENTORY_FLAGS, inventoryProblems, whyNoInventory, withInventory } from "./inventory.ts";
import type { Io } from "./io.ts";
import { whyAllUnwritable } from "./output_file.ts";
import { namedPlan, PLAN_FLAGS, readPlan } from "./plan_flags.ts";
import { renderProbes } from "./probe_report.ts";
import { type CapacityOutcome, searchCapacity } from "./search.ts";
import { atMostOf, flagReader, precisionOf, rateOf } from "./search_flags.ts";
import { progressOf, unanswered } from "./search_progress.ts";
import { STACK_FLAGS, type StackedPlan, withStack } from "./stacked_plan.ts";

/** Each a key of the plan's `fleet`, in place of what that says. */
const FLEET_FLAGS: readonly FlagSpec[] = [
  { name: "certificates", value: "N", help: "how many there are" },
  { name: "lifetime", value: "D", help: "of each, for example 47d" },
  { name: "profile", value: "NAME", help: `a CA's schedule: ${PROFILE_NAMES.join(", ")}` },
  { name: "reuse", value: "D", help: "how long a proof of control is used again" },
  { name: "renew-at", value: "SHARE", help: "of the lifetime (default 2/3, 1/2 below 10 days)" },
  {
    name: "ari",
    value: "on|off",
    help: "whether clients ask for renewal information (default on)",
  },
  { name: "ari-poll", value: "D", help: "how often (default 6h)" },
  { name: "agents", value: "N", help: "certctl's agents (default 0)" },
  { name: "heartbeat", value: "D", help: "period of their heartbeats (default 60s)" },
  { name: "work", value: "D", help: "period of their looks for work (default 30s)" },
  { name: "zombies", value: "SHARE", help: "of the attempts that never succeed (default 0%)" },
  { name: "outage", value: "D", help: "how long the server was away (default 6h)" },
  { name: "retry-within", value: "D", help: "longest pause of a refused client (default 5m)" },
  { name: "tick", value: "D", help: "what a day's renewals are given at once (default 2m)" },
  { name: "signer", value: "RATE", help: "signatures that an HSM makes, for example 18/s" },
  {
    name: "signatures",
    value: "N",
    help: "of each certificate (default 1; 2 with a precertificate)",
  },
];

const SUMMARY =
  `Whether a server holds a fleet of certificates, and by how much. What the fleet asks for by shape of
demand (steady, a daily tick, one cron minute, a cohort, mass revocation, after an outage, polling), with
arithmetic and sources; how much of each mix of PLAN's scenarios the server holds, by a search as of
\`capacity\`; and the sentence. The fleet is PLAN's \`fleet:\` section, or the flags. --plan-only stops before
anything is sent. Writes DIR/fleet.json, fleet.txt and fleet.html, and exits with 0, 94 (target not
ready), 95 (nothing was decided), 99 (a demand is not held), 104 (bad input), 105 (interrupted) or 107.`;

export const fleet = command({
  usage: "fleet PLAN [flags]",
  summary: SUMMARY,
  flags: [
    { name: "plan-only", help: "the demand alone, without a server" },
    ...FLEET_FLAGS,
    ...INVENTORY_FLAGS,
    {
      name: "to",
      value: "RATE",
      help: "search no higher, arrivals of all the mix (default: no limit)",
    },
    { name: "precision", value: "SHARE", help: "how narrow each search is to be (default 10%)" },
    { name: "at-most", value: "D", help: "all searches together (default 8m)" },
    { name: "json", help: "JSON on stdout; `certload schema fleet` has its schema" },
    ...PLAN_FLAGS,
    ...STACK_FLAGS,
    { ...OUT_FLAG, help: "where fleet.json, fleet.txt and fleet.html go (default results)" },
    { name: "quiet", short: "q", help: "no progress, no answer on stdout" },
    { name: "no-color", help: "no colour (also: NO_COLOR)" },
  ],
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    if (line.has("plan-only")) return await demandOnly(line, io);
    const { asked, problems } = askedOf(line);
    if (problems.length > 0) return problems;
    const use = (stacked: StackedPlan, masked: Io): Promise<Outcome> =>
      answer(stacked, asked, line, masked);
    return await withStack(line, io, use, {
      fleet: fleetFlags(line),
      problemsOf: (plan) => problemsOf(plan, line),
    });
  },
});

async function demandOnly(line: CommandLine, io: Io): Promise<Outcome> {
  const plan = readPlan(await namedPlan(line), line, io, io.env, fleetFlags(line));
  if (plan === undefined) return EXIT_CODES.bad_input;
  if (plan.fleet === undefined) return [NO_FLEET];
  const report = reportOf(plan, plan.fleet);
  io.out(line.has("json") ? jsonOf(report) : fleetText(report, textOptions(line, io)));
  return EXIT_CODES.passed;
}

const NO_FLEET =
  "the plan has no `fleet:` section: give --certificates N and --lifetime D, for example 47d";

function reportOf({ name, scenarios }: Plan, config: FleetConfig): FleetReport {
  const fleet = fleetOf(config);
  const demands = demandsOf(fleet).map((demand) => ({
    demand,
    mix: mixOf(demand.rates, scenarios),
  }));
  return { plan: name, fleet, demands };
}

interface Asked {
  readonly precision: number;
  readonly atMostMs: number;
  readonly toPerS: number | undefined;
}

const DEFAULTS = { precision: 0.1, atMostMs: 480_000 };

function askedOf(line: CommandLine): { asked: Asked; problems: string[] } {
  const problems = inventoryProblems(line);
  const read = flagReader(line, problems);
  const precision = read("precision", precisionOf, "a share from 0.5% to 50%, for example 10%") ??
    DEFAULTS.precision;
  const atMostMs = read("at-most", atMostOf, "a duration of at least 1m, for example 8m") ??
    DEFAULTS.atMostMs;
  const toPerS = read("to", rateOf, "a rate, for example 500/s");
  return { asked: { precision, atMostMs, toPerS }, problems };
}

async function problemsOf(plan: Plan, line: CommandLine): Promise<string[]> {
  if (plan.fleet === undefined) return [NO_FLEET];
  const { demands } = reportOf(plan, plan.fleet);
  const searches = searchesOf(demands.map(({ demand, mix }) => needOf(demand, mix)), plan);
  return [
    ...whyUnaskable(searches),
    ...unjudgedOf(searches),
    ...whyNoInventory(plan, line),
    ...await whyAllUnwritable(answerPlaces(line, FILES)),
  ];
}

async function answer(
  stacked: StackedPlan,
  asked: Asked,
  line: CommandLine,
  io: Io,
): Promise<Outcome> {
  const { plan } = stacked;
  const problems = await problemsOf(plan, line);
  if (plan.fleet === undefined || problems.length > 0) return problems;
  const report = reportOf(plan, plan.fleet);
  const needs = report.demands.map(({ demand, mix }) => needOf(demand, mix));
  const searches = searchesOf(needs, plan);
  return await withInventory(stacked, line, io, async (inventory) => {
    const outcome = await search(searches, stacked, asked, line, io);
    if (outcome.kind !== "answered") return unanswered(outcome, io);
    const { searched, methodology, startedAt, interrupted, isDown } = outcome;
    const { fleet } = report;
    const demands = report.demands.map(({ demand }) => demand);
    const held = heldOf(searches, searched);
    const answer = answerOf({
      server: serverName(stacked, inventory),
      fleet,
      demands,
      needs,
      held,
      ...(isDown && { downAfterPerS: searched.at(-1)?.answer.levels.at(-1)?.level }),
    });
    const measured: Measurement = {
      version: VERSION,
      startedAt,
      identity: plan.identity,
      methodology,
      arrivals: "poisson",
      limits: limitsOf(plan),
      inventory,
      searched,
      answer,
      exit: exitOf(answer, interrupted),
    };
    return await deliver(report, measured, line, io);
  });
}

function whyUnaskable(searches: readonly MixSearch[]): string[] {
  if (searches.length > 0) return [];
  const flows = Object.entries(FLOW_OF_WORK).map(([work, flow]) =>
    `${flow} (${WORK_IN_WORDS[work as Work]})`
  );
  return [
    `no scenario of the plan asks for anything that a fleet does: give it one with the flow ${
      flows.join(", ")
    }, or ask for the demand alone with --plan-only`,
  ];
}

function unjudgedOf(searches: readonly MixSearch[]): string[] {
  const unlimited = searches.map(({ plan }) => limitsOf(plan)).find(({ limits }) =>
    limits.length === 0
  );
  return unlimited === undefined ? [] : [whyUnjudged(unlimited)];
}

const STACKS: Readonly<Record<string, string>> = {
  embedded: "The embedded lab",
  compose: "The compose stack",
};

function serverName({ plan, stack }: StackedPlan, inventory: Inventory | null): string {
  const name = STACKS[stack.name] ?? mainServer(plan);
  if (inventory === null) return name;
  return `${name} with ${formatCount(inventory.before + inventory.created)} rows`;
}

type FleetOutcome =
  | {
    readonly kind: "answered";
    readonly searched: readonly Searched[];
    readonly methodology: Summary["methodology"];
    readonly startedAt: string;
    readonly interrupted: boolean;
    /** After the last search the server did not work any more. */
    readonly isDown: boolean;
  }
  | Exclude<CapacityOutcome, { kind: "answered" }>;

/** One mix after the other, as far as there is time. */
async function search(
  searches: readonly MixSearch[],
  { stack }: StackedPlan,
  { precision, atMostMs, toPerS }: Asked,
  line: CommandLine,
  io: Io,
): Promise<FleetOutcome> {
  const endsMs = performance.now() + atMostMs;
  const searched: Searched[] = [];
  let first: Extract<CapacityOutcome, { kind: "answered" }> | undefined;
  let isDown = false;
  for (;;) {
    const next = nextSearch(searches, searched, endsMs - performance.now());
    if (next === undefined || io.interrupt.soft.aborted) break;
    const { search, atMostMs } = next;
    const { plan, scale, needs } = search;
    if (!line.has("quiet")) {
      io.err(`Searching the mix of ${needs.map(({ title }) => title).join(", ")}\n`);
    }
    const from = firstLevel(search, atMostMs);
    const outcome = await searchCapacity({
      plan,
      scale,
      stack,
      arrivals: "poisson",
      search: { from, precision, atMostMs, ...(toPerS !== undefined && { to: toPerS }) },
      interrupt: io.interrupt,
      ...progressOf(line, io),
      onNote: (note) => io.err(`! ${note}\n`),
    });
    if (outcome.kind !== "answered") {
      if (first === undefined) return outcome;
      if (outcome.kind === "not_ready") {
        isDown = true;
        io.err(`The server does not work any more: no further mix is searched\n`);
        io.err(renderProbes(outcome.probes));
      }
      break;
    }
    first ??= outcome;
    searched.push({ search, answer: outcome.answer });
    isDown = outcome.answer.ended === "down";
  }
  if (first === undefined) return { kind: "not_started" };
  const { methodology, startedAt } = first;
  const interrupted = io.interrupt.soft.aborted;
  return { kind: "answered", searched, methodology, startedAt, interrupted, isDown };
}

/** What is not held is told before what is not known, and an interrupt before both. */
export function exitOf(answer: FleetAnswer, interrupted: boolean): Summary["exit"] {
  const { enough, rows, sentence } = answer;
  const of = (wanted: Enough): string =>
    rows.filter((row) => row.enough === wanted).map(({ title }) => `"${title}"`).join(", ");
  if (interrupted) return exit("interrupted", "the search was interrupted");
  if (enough === "no") return exit("threshold", `not held: ${of("no")}`);
  if (enough === "unknown") return exit("invalid", `nothing was decided for ${of("unknown")}`);
  return exit("passed", sentence);
}

const FILES = ["fleet.json", "fleet.txt", "fleet.html"] as const;

function jsonOf(report: FleetReport): string {
  return `${jsonText(maskTexts(fleetDocument(report), mask))}\n`;
}

function deliver(
  report: FleetReport,
  measured: Measurement,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const whole = { ...report, measured };
  const texts: Record<typeof FILES[number], string> = {
    "fleet.json": jsonOf(whole),
    "fleet.txt": mask(fleetText(whole)),
    "fleet.html": mask(fleetHtml(report, measured)),
  };
  const shown = (): string =>
    line.has("json") ? texts["fleet.json"] : fleetText(whole, textOptions(line, io));
  return deliverAnswer({ texts, shown, exit: measured.exit }, line, io);
}

/** By the plan's keys. */
function fleetFlags(line: CommandLine): Record<string, string> {
  const given = FLEET_FLAGS.flatMap(({ name }) => {
    const value = line.value(name);
    return value === undefined ? [] : [[name.replaceAll("-", "_"), onOff(name, value)]];
  });
  return Object.fromEntries(given);
}

function onOff(name: string, value: string): string {
  const words: Readonly<Record<string, string>> = { on: "true", off: "false" };
  return name === "ari" ? words[value] ?? value : value;
}
