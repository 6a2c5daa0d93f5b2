/**
 * Who names a target of their own with `--target` has moved the API alone. A scenario whose address is a variable's
 * default then still points at the server of the plan's author, which is not there; it is left out, and that is said.
 */
import type { Defaulted } from "./interpolate.ts";
import { planHash } from "./identity.ts";
import type { Plan } from "./plan.ts";
import { isText, nodeAt, type PlanNode } from "./tree.ts";

/** Scenarios without an address -> the variable that would give it. */
export function withoutAddress(
  root: PlanNode,
  defaulted: readonly Defaulted[],
  baseUrl: string,
): ReadonlyMap<string, string> {
  return new Map(
    defaulted.flatMap(({ path, variable }): [string, string][] => {
      const [scenarios, name, key] = path;
      if (scenarios !== "scenarios" || key !== "with" || typeof name !== "string") return [];
      const node = nodeAt(root, path);
      const origin = isText(node) ? originOf(node.content) : undefined;
      return origin === undefined || origin === originOf(baseUrl) ? [] : [[name, variable]];
    }),
  );
}

function originOf(text: string): string | undefined {
  return /^https?:/.test(text) && URL.canParse(text) ? new URL(text).origin : undefined;
}

/** The plan without those of its scenarios, and with a note of which they are. */
export function leaveOut<P extends Omit<Plan, "secrets">>(
  plan: P,
  absent: ReadonlyMap<string, string>,
): P {
  const left = plan.scenarios.filter(({ name }) => absent.has(name));
  if (left.length === 0) return plan;
  const scenarios = plan.scenarios.filter(({ name }) => !absent.has(name));
  const { warmup, thresholds, identity } = plan;
  return {
    ...plan,
    scenarios,
    identity: { ...identity, sha256: planHash({ warmup, scenarios, thresholds }) },
    notes: [...plan.notes ?? [], noteOf(left.map(({ name }) => [name, absent.get(name) ?? ""]))],
  };
}

function noteOf(left: readonly (readonly [name: string, variable: string])[]): string {
  const names = left.map(([name]) => name).join(", ");
  const variables = [...new Set(left.map(([, variable]) => variable))].join(", ");
  return `${names} left out: --target moves the API alone; set ${variables} to have them too`;
}
