/**
 * Variables in a plan: `${NAME}`, `${NAME:-text when unset or empty}`, and `$$` for a dollar sign. They are filled in
 * after the YAML has been read, and in texts alone, so a variable's value cannot add keys or structure.
 */
import { type Place, type Problem, problemAt } from "./problem.ts";
import { isSecret } from "./secret.ts";
import { mapScalars, type PlanNode, type ScalarNode } from "./tree.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{)/g;

export interface Interpolated {
  readonly root: PlanNode;
  readonly problems: readonly Problem[];
  /** Values that came from variables with a secret's name: wherever they ended up, they are not to be shown. */
  readonly secrets: readonly string[];
}

export function interpolate(root: PlanNode, environment: Environment): Interpolated {
  const problems: Problem[] = [];
  const secrets = new Set<string>();
  const lookUp: LookUp = (name) => {
    const value = environment[name];
    if (value && isSecret([name])) secrets.add(value);
    return value;
  };
  const changed = mapScalars(root, (node, path) => {
    // A flag's value is what was typed: the shell has filled in its variables.
    if (typeof node.content !== "string" || node.place.line === undefined) return node;
    if (!node.content.includes("$")) return node;
    return fillIn(node, node.content, lookUp, (message, hint, at, length) => {
      problems.push(problemAt(within(node, at, length), path, message, hint));
    });
  });
  return { root: changed, problems, secrets: [...secrets] };
}

type LookUp = (name: string) => string | undefined;
type Complain = (message: string, hint: string, at: number, length: number) => void;

function fillIn(
  node: ScalarNode,
  text: string,
  lookUp: LookUp,
  complain: Complain,
): ScalarNode {
  const filled = text.replaceAll(VARIABLE, (whole, name, fallback, at: number) => {
    if (whole === "$$") return "$";
    if (name === undefined || fallback?.includes("${")) {
      const written = /^[^}]*\}?/.exec(text.slice(at))?.[0] ?? whole;
      complain(
        `cannot read the variable in ${JSON.stringify(written)}`,
        "write ${NAME} or ${NAME:-default}, and $$ for a dollar sign",
        at,
        written.length,
      );
      return whole;
    }
    const value = lookUp(name) || (fallback ?? lookUp(name));
    if (value !== undefined) return value;
    complain(
      `the variable ${name} is not set`,
      `set it, or write \${${name}:-default}`,
      at,
      whole.length,
    );
    return whole;
  });
  const { verbatimAt: _, ...rest } = node;
  return { ...rest, content: filled, untyped: true };
}

/** The part of a scalar's place that starts `at` characters into its text. */
export function within(node: ScalarNode, at: number, length: number): Place {
  const { place, verbatimAt } = node;
  if (verbatimAt === undefined || place.column === undefined) return place;
  const most = Math.max(1, (place.excerpt?.length ?? 0) - place.column - verbatimAt - at + 1);
  return { ...place, column: place.column + verbatimAt + at, length: Math.min(length, most) };
}
