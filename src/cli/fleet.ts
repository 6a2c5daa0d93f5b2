/** `certload fleet PLAN --plan-only`: what a fleet of certificates asks of its server. */
import { demandsOf } from "../fleet/demand.ts";
import { fleetDocument, type FleetReport } from "../fleet/document.ts";
import { fleetOf } from "../fleet/fleet.ts";
import { mixOf } from "../fleet/mix.ts";
import { fleetText } from "../fleet/text.ts";
import type { FleetConfig } from "../plan/fleet.ts";
import { PROFILE_NAMES } from "../plan/lifetime_profiles.ts";
import type { Plan } from "../plan/plan.ts";
import { jsonText } from "../report/json.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { namedPlan, PLAN_FLAGS, readPlan } from "./plan_flags.ts";

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
  "Prints what a fleet of certificates will ask of a server, by shape of demand: steady, a daily tick, one\n" +
  "cron minute, a cohort, mass revocation, after an outage, polling. Each as rates, as a mix of PLAN's\n" +
  "scenarios, with its arithmetic and sources. The fleet is PLAN's `fleet:` section, or the flags.\n" +
  "It works out demand alone: --plan-only is its one mode, and nothing is sent.";

export const fleet = command({
  usage: "fleet PLAN --plan-only [flags]",
  summary: SUMMARY,
  flags: [
    { name: "plan-only", help: "the demand alone, without a server" },
    ...FLEET_FLAGS,
    { name: "json", help: "as JSON; `certload schema fleet` has its schema" },
    ...PLAN_FLAGS,
  ],
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    if (!line.has("plan-only")) {
      return ["it works out demand alone, and measures nothing: say so with --plan-only"];
    }
    const plan = readPlan(await namedPlan(line), line, io, io.env, fleetFlags(line));
    if (plan === undefined) return EXIT_CODES.bad_input;
    if (plan.fleet === undefined) {
      return [
        "the plan has no `fleet:` section: give --certificates N and --lifetime D, for example 47d",
      ];
    }
    const report = reportOf(plan, plan.fleet);
    io.out(line.has("json") ? `${jsonText(fleetDocument(report))}\n` : fleetText(report));
    return EXIT_CODES.passed;
  },
});

function reportOf({ name, scenarios }: Plan, config: FleetConfig): FleetReport {
  const fleet = fleetOf(config);
  const demands = demandsOf(fleet).map((demand) => ({
    demand,
    mix: mixOf(demand.rates, scenarios),
  }));
  return { plan: name, fleet, demands };
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
