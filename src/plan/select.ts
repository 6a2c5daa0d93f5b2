/** `--only`, `--skip` and `--duration`: which scenarios of a validated plan run, and for how long. */
import { stretched } from "./load_shape.ts";
import type { PlanOverrides } from "./overrides.ts";
import type { Scenario } from "./plan.ts";
import { didYouMean, type Problem, problemAt } from "./problem.ts";
import { parseDuration } from "./units.ts";

interface Named {
  readonly name: string;
  readonly tier?: string | undefined;
}

/** What is wrong with these flags, asked of the scenarios' names alone, so that it is told with all else. */
export function selectionProblems(
  scenarios: readonly Named[],
  overrides: PlanOverrides,
): Problem[] {
  const { only = [], skip = [], duration } = overrides;
  const known = [...new Set(scenarios.flatMap(wordsFor))];
  const unknown = (flag: string, names: readonly string[]): Problem[] =>
    names.filter((name) => !known.includes(name)).map((name) =>
      problemAt({ file: flag }, [], `no scenario is named "${name}"`, didYouMean(name, known))
    );
  const problems = [...unknown("--only", only), ...unknown("--skip", skip)];
  const left = scenarios.filter((scenario) => isSelected(scenario, overrides));
  if (problems.length === 0 && scenarios.length > 0 && left.length === 0) {
    problems.push(
      problemAt({ file: skip.length > 0 ? "--skip" : "--only" }, [], "no scenario is left"),
    );
  }
  if (duration !== undefined && !((parseDuration(duration) ?? 0) > 0)) {
    const message = `must be a duration such as 30s or 5m: got "${duration}"`;
    problems.push(problemAt({ file: "--duration" }, [], message));
  }
  return problems;
}

export function select(scenarios: readonly Scenario[], overrides: PlanOverrides): Scenario[] {
  const durationMs = parseDuration(overrides.duration ?? "");
  const selected = scenarios.filter((scenario) => isSelected(scenario, overrides));
  if (durationMs === undefined) return selected;
  return selected.map((scenario) => ({ ...scenario, load: stretched(scenario.load, durationMs) }));
}

function isSelected(scenario: Named, { only, skip = [] }: PlanOverrides): boolean {
  const words = wordsFor(scenario);
  const isNamed = (names: readonly string[]): boolean => names.some((name) => words.includes(name));
  return (only === undefined || isNamed(only)) && !isNamed(skip);
}

function wordsFor({ name, tier }: Named): string[] {
  return tier === undefined ? [name] : [name, tier];
}
