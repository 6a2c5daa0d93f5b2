/** What zod finds wrong, in this project's words. */
import type { z } from "zod";
import { nearest } from "./near_miss.ts";
import { didYouMean, type Path, type Problem, problemAt } from "./problem.ts";
import { mask } from "../masking/mask.ts";
import { isSecret, looksSecret, partsOf } from "./secret.ts";
import { isText, keySpanOf, nodeAt, type PlanNode, scalarsOf, spanOf, toData } from "./tree.ts";

type Issue = z.core.$ZodIssue;

/** The keys an object takes are known only while it complains; the list of unknown ones leads back to them. */
const knownKeys = new WeakMap<readonly string[], readonly string[]>();

/** zod's own sentences replaced; what a schema says itself (`must be an https:// URL`) stands. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys": {
      const { shape } = (issue.inst as z.ZodObject | undefined) ?? {};
      knownKeys.set(issue.keys, Object.keys(shape ?? {}));
      return undefined;
    }
    case "invalid_type":
      return `must be ${TYPES[isWhole(issue) ? "int" : issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values.map(String))}`;
    case "too_small":
      return limitText(issue.origin, "at least", Number(issue.minimum));
    case "too_big":
      return limitText(issue.origin, "at most", Number(issue.maximum));
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
};

/** `z.int()` expects "a number" until it has one. */
function isWhole({ inst }: z.core.$ZodRawIssue): boolean {
  return (inst as z.ZodNumberFormat | undefined)?.format === "safeint";
}

function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function limitText(origin: string, bound: string, limit: number): string {
  if (origin === "string") return `must have ${bound} ${limit} character${limit === 1 ? "" : "s"}`;
  if (origin === "array") return `must have ${bound} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  return `must be ${bound} ${limit}`;
}

type Checked<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Validates the part of the tree at `path`. Text from a variable or a flag has no type of its own: where the schema does
 * not want what it is read as, it is read the other way.
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  root: PlanNode,
  path: Path,
): Checked<z.output<Schema>> {
  const parse = (turned?: ReadonlySet<PlanNode>) =>
    schema.safeParse(dataAt(root, path, turned), { error: sentence });
  const first = parse();
  if (first.success) return { ok: true, value: first.data };
  const misread = new Set(first.error.issues.flatMap((issue) => misreadNodes(issue, root, path)));
  const second = misread.size === 0 ? first : parse(misread);
  if (second.success) return { ok: true, value: second.data };
  const problems = second.error.issues.flatMap((issue) => problemsOf(issue, root, path));
  return { ok: false, problems };
}

function dataAt(root: PlanNode, path: Path, turned?: ReadonlySet<PlanNode>): unknown {
  const node = nodeAt(root, path);
  return node === undefined ? {} : toData(node, turned);
}

function pathOf(issue: Issue): Path {
  return issue.path as Path;
}

/** Nodes of the wrong type that have another reading. */
function misreadNodes(issue: Issue, root: PlanNode, base: Path): PlanNode[] {
  const path = [...base, ...pathOf(issue)];
  if (issue.code === "invalid_union") {
    const inside = issue.errors.flat().flatMap((each) => misreadNodes(each, root, path));
    if (inside.length > 0) return inside;
  } else if (issue.code !== "invalid_type" && issue.code !== "invalid_value") {
    return [];
  }
  const node = nodeAt(root, path);
  return node !== undefined && "readings" in node ? [node] : [];
}

function problemsOf(issue: Issue, root: PlanNode, base: Path): Problem[] {
  const path = [...base, ...pathOf(issue)];
  if (issue.code === "unrecognized_keys") return unknownKeys(issue, root, path);
  if (issue.code === "invalid_union") return unionProblems(issue, root, path);
  if (issue.code === "invalid_key") {
    const message = `"${path.at(-1)}" ${issue.issues[0]?.message ?? "is no valid key"}`;
    return [problemAt(keySpanOf(root, path), path, message)];
  }
  const name = `\`${nameOf(path)}\``;
  if (nodeAt(root, path) === undefined) {
    return [problemAt(keySpanOf(root, path), path, `${name} is missing${inWhat(path)}`)];
  }
  if (issue.code === "custom" && issue.params?.["at"] === "key") {
    return [problemAt(keySpanOf(root, path), path, `${name} ${issue.message}`)];
  }
  const message = `${name} ${issue.message}${seen(root, path)}`;
  return [problemAt(spanOf(root, path), path, message, hintOf(issue, nodeAt(root, path)))];
}

/** The key; of a list's entry the list's with the entry's number. */
function nameOf(path: Path): string {
  const from = path.findLastIndex((key) => typeof key === "string");
  return path.slice(Math.max(from, 0)).join(".") || "plan";
}

function inWhat(path: Path): string {
  return path.length > 1 ? ` in \`${path.slice(0, -1).join(".")}\`` : "";
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  root: PlanNode,
  path: Path,
): Problem[] {
  const known = knownKeys.get(issue.keys) ?? [];
  const given = Object.keys(dataAt(root, path) as object);
  const free = known.filter((key) => !given.includes(key));
  return issue.keys.map((key) => ({
    ...problemAt(
      keySpanOf(root, [...path, key]),
      [...path, key],
      `unknown key \`${key}\``,
      didYouMean(key, free),
    ),
    secrets: secretsBehind(root, path, key, nearest(key, known) ?? key),
  }));
}

/** What stands behind an unknown key and would be a secret behind the one that was `meant`, or looks like one. */
function secretsBehind(root: PlanNode, path: Path, key: string, meant: string): string[] {
  const node = nodeAt(root, [...path, key]);
  if (node === undefined) return [];
  return scalarsOf(node, [...path, meant])
    .filter(([{ content }, place]) => isSecret(place) || looksSecret(content))
    .flatMap(([{ content }]) => partsOf(String(content ?? "")));
}

/** A union complains with the branch that got furthest; where none got into the value, with all that it could be. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, root: PlanNode, path: Path): Problem[] {
  const inside = issue.errors.find((branch) => branch.some((each) => each.path.length > 0));
  if (inside !== undefined) return inside.flatMap((each) => problemsOf(each, root, path));
  const wanted = issue.errors.map((branch) => branch[0]?.message.replace(/^must be /, "") ?? "");
  const message = issue.message.startsWith("must")
    ? issue.message
    : `must be ${wanted.join(" or ")}`;
  return problemsOf({ ...issue, code: "custom", message, path: [] }, root, path);
}

/** The near miss of a word, or what a schema offers instead (`params.instead`; `params.at` says what it is about). */
function hintOf(issue: Issue, node: PlanNode | undefined): string | undefined {
  if (issue.code === "invalid_type" && issue.expected === "string") {
    return ["number", "boolean"].includes(typeof node?.content)
      ? "put quotes around it"
      : undefined;
  }
  if (issue.code === "invalid_value" && isText(node)) {
    const close = nearest(node.content, issue.values.map(String));
    return close && `did you mean \`${close}\`?`;
  }
  if (issue.code === "invalid_format" && issue.format === "url" && isText(node)) {
    const isHost = /^[\w.-]+(:\d+)?(\/|$)/.test(node.content);
    return isHost ? `did you mean \`https://${node.content}\`?` : undefined;
  }
  const instead = issue.code === "custom" ? issue.params?.["instead"] : undefined;
  return typeof instead === "string" ? `did you mean \`${instead}\`?` : undefined;
}

/** `: got "30"`; nothing for what must not be shown or would not fit. */
function seen(root: PlanNode, path: Path): string {
  const content = nodeAt(root, path)?.content;
  if (content === undefined || isSecret(path)) return "";
  if (content === null) return ": got nothing";
  if (Array.isArray(content)) return ": got a list";
  if (typeof content === "object") return ": got a map";
  return `: got ${
    typeof content === "string" ? JSON.stringify(mask(content, "foreign")) : content
  }`;
}
