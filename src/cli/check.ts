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
import { commandLines } from "./plan_commands.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { expectedPlan, STACK_FLAG } from "./stacked_plan.ts";

const SUMMARY =
  "Validates PLAN (a file, or the name of a shipped plan) and prints the effective plan, secrets " +
  "masked,\nhow many requests it will make, and what will be sent before the clock. Nothing is sent now.";

export const check = command({
  usage: "check PLAN [flags]",
  summary: SUMMARY,
  flags: [...PLAN_FLAGS, STACK_FLAG],
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    const plan = await expectedPlan(line, io);
    if (plan === undefined) return EXIT_CODES.bad_input;
    if (plan.stack !== "none") io.out(placeholders(plan.stack));
    io.out(effectiveYaml(plan, catalogue));
    io.out(`\n${plannedTable(plan).join("\n")}\n`);
    io.out(`\n${beforeTable(plan).join("\n")}\n`);
    io.out(commandLines(plan).map((each) => `${each}\n`).join(""));
    return EXIT_CODES.passed;
  },
});

/** A comment, as what follows is YAML. */
function placeholders(stack: StackName): string {
  return `# Addresses below stack.invalid stand for those that the ${stack} stack will tell.\n`;
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
