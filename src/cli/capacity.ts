/** `certload capacity PLAN`: how much a server holds, and who gave out. */
import { type Answer, lowestHeld } from "../capacity/answer.ts";
import { limitsOf, whyUnjudged } from "../capacity/limits.ts";
import { isScaled, planLevel, type Scale, scaleOf } from "../capacity/scale.ts";
import { DEFAULTS } from "../capacity/book.ts";
import { mask } from "../masking/mask.ts";
import { formatRate } from "../metrics/format.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import type { OpenProfile, Plan } from "../plan/plan.ts";
import { capacityDocument, type CapacityReport } from "../report/capacity/document.ts";
import { capacityHtml } from "../report/capacity/html.ts";
import { capacityText } from "../report/capacity/text.ts";
import { jsonText } from "../report/json.ts";
import { maskTexts } from "../report/mask.ts";
import { exit } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { answerPlaces, deliverAnswer } from "./answer_files.ts";
import { textOptions } from "./color.ts";
import { command, type Outcome } from "./command.ts";
import { OUT_FLAG } from "./delivery.ts";
import type { CommandLine } from "./flags.ts";
import { INVENTORY_FLAGS, inventoryProblems, whyNoInventory, withInventory } from "./inventory.ts";
import type { Io } from "./io.ts";
import { whyAllUnwritable } from "./output_file.ts";
import { PLAN_FLAGS } from "./plan_flags.ts";
import { searchCapacity } from "./search.ts";
import { atMostOf, flagReader, precisionOf, rateOf } from "./search_flags.ts";
import { progressOf, unanswered } from "./search_progress.ts";
import { STACK_FLAGS, type StackedPlan, withStack } from "./stacked_plan.ts";

const FLAGS = [
  {
    name: "scenario",
    value: "NAME",
    help: "raise its rate, the others stay at theirs (default: all, in their proportion)",
  },
  { name: "from", value: "RATE", help: "first level (default: an eighth of the plan's own rate)" },
  { name: "to", value: "RATE", help: "go no higher" },
  { name: "precision", value: "SHARE", help: "how narrow the answer is to be (default 3%)" },
  { name: "at-most", value: "D", help: "all of it (default 10m)" },
  { name: "require", value: "RATE", help: "exit with 99 where less is held, for example 100/s" },
  { name: "arrivals", value: "KIND", help: "poisson (default) or even" },
  ...INVENTORY_FLAGS,
  ...PLAN_FLAGS,
  ...STACK_FLAGS,
  {
    ...OUT_FLAG,
    help: "where capacity.json, capacity.txt and capacity.html go (default results)",
  },
  { name: "quiet", short: "q", help: "no progress, no answer on stdout" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Searches the highest rate at which PLAN's thresholds hold, and says who gave out above it: the server,
its limiter, or this generator. Levels are runs of the plan; each lasts until it is decided. Writes
capacity.json, .txt and .html to DIR, and exits with 0, 94 (target not ready), 95 (nothing can be said
of the server), 99 (less than --require), 104 (bad input), 105 (interrupted) or 107.`;

export const capacity = command({
  usage: "capacity PLAN [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["PLAN"],
  async run(line, io): Promise<Outcome> {
    const { asked, problems } = askedOf(line);
    if (problems.length > 0) return problems;
    return await withStack(line, io, (stacked, masked) => answer(stacked, asked, line, masked), {
      problemsOf: (plan) => problemsOf(plan, asked, line),
    });
  },
});

/** What the command line asks for; undefined where it leaves that open. */
interface Asked {
  readonly scenario: string | undefined;
  readonly fromPerS: number | undefined;
  readonly toPerS: number | undefined;
  readonly precision: number;
  readonly atMostMs: number;
  readonly requiredPerS: number | undefined;
  readonly arrivals: OpenProfile["arrivals"];
}

function askedOf(line: CommandLine): { asked: Asked; problems: string[] } {
  const problems = inventoryProblems(line);
  const read = flagReader(line, problems);
  const rate = (flag: string): number | undefined =>
    read(flag, rateOf, "a rate above 0, for example 100/s");
  const asked = {
    scenario: line.value("scenario"),
    fromPerS: rate("from"),
    toPerS: rate("to"),
    requiredPerS: rate("require"),
    precision: read("precision", precisionOf, "a share from 0.5% to 50%, for example 3%") ??
      DEFAULTS.precision,
    atMostMs: read("at-most", atMostOf, "a duration of at least 1m, for example 10m") ??
      DEFAULTS.atMostMs,
    arrivals: read("arrivals", arrivalsOf, "poisson or even") ?? "poisson",
  };
  if ((asked.fromPerS ?? 0) > (asked.toPerS ?? Infinity)) {
    problems.push(`--from ${line.value("from")} is above --to ${line.value("to")}`);
  }
  if ((asked.requiredPerS ?? 0) > (asked.toPerS ?? Infinity)) {
    problems.push(
      `--require ${line.value("require")} is above --to ${line.value("to")}: it could not be found`,
    );
  }
  return { asked, problems };
}

function arrivalsOf(text: string): Asked["arrivals"] | undefined {
  return text === "even" || text === "poisson" ? text : undefined;
}

async function problemsOf(plan: Plan, asked: Asked, line: CommandLine): Promise<string[]> {
  const scaled = scaleOf(plan.scenarios, asked.scenario);
  const limits = limitsOf(plan);
  return [
    ...(scaled.ok ? [] : scaled.problems),
    ...(limits.limits.length === 0 ? [whyUnjudged(limits)] : []),
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
  const problems = await problemsOf(plan, asked, line);
  const scaled = scaleOf(plan.scenarios, asked.scenario);
  if (!scaled.ok || problems.length > 0) return problems;
  const limits = limitsOf(plan);
  const { scale } = scaled;
  return await withInventory(stacked, line, io, async (inventory) => {
    const outcome = await searchCapacity({
      plan,
      scale,
      arrivals: asked.arrivals,
      search: {
        from: asked.fromPerS ?? Math.min(planLevel(plan, scale) / 8, asked.toPerS ?? Infinity),
        ...(asked.toPerS !== undefined && { to: asked.toPerS }),
        precision: asked.precision,
        atMostMs: asked.atMostMs,
      },
      stack: stacked.stack,
      interrupt: io.interrupt,
      ...progressOf(line, io),
      onNote: (note) => io.err(`! ${note}\n`),
    });
    if (outcome.kind !== "answered") return unanswered(outcome, io);
    const exit = exitOf(outcome.answer, asked.requiredPerS);
    return await deliver(
      {
        version: VERSION,
        startedAt: outcome.startedAt,
        plan: { name: plan.name, ...plan.identity },
        scenario: asked.scenario ?? onlyOf(plan),
        arrivals: asked.arrivals,
        seed: seedOf(plan, scale),
        limits,
        requiredPerS: asked.requiredPerS ?? null,
        methodology: outcome.methodology,
        inventory,
        answer: outcome.answer,
        exit,
      },
      line,
      io,
    );
  });
}

/** How a search ends: what was asked for decides, and without that whether anything can be said. */
export function exitOf(answer: Answer, requiredPerS: number | undefined): Summary["exit"] {
  const { knee, high, ended, who } = answer;
  const low = lowestHeld(answer);
  const held = `${answer.atLeast ? "at least " : ""}${formatRate(knee)}`;
  if (ended === "interrupted") return exit("interrupted", "the search was interrupted");
  const wanted = requiredPerS === undefined ? undefined : formatRate(requiredPerS);
  if (ended !== "found" && knee > 0 && isWithin(requiredPerS, low, high)) {
    return exit(
      "invalid",
      `${wanted} are required; between ${formatRate(low)} and ${formatRate(high!)} nothing ` +
        "was decided when the search ended",
    );
  }
  if (knee >= (requiredPerS ?? 0) && knee > 0) {
    return exit(
      "passed",
      wanted === undefined ? `it holds ${held}` : `${wanted} are required, and it holds ${held}`,
    );
  }
  const isBroken = high !== null && (requiredPerS ?? 0) >= high;
  if (who === "generator" && (knee === 0 || answer.atLeast) && !isBroken) {
    const reason = knee === 0
      ? "the generator gave out at every level: nothing can be said of the server"
      : `${wanted} are required; the generator gave out above ${
        formatRate(knee)
      }, which the server holds`;
    return exit("invalid", reason);
  }
  // No answer within the time of a level is no fault of a server that the limits allow more.
  if (knee === 0 && who === "none" && ended !== "down") {
    return exit("invalid", `nothing was decided at any level: ${answer.why}`);
  }
  if (ended !== "found" && answer.atLeast && high === null) {
    return exit(
      "invalid",
      `${wanted} are required; it holds ${held}, and no higher level was tried when the search ended`,
    );
  }
  return exit(
    "threshold",
    knee === 0
      ? "no level was found at which the limits hold"
      : `${wanted} are required, and it holds ${held}`,
  );
}

function isWithin(perS: number | undefined, low: number, high: number | null): boolean {
  return perS !== undefined && high !== null && low < perS && perS < high;
}

/** A mix of one is that one. */
function onlyOf({ scenarios }: Plan): string | null {
  return scenarios.length === 1 ? scenarios[0]!.name : null;
}

/** Of the first scenario whose rate is searched; all of a plan have the same. */
function seedOf({ scenarios }: Plan, scale: Scale): number {
  const load = scenarios.find((_, at) => isScaled(scale, at))?.load;
  return load?.model === "open" ? load.seed : 0;
}

const FILES = ["capacity.json", "capacity.txt", "capacity.html"] as const;

function deliver(report: CapacityReport, line: CommandLine, io: Io): Promise<number> {
  const texts: Record<typeof FILES[number], string> = {
    "capacity.json": `${jsonText(maskTexts(capacityDocument(report), mask))}\n`,
    "capacity.txt": mask(capacityText(report)),
    "capacity.html": mask(capacityHtml(report)),
  };
  const shown = (): string => capacityText(report, textOptions(line, io));
  return deliverAnswer({ texts, shown, exit: report.exit }, line, io);
}
