/** `certload check PLAN`: is it right, what does it come to, and how many requests will it make. */
import { catalogue } from "../flows/catalogue.ts";
import { effectiveYaml } from "../plan/effective.ts";
import { type PlannedLoad, plannedRequests } from "../plan/planned.ts";
import { formatCount } from "../metrics/format.ts";
import { padEnd, widthOf } from "../report/width.ts";
import { beforeTheClock } from "../plan/before_clock.ts";
import { tableLines } from "../report/table.ts";
import type { Plan, Scenario, StackName } from "../plan/plan.ts";
import { formatShare } from "../plan/units.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { commandLines } from "./plan_commands.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { shardLines } from "./shard_parts.ts";
import { expectedPlan, STACK_FLAG } from "./stacked_plan.ts";
import { MOST_SHARDS } from "../shard.ts";

const SUMMARY =
  "Validates PLAN (a file, or the name of a shipped plan) and prints the effective plan, secrets " +
  "masked,\nhow many requests it will make, and what will be sent before the clock. Nothing is sent now.";

const SHARDS_FLAG: FlagSpec = {
  name: "shards",
  value: "N",
  help: "what each of N machines gets of the plan, and needs (run --shard I/N)",
};

export const check = command({
  usage: "check PLAN [flags]",
  summary: SUMMARY,
  flags: [...PLAN_FLAGS, STACK_FLAG, SHARDS_FLAG],
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    const shards = shardCount(line);
    if (typeof shards === "string") return [shards];
    const plan = await expectedPlan(line, io);
    if (plan === undefined) return EXIT_CODES.bad_input;
    if (plan.stack !== "none") io.out(placeholders(plan.stack));
    io.out(effectiveYaml(plan, catalogue));
    io.out(`\n${plannedTable(plan).join("\n")}\n`);
    io.out(`\n${beforeTable(plan).join("\n")}\n`);
    if (shards !== undefined) io.out(`\n${shardLines(plan, shards).join("\n")}\n`);
    io.out(commandLines(plan).map((each) => `${each}\n`).join(""));
    return EXIT_CODES.passed;
  },
});

/** A comment, as what follows is YAML. */
function placeholders(stack: StackName): string {
  return `# Addresses below stack.invalid stand for those that the ${stack} stack will tell.\n`;
}

/** How many machines are to share the plan; a text is the problem with it. */
function shardCount(line: CommandLine): number | string | undefined {
  const text = line.value("shards");
  if (text === undefined) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST_SHARDS) return count;
  return `--shards needs a number of machines from 1 to ${MOST_SHARDS}: got ${
    JSON.stringify(text)
  }`;
}

/** What each scenario sends before the clock starts, one thing a line. */
function beforeTable({ scenarios }: Plan): string[] {
  const nameWidth = Math.max(...scenarios.map(({ name }) => widthOf(name)), HEAD.length);
  const rows = scenarios.flatMap((scenario) =>
    beforeTheClock(scenario).map((text, n) =>
      `${padEnd(n === 0 ? scenario.name : "", nameWidth)}  ${text}`
    )
  );
  return [HEAD, ...rows];
}

const HEAD = "before the clock";

function plannedTable(plan: Plan): string[] {
  const { scenarios, total } = plannedRequests(plan);
  const row = (name: string, arrivals: string, load: PlannedLoad): string[] => {
    const count = (number: number | undefined, bound: string): string =>
      number === undefined ? "as many as are answered" : `${bound}${formatCount(number)}`;
    const most = load.isUpperBound ? "at most " : "";
    const requests = !load.asksAgain ? most : load.isUpperBound ? "about " : "at least ";
    return [name, arrivals, count(load.iterations, most), count(load.requests, requests)];
  };
  const rows = scenarios.map((each, at) => row(each.name, spacing(plan.scenarios[at]!), each));
  return tableLines({
    head: ["planned", "arrivals", "iterations", "requests"],
    rows: [...rows, row("all", "", total)],
  });
}

/** `even`, `even, phase 41.4%`, `Poisson, seed 1`; users come when they have their answer. */
function spacing({ load }: Pick<Scenario, "load">): string {
  if (load.model === "closed") return "users";
  if (load.arrivals === "poisson") return `Poisson, seed ${load.seed}`;
  return load.phase === 0 ? "even" : `even, phase ${formatShare(load.phase)}`;
}
