/**
 * What a level means in a plan: one scenario's rate, or that of a whole mix. A plan at a level is an ordinary plan, open and
 * at one rate for as long as the level lasts.
 */
import type { OpenProfile, Plan, Scenario } from "../plan/plan.ts";
import { highestLevel } from "../plan/profile.ts";
import type { LevelSpec } from "./level.ts";

/** Arrivals per second at level 1, by the scenario's place in the plan; null: it goes on as the plan has it. */
export type Scale = readonly (number | null)[];

/** Whether the level is also of the scenario at this place. */
export function isScaled(scale: Scale, at: number): boolean {
  return (scale[at] ?? null) !== null;
}

export type ScaleOrProblems =
  | { readonly ok: true; readonly scale: Scale }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * The level is the arrivals per second of `only`, or of all scenarios together in the proportion of their highest rates.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Scenario } from "../plan/plan.ts";
 *
 * const at = (name: string, perS: number): Scenario => ({
 *   name,
 *   load: { model: "open", stages: [{ durationMs: 1000, from: perS, to: perS }] },
 * } as unknown as Scenario);
 * const scenarios = [at("list", 30), at("create", 10)];
 * assertEquals(scaleOf(scenarios, undefined), { ok: true, scale: [0.75, 0.25] });
 * assertEquals(scaleOf(scenarios, "create"), { ok: true, scale: [null, 1] });
 * ```
 */
export function scaleOf(scenarios: readonly Scenario[], only: string | undefined): ScaleOrProblems {
  const problems = scenarios
    .filter(({ name }) => only === undefined || name === only)
    .flatMap((scenario) => {
      const why = whyUnscalable(scenario);
      return why === undefined ? [] : [`scenario "${scenario.name}" ${why}`];
    });
  if (only !== undefined && scenarios.every(({ name }) => name !== only)) {
    const names = scenarios.map(({ name }) => name).join(", ");
    problems.push(`there is no scenario "${only}": the plan has ${names}`);
  }
  if (problems.length > 0) return { ok: false, problems };
  const rates = scenarios.map(({ load }) => highestLevel(load.stages));
  const whole = rates.reduce((sum, rate) => sum + rate, 0);
  const scale = scenarios.map(({ name }, at) =>
    only === undefined ? rates[at]! / whole : name === only ? 1 : null
  );
  return { ok: true, scale };
}

function whyUnscalable({ name, load, makes }: Scenario): string | undefined {
  if (load.model === "closed") {
    const set = (value: string): string => `--set scenarios.${name}.${value}`;
    // Stages take their durations with them.
    const isConstant = load.stages.length === 1 && load.stages[0]?.from === load.stages[0]?.to;
    const flags = [set("rate=10/s"), ...(isConstant ? [] : [set("duration=30s")])].join(" ");
    return `has users, who wait for their answers and so hide what a server cannot take: give it a rate (${flags}), or leave it out with --skip ${name}`;
  }
  return makes === undefined
    ? undefined
    : `has a set-up that is made for its own rate and duration, which no level has (${makes}): leave it out with --skip ${name}`;
}

/** The highest rate that the plan itself asks of what the level scales: what searches begin from. */
export function planLevel({ scenarios }: Pick<Plan, "scenarios">, scale: Scale): number {
  const scaled = scenarios.flatMap(({ load }, at) => {
    const perLevel = scale[at] ?? null;
    return perLevel === null ? [] : [highestLevel(load.stages) / perLevel];
  });
  return Math.max(0, ...scaled);
}

export interface AtLevel {
  readonly plan: Plan;
  readonly scale: Scale;
  readonly spec: LevelSpec;
  /** So many levels were run before: each has arrivals of its own. */
  readonly ordinal: number;
  /** Of those that are scaled. */
  readonly arrivals: OpenProfile["arrivals"];
  readonly workers: Plan["workers"];
  readonly gracefulStopMs: number;
}

/** The plan as a level's run has it. What goes on as it is does so for the level's time, at its highest level. */
export function planAt(options: AtLevel): Plan {
  const { plan, spec, workers, gracefulStopMs } = options;
  return {
    ...plan,
    workers,
    gracefulStopMs: Math.min(plan.gracefulStopMs, gracefulStopMs),
    // A level that comes at once after another has no warm-up: it is there to see how the server gets over that.
    scenarios: plan.scenarios.map((scenario, at) => ({
      ...scenario,
      startAfterMs: 0,
      load: loadAt(scenario, options.scale[at] ?? null, options),
      ...(!spec.rest && { warmup: { requests: 0, durationMs: 0, rehearsalMs: 0 } }),
    })),
  };
}

function loadAt(
  { load }: Scenario,
  perLevel: number | null,
  { spec, ordinal, arrivals }: AtLevel,
): Scenario["load"] {
  const rate = perLevel === null ? highestLevel(load.stages) : perLevel * spec.level;
  // Blocks are seconds, and whole ones.
  const durationMs = Math.max(1000, Math.floor(spec.atMostMs / 1000) * 1000);
  const stages = [{ durationMs, from: rate, to: rate }];
  if (load.model === "closed" || perLevel === null) return { ...load, stages };
  return { ...load, stages, arrivals, seed: (load.seed + ordinal) >>> 0 };
}
