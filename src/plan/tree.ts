/** A plan as it was written: values with the source span of each. Immutable; every change gives a new tree. */
import type { Path, SourceSpan } from "./problem.ts";

export type Scalar = string | number | boolean | null;

interface Written {
  readonly span: SourceSpan;
  /** Of the key, for a value in a map. */
  readonly keySpan?: SourceSpan;
}

export interface ScalarNode extends Written {
  readonly content: Scalar;
  /** How far into the span a text stands verbatim; absent where it does not. */
  readonly verbatimAt?: number;
  /** Stands without quotes. */
  readonly isPlain?: true;
  /**
   * Of text from a variable or a flag, which has no type of its own: what it is, and what else it may be where the first
   * does not fit. Unquoted it is what YAML makes of it, and otherwise text; quoted the other way round.
   */
  readonly readings?: readonly [Scalar, Scalar];
}

export interface ListNode extends Written {
  readonly content: readonly PlanNode[];
}

export interface MapNode extends Written {
  readonly content: ReadonlyMap<string, PlanNode>;
}

export type PlanNode = ScalarNode | ListNode | MapNode;

export function isMap(node: PlanNode | undefined): node is MapNode {
  return node?.content instanceof Map;
}

export function isList(node: PlanNode | undefined): node is ListNode {
  return Array.isArray(node?.content);
}

export function isText(node: PlanNode | undefined): node is ScalarNode & { content: string } {
  return typeof node?.content === "string";
}

export function childOf(node: PlanNode | undefined, key: string | number): PlanNode | undefined {
  if (isMap(node)) return node.content.get(String(key));
  return isList(node) ? node.content[Number(key)] : undefined;
}

export function nodeAt(root: PlanNode, path: Path): PlanNode | undefined {
  return path.reduce<PlanNode | undefined>(childOf, root);
}

/** The span of the value, or, where there is none, the key of the nearest thing around it that there is. */
export function spanOf(root: PlanNode, path: Path): SourceSpan {
  const node = nodeAt(root, path);
  return node?.span ?? keySpanOf(root, path);
}

/** The span of the key itself, or of the nearest key around it. */
export function keySpanOf(root: PlanNode, path: Path): SourceSpan {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== undefined) return node.keySpan ?? node.span;
  }
  return root.span;
}

/** Plain data for validation; of the nodes in `turned` the other reading. */
export function toData(node: PlanNode, turned: ReadonlySet<PlanNode> = new Set()): unknown {
  if (isMap(node)) {
    const entries = [...node.content].map(([key, child]) => [key, toData(child, turned)]);
    return Object.fromEntries(entries);
  }
  if (isList(node)) return node.content.map((child) => toData(child, turned));
  const { readings, content } = node as ScalarNode;
  return readings === undefined ? content : readings[turned.has(node) ? 1 : 0];
}

/** The tree with every scalar passed through `change`. */
export function mapScalars(
  node: PlanNode,
  change: (node: ScalarNode, path: Path) => ScalarNode,
  path: Path = [],
): PlanNode {
  const into = (child: PlanNode, key: string | number): PlanNode =>
    mapScalars(child, change, [...path, key]);
  if (isMap(node)) {
    return { ...node, content: new Map([...node.content].map(([key, c]) => [key, into(c, key)])) };
  }
  if (isList(node)) return { ...node, content: node.content.map(into) };
  return change(node, path);
}

/** Every scalar at and below `node`, which is at `path`. */
export function scalarsOf(node: PlanNode, path: Path): [node: ScalarNode, path: Path][] {
  if (isMap(node)) {
    return [...node.content].flatMap(([key, each]) => scalarsOf(each, [...path, key]));
  }
  if (isList(node)) return node.content.flatMap((each, at) => scalarsOf(each, [...path, at]));
  return [[node, path]];
}
