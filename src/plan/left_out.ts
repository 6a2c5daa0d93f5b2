/**
 * Scenarios that cannot be run with what is there are left out, and that is said. One may say itself which variables it
 * needs. And who names a target of their own with `--target` has moved the API alone: a scenario whose address is a
 * variable's default then still points at the server of the plan's author, which is not there.
 */
import type { Defaulted, Environment } from "./interpolate.ts";
import { planHash } from "./identity.ts";
import type { Plan } from "./plan.ts";
import type { PlanConfig } from "./schema.ts";
import { isText, nodeAt, type PlanNode } from "./tree.ts";

/** Scenarios -> the variables that would bring them in. */
export type Absent = ReadonlyMap<string, readonly string[]>;

/** Scenarios that need variables which are unset or empty. */
export function withoutNeeded(scenarios: PlanConfig["scenarios"], env: Environment): Absent {
  return new Map(
    Object.entries(scenarios).flatMap(([name, { needs }]): [string, readonly string[]][] => {
      const missing = needs.filter((variable) => !env[variable]);
      return missing.length === 0 ? [] : [[name, missing]];
    }),
  );
}

/** Scenarios without an address. */
export function withoutAddress(
  root: PlanNode,
  defaulted: readonly Defaulted[],
  baseUrl: string,
): Absent {
  return new Map(
    defaulted.flatMap(({ path, variable }): [string, readonly string[]][] => {
      const [scenarios, name, key] = path;
      if (scenarios !== "scenarios" || key !== "with" || typeof name !== "string") return [];
      const node = nodeAt(root, path);
      const origin = isText(node) ? originOf(node.content) : undefined;
      return origin === undefined || origin === originOf(baseUrl) ? [] : [[name, [variable]]];
    }),
  );
}

function originOf(text: string): string | undefined {
  return /^https?:/.test(text) && URL.canParse(text) ? new URL(text).origin : undefined;
}

/** Why scenarios are left out, as the note of it says. */
export const REASONS = {
  needs: "",
  target: "--target moves the API alone; ",
} as const;

/** The plan without those of its scenarios, and with a note of which they are. */
export function leaveOut<P extends Omit<Plan, "secrets">>(
  plan: P,
  absent: Absent,
  reason: keyof typeof REASONS,
): P {
  const left = plan.scenarios.filter(({ name }) => absent.has(name)).map(({ name }) => name);
  if (left.length === 0) return plan;
  const scenarios = plan.scenarios.filter(({ name }) => !absent.has(name));
  const { warmup, thresholds, identity } = plan;
  const variables = [...new Set(left.flatMap((name) => absent.get(name) ?? []))].join(", ");
  const note = `${left.join(", ")} left out: ${REASONS[reason]}set ${variables} to have them too`;
  return {
    ...plan,
    scenarios,
    identity: { ...identity, sha256: planHash({ warmup, scenarios, thresholds }) },
    notes: [...plan.notes ?? [], note],
  };
}
