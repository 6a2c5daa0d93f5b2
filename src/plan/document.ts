/** YAML text -> tree of values and spans. The only file that knows the YAML library. */
import {
  type Alias,
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parse,
  parseDocument as parseYaml,
  visit,
  type YAMLMap,
} from "yaml";
import { type Problem, problemAt, type SourceSpan } from "./problem.ts";
import type { PlanNode, Scalar } from "./tree.ts";

/** A plan is a page or two; whatever is beyond these was not meant as one. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_EXPANDED = 4 * MAX_CHARACTERS;
const MAX_NODES = 20_000;
const MAX_DEPTH = 50;
const ALIASES = "aliases expanded";

type ReadDocument =
  | { readonly ok: true; readonly root: PlanNode }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads one YAML 1.2 document. Aliases and `<<` are expanded, within bounds; a key given twice is a problem. */
export function parseDocument(text: string, file: string): ReadDocument {
  const failed = (message: string): ReadDocument => ({
    ok: false,
    problems: [problemAt({ file }, [], message)],
  });
  if (text.length > MAX_CHARACTERS) {
    return failed(`a plan has at most ${MAX_CHARACTERS} characters: this one has ${text.length}`);
  }
  try {
    const reader = new Reader(text, file);
    const root = reader.read();
    const { problems } = reader;
    return problems.length > 0 || root === undefined ? { ok: false, problems } : { ok: true, root };
  } catch (error) {
    // The parser and the walk recurse: a thousand opening brackets end here.
    if (error instanceof RangeError) return failed("the plan is nested too deeply to be read");
    throw error;
  }
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #text: string;
  readonly #lines: readonly string[];
  readonly #counter = new LineCounter();
  readonly #document;
  readonly #targets = new Map<Alias, Node | undefined>();
  #nodes = 0;
  #characters = 0;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    this.#lines = text.split(/\r?\n/);
    this.#document = parseYaml(text, {
      lineCounter: this.#counter,
      prettyErrors: false,
      // Looked for in #map(), which does it in linear time.
      uniqueKeys: false,
    });
  }

  read(): PlanNode | undefined {
    this.#syntaxProblems();
    if (this.problems.length > 0) return undefined;
    this.#resolveAliases();
    const { contents } = this.#document;
    if (contents !== null && !(isScalar(contents) && contents.value === null)) {
      return this.#node(contents, 0);
    }
    this.#complain([0, 0], "the plan is empty");
    return undefined;
  }

  /** In one go: the library's own way reads the whole document for each alias. */
  #resolveAliases(): void {
    const anchors = new Map<string, Node>();
    visit(this.#document, {
      Node: (_, node) => {
        if (isAlias(node)) this.#targets.set(node, anchors.get(node.source));
        else if (node.anchor) anchors.set(node.anchor, node);
      },
    });
  }

  /** One per line: the first thing that cannot be read brings others with it. */
  #syntaxProblems(): void {
    const lines = new Set<number | undefined>();
    for (const { message, pos, code } of [...this.#document.errors, ...this.#document.warnings]) {
      if (/call stack/i.test(message)) throw new RangeError(message);
      const span = this.#span(pos);
      if (lines.has(span.line)) continue;
      lines.add(span.line);
      this.problems.push(problemAt(span, [], syntaxMessage(code, message), syntaxHint(span)));
    }
  }

  #node(node: Node, depth: number): PlanNode | undefined {
    const range = rangeOf(node);
    if (depth > MAX_DEPTH) return this.#complain(range, "nested too deeply");
    if (this.#nodes++ === MAX_NODES) {
      return this.#complain(range, `more than ${MAX_NODES} values, ${ALIASES}`);
    }
    if (this.#nodes > MAX_NODES) return undefined;
    if (isAlias(node)) return this.#alias(node, depth);
    const span = this.#span(range);
    if (isMap(node)) return { content: this.#map(node, depth), span };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as Node, depth + 1));
      return { content: items.filter((item) => item !== undefined), span };
    }
    if (!isScalar(node)) return { content: null, span };
    return this.#scalar(node.value, range, span, node.type === "PLAIN");
  }

  #scalar(value: unknown, range: Range, span: SourceSpan, isPlain: boolean): PlanNode | undefined {
    if (typeof value === "number" && !isExact(value)) {
      this.#complain(range, "the number has more digits than can be kept: put quotes around it");
    }
    if (typeof value !== "string") return { content: value as Scalar, span };
    this.#characters += value.length;
    if (this.#characters > MAX_EXPANDED) {
      const isFirst = this.#characters - value.length <= MAX_EXPANDED;
      return isFirst
        ? this.#complain(range, `more than ${MAX_EXPANDED} characters, ${ALIASES}`)
        : undefined;
    }
    // As it is, or after a quotation mark.
    const at = [0, 1].find((skipped) => this.#text.startsWith(value, range[0] + skipped));
    return {
      content: value,
      span,
      ...(at === undefined ? {} : { verbatimAt: at }),
      ...(isPlain && { isPlain }),
    };
  }

  #alias(alias: Alias, depth: number): PlanNode | undefined {
    const target = this.#targets.get(alias);
    if (target !== undefined) return this.#node(target, depth + 1);
    return this.#complain(rangeOf(alias), `no anchor \`&${alias.source}\` stands before this`);
  }

  #map(map: YAMLMap, depth: number): Map<string, PlanNode> {
    const entries = new Map<string, PlanNode>();
    const merged: Node[] = [];
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const range = rangeOf(key);
      if (!isScalar(key)) {
        this.#complain(range, "a key must be a plain word");
      } else if (key.value === "__proto__") {
        this.#complain(range, "`__proto__` cannot be a key");
      } else if (key.value === "<<" && value !== null) {
        merged.push(value);
      } else if (entries.has(String(key.value))) {
        const first = entries.get(String(key.value))?.keySpan?.line;
        this.#complain(range, `\`${key.value}\` is given twice, first on line ${first}`);
      } else {
        const keySpan = this.#span(range);
        const child = value === null
          ? { content: null, span: keySpan }
          : this.#node(value, depth + 1);
        if (child !== undefined) entries.set(String(key.value), { ...child, keySpan });
      }
    }
    for (const source of merged) this.#merge(source, entries, depth);
    return entries;
  }

  /** `<<: *base`, or a list of such: keys that the map does not have itself. */
  #merge(source: Node, entries: Map<string, PlanNode>, depth: number): void {
    const node = this.#node(source, depth + 1);
    if (node === undefined) return;
    const maps = Array.isArray(node.content) ? node.content as PlanNode[] : [node];
    for (const { content } of maps) {
      if (!(content instanceof Map)) {
        this.#complain(rangeOf(source), "`<<` takes a map, or a list of maps");
        continue;
      }
      for (const [key, child] of content) {
        if (!entries.has(key)) entries.set(key, child);
      }
    }
  }

  #complain(range: Range, message: string): undefined {
    this.problems.push(problemAt(this.#span(range), [], message));
  }

  #span([start, end]: Range): SourceSpan {
    const { line, col: column } = this.#counter.linePos(Math.min(start, this.#text.length));
    const excerpt = this.#lines[line - 1] ?? "";
    const length = Math.max(1, Math.min(end - start, excerpt.length - column + 1));
    return { file: this.#file, line, column, length, excerpt };
  }
}

type Range = [start: number, end: number];

function rangeOf(node: Node): Range {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}

function syntaxMessage(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS") return "a plan is one YAML document: here a second one starts";
  return `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function syntaxHint({ excerpt = "" }: SourceSpan): string | undefined {
  return /[[{].*\$\{/.test(excerpt) ? 'inside { } or [ ], put quotes around "${...}"' : undefined;
}

/** One YAML value, for what a flag gives: `[a, b]`, `{a: 1}`, `5`. Throws what the library throws. */
export function parseValue(text: string): unknown {
  return parse(text);
}

/** Whole numbers beyond 2^53 lose digits. */
function isExact(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value);
}

/** What YAML makes of a text without quotes that has no structure: a number, true or false, nothing, or the text. */
export function plainScalar(text: string): Scalar {
  if (!/^(~?|[-+.\w]*\w)$/.test(text)) return text;
  const value: unknown = parse(text);
  const isNumber = typeof value === "number" && Number.isFinite(value) && isExact(value);
  return isNumber || typeof value === "boolean" || value === null ? value : text;
}

/** What a terminal's guard, an editor or a paste changes without a word: marks without a width, and breaks that are none. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that means the data, whatever is in it, and has no character that cannot be seen. */
export function formatDocument(data: unknown): string {
  const document = new Document(data);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === "string" && node.value.search(UNSEEN) >= 0) {
        node.type = "QUOTE_DOUBLE";
      }
    },
  });
  return document.toString({ lineWidth: 0 }).replace(
    UNSEEN,
    (unseen) => `\\U${unseen.codePointAt(0)!.toString(16).padStart(8, "0")}`,
  );
}
