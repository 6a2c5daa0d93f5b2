/** What the command line says differently from the plan. A problem with it names the flag. */
import { parseValue, plainScalar } from "./document.ts";
import { displacedBy } from "./load_shape.ts";
import { didYouMean, type Path, type Problem, problemAt, type SourceSpan } from "./problem.ts";
import {
  childOf,
  isList,
  isMap,
  type ListNode,
  type MapNode,
  type PlanNode,
  type Scalar,
} from "./tree.ts";

/** Flags as they were typed. */
export interface PlanOverrides {
  readonly target?: string;
  readonly token?: string;
  readonly insecure?: boolean;
  readonly ca?: string;
  readonly stack?: string;
  /** Of every scenario. */
  readonly client?: string;
  /** Of every scenario: stages are stretched or shrunk to it. */
  readonly duration?: string;
  /** Names of scenarios or phases. */
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** Keys of `fleet`, each with the flag that says so: `renew_at` is --renew-at. */
  readonly fleet?: Readonly<Record<string, string>>;
  /** `path=value`, with dots in the path; an empty value takes the key out of the plan. */
  readonly set?: readonly string[];
}

interface Overridden {
  readonly root: PlanNode;
  readonly problems: readonly Problem[];
}

interface Change {
  readonly path: Path;
  /** undefined: the key is taken out. */
  readonly node: PlanNode | undefined;
  readonly span: SourceSpan;
}

/** Applies the flags that stand for values of the plan; `--only`, `--skip` and `--duration` come after validation. */
export function override(root: PlanNode, overrides: PlanOverrides): Overridden {
  const problems: Problem[] = [];
  let changed = root;
  for (const change of changesOf(root, overrides, (problem) => problems.push(problem))) {
    const result = replaceAt(changed, change, 0);
    if (typeof result === "string") {
      problems.push(problemAt(change.span, change.path, result, hintFor(changed, change.path)));
    } else {
      changed = result;
    }
  }
  return { root: changed, problems };
}

function changesOf(
  root: PlanNode,
  overrides: PlanOverrides,
  complain: (problem: Problem) => void,
): Change[] {
  const { target, token, insecure, ca, stack, client, fleet = {}, set = [] } = overrides;
  const sets: Change[] = [];
  for (const text of set) {
    const change = parseSet(text);
    "message" in change ? complain(change) : sets.push(change);
  }
  const changes = [...sets.flatMap((change) => displacedFrom(root, change)), ...sets];
  const flag = (file: string, path: Path, content: Scalar | undefined): void => {
    const node = content === undefined ? undefined : { content, span: { file } };
    changes.push({ path, node, span: { file } });
  };
  if (target !== undefined) flag("--target", ["target", "base_url"], target);
  if (token !== undefined) flag("--token", ["target", "token"], token);
  if (ca !== undefined) flag("--ca", ["target", "tls", "ca_file"], ca);
  if (insecure) {
    flag("--insecure", ["target", "tls", "insecure_skip_verify"], true);
    if (ca === undefined) flag("--insecure", ["target", "tls", "ca_file"], undefined);
    else complain(problemAt({ file: "--insecure" }, [], "cannot be given together with --ca"));
  }
  for (const [key, given] of Object.entries(fleet)) {
    const span = { file: `--${key.replaceAll("_", "-")}` };
    const readings = [plainScalar(given), given] as const;
    changes.push({ path: ["fleet", key], node: { content: given, span, readings }, span });
  }
  for (const name of client === undefined ? [] : scenarioNames(root)) {
    flag("--client", ["scenarios", name, "client"], client);
  }
  if (stack !== undefined) flag("--stack", ["stack"], stack);
  // A target of one's own means that no stack is wanted.
  else if (target !== undefined) flag("--target", ["stack"], "none");
  return changes;
}

/** A load of another shape takes the place of the plan's: what goes with that alone is taken out before. */
function displacedFrom(root: PlanNode, { path, node, span }: Change): Change[] {
  const [scenarios, name, key] = path;
  if (scenarios !== "scenarios" || path.length !== 3 || node === undefined) return [];
  const scenario = childOf(childOf(root, "scenarios"), String(name));
  return displacedBy(String(key), node, scenario)
    .map((other) => ({ path: ["scenarios", String(name), other], node: undefined, span }));
}

function scenarioNames(root: PlanNode): readonly string[] {
  const scenarios = childOf(root, "scenarios");
  return isMap(scenarios) ? [...scenarios.content.keys()] : [];
}

function parseSet(text: string): Change | Problem {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).split(".");
  // The value is shown where a problem with a known key does so: behind a misspelt one it may be a secret.
  const file = at < 1 ? "--set" : `--set ${path.join(".")}`;
  if (at < 1 || path.includes("") || path.includes("__proto__")) {
    const hint = "for example --set scenarios.list_certificates.rate=10/s";
    return problemAt({ file }, [], "must be path=value", hint);
  }
  const given = text.slice(at + 1);
  if (given === "") return { path, node: undefined, span: { file } };
  if (!/^\s*[[{]/.test(given)) {
    const readings = [plainScalar(given), given] as const;
    return { path, node: { content: given, span: { file }, readings }, span: { file } };
  }
  try {
    return { path, node: fromData(parseValue(given), { file }), span: { file } };
  } catch {
    return problemAt({ file }, path, "the value is not YAML", "quote it for the shell");
  }
}

function fromData(data: unknown, span: SourceSpan): PlanNode {
  if (Array.isArray(data)) return { content: data.map((item) => fromData(item, span)), span };
  if (typeof data !== "object" || data === null) return { content: data as Scalar, span };
  if (Object.hasOwn(data, "__proto__")) throw new SyntaxError("`__proto__` cannot be a key");
  const entries = Object.entries(data).map(([key, item]): [string, PlanNode] => [
    key,
    { ...fromData(item, span), keySpan: span },
  ]);
  return { content: new Map(entries), span };
}

/** The tree with the change in it, maps on the way made where they are missing; a sentence when that cannot be. */
function replaceAt(node: PlanNode | undefined, change: Change, depth: number): PlanNode | string {
  const { path, span } = change;
  const key = path[depth];
  const base = node === undefined || node.content === null ? emptyMap(span) : node;
  if (key === undefined) return base;
  if (depth === 1 && path[0] === "scenarios" && childOf(base, key) === undefined) {
    return `no scenario is named "${key}"`;
  }
  const last = depth === path.length - 1;
  const child = last ? change.node : replaceAt(childOf(base, key), change, depth + 1);
  if (typeof child === "string") return child;
  if (isMap(base)) return withKey(base, String(key), child, span);
  if (isList(base)) return withItem(base, Number(key), child, path.slice(0, depth));
  return `\`${path.slice(0, depth).join(".")}\` is no map`;
}

function emptyMap(span: SourceSpan): PlanNode {
  return { content: new Map(), span };
}

function withKey(
  map: MapNode,
  key: string,
  child: PlanNode | undefined,
  span: SourceSpan,
): PlanNode {
  const entries = new Map(map.content);
  const keySpan = entries.get(key)?.keySpan ?? span;
  if (child === undefined) entries.delete(key);
  // The key of a new value is the flag's too: an unknown key is then the flag's problem.
  else entries.set(key, { ...child, keySpan: child.span === span ? span : keySpan });
  return { ...map, content: entries };
}

function withItem(
  list: ListNode,
  index: number,
  child: PlanNode | undefined,
  path: Path,
): PlanNode | string {
  const { length } = list.content;
  if (!Number.isInteger(index) || index < 0 || index > length) {
    return `\`${path.join(".")}\` is a list of ${length}: count from 0`;
  }
  const items = [...list.content];
  items.splice(index, 1, ...(child === undefined ? [] : [child]));
  return { ...list, content: items };
}

function hintFor(root: PlanNode, path: Path): string | undefined {
  const scenarios = childOf(root, "scenarios");
  if (path[0] !== "scenarios" || !isMap(scenarios)) return undefined;
  return scenarios.content.has(String(path[1]))
    ? undefined
    : didYouMean(String(path[1]), [...scenarios.content.keys()]);
}
