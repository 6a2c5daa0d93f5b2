/**
 * Variables in a plan: `${NAME}`, `${NAME:-text when unset or empty}`, and `$$` for a dollar sign. They are filled in
 * after the YAML has been read, and in texts alone, so a variable's value cannot add keys or structure. An unquoted text
 * is then read as YAML reads it: `ttl: ${TTL}` is a number where TTL is one, `ttl: "${TTL}"` is text.
 */
import { plainScalar } from "./document.ts";
import { type Path, type Problem, problemAt, type SourceSpan } from "./problem.ts";
import { isSecret } from "./secret.ts";
import { mapScalars, type PlanNode, type ScalarNode } from "./tree.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text that begins with a variable's default. */
export interface Defaulted {
  readonly path: Path;
  readonly variable: string;
}

interface Interpolated {
  readonly root: PlanNode;
  readonly problems: readonly Problem[];
  /** Values that came from variables with a secret's name: wherever they ended up, they are not to be shown. */
  readonly secrets: readonly string[];
  readonly defaulted: readonly Defaulted[];
}

/** Characters that the variables of one plan may come to: a long value in a thousand places was not meant. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

export function interpolate(root: PlanNode, environment: Environment): Interpolated {
  const problems: Problem[] = [];
  const secrets = new Set<string>();
  const defaulted: Defaulted[] = [];
  let charactersLeft = MOST_CHARACTERS;
  let hasSecret = false;
  const lookUp: LookUp = (name, fallback) => {
    const value = environment[name] || (fallback ?? environment[name]);
    if (value && isSecret([name])) {
      secrets.add(value);
      hasSecret = true;
    }
    charactersLeft -= value?.length ?? 0;
    return charactersLeft < 0 ? "" : value;
  };
  const changed = mapScalars(root, (node, path) => {
    // A flag's value is what was typed: the shell has filled in its variables.
    if (typeof node.content !== "string" || node.span.line === undefined) return node;
    if (!node.content.includes("$")) return node;
    const complain: Complain = (message, hint, at, length) => {
      problems.push(problemAt(within(node, at, length), path, message, hint));
    };
    const [, variable] = BEGINNING.exec(node.content) ?? [];
    if (variable !== undefined && !environment[variable]) defaulted.push({ path, variable });
    const isFirst = charactersLeft >= 0;
    hasSecret = false;
    const filled = new Filling(node.content, lookUp, complain).all();
    if (isFirst && charactersLeft < 0) {
      complain(`the variables come to more than ${MOST_CHARACTERS} characters here`, "", 0, 1);
    }
    return withReadings(node, filled, hasSecret);
  });
  return { root: changed, problems, secrets: [...secrets], defaulted };
}

const BEGINNING = /^\$\{([A-Za-z_][A-Za-z0-9_]*):-/;

/** A secret is text: as a number it would not be known again where it is to be masked. */
function withReadings(
  { verbatimAt: _, ...node }: ScalarNode,
  text: string,
  isSecret: boolean,
): ScalarNode {
  const value = plainScalar(text);
  const isText = !node.isPlain || isSecret;
  return { ...node, content: text, readings: isText ? [text, value] : [value, text] };
}

/** The variable's value; the fallback where it is unset or empty. */
type LookUp = (name: string, fallback: string | undefined) => string | undefined;
type Complain = (message: string, hint: string, at: number, length: number) => void;

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(:-|\})/y;
const MOST_NESTED = 10;
const HOW_TO_WRITE = "write ${NAME} or ${NAME:-default}, and $$ for a dollar sign";
const LONGEST_SHOWN = 40;

/** One text on its way from left to right. What cannot be read ends it: the rest would be guesses. */
class Filling {
  readonly #text: string;
  readonly #lookUp: LookUp;
  readonly #complain: Complain;
  #at = 0;

  constructor(text: string, lookUp: LookUp, complain: Complain) {
    this.#text = text;
    this.#lookUp = lookUp;
    this.#complain = complain;
  }

  all(): string {
    let filled = "";
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf("$", this.#at);
      const end = next < 0 ? this.#text.length : next;
      filled += this.#text.slice(this.#at, end);
      this.#at = end;
      if (next >= 0) filled += this.#dollar(true, 0);
    }
    return filled;
  }

  /** What stands for the dollar sign here and what belongs to it. Of an unused default nothing is asked. */
  #dollar(isUsed: boolean, depth: number): string {
    const from = this.#at;
    if (this.#text[from + 1] !== "{") {
      this.#at += this.#text[from + 1] === "$" ? 2 : 1;
      return "$";
    }
    VARIABLE.lastIndex = from;
    const [head, name, end] = VARIABLE.exec(this.#text) ?? [];
    if (head === undefined || name === undefined) return this.#unreadable(from);
    this.#at += head.length;
    if (end === "}") return this.#valueOf(name, undefined, isUsed, from);
    if (depth === MOST_NESTED) return this.#unreadable(from, "nested too deeply");
    const isNeeded = isUsed && !this.#lookUp(name, undefined);
    const fallback = this.#fallback(isNeeded, depth + 1);
    if (fallback === undefined) return this.#unreadable(from, "its closing } is missing");
    return this.#valueOf(name, fallback, isUsed, from);
  }

  /** The default, up to the brace that closes it; braces in it come in pairs. undefined: the brace is missing. */
  #fallback(isUsed: boolean, depth: number): string | undefined {
    let filled = "";
    let open = 0;
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at]!;
      if (letter === "$") {
        filled += this.#dollar(isUsed, depth);
        continue;
      }
      this.#at++;
      if (letter === "}" && open-- === 0) return filled;
      if (letter === "{") open++;
      filled += letter;
    }
    return undefined;
  }

  #valueOf(name: string, fallback: string | undefined, isUsed: boolean, from: number): string {
    if (!isUsed) return "";
    const value = this.#lookUp(name, fallback);
    if (value !== undefined) return value;
    const hint = `set it, or write \${${name}:-default}`;
    this.#complain(`the variable ${name} is not set`, hint, from, this.#at - from);
    return "";
  }

  #unreadable(from: number, why?: string): string {
    // A variable around it has been told of already.
    if (this.#at > this.#text.length) return "";
    const rest = this.#text.slice(from, from + LONGEST_SHOWN);
    const written = /^[^}]*\}?/.exec(rest)?.[0] ?? rest;
    const message = `cannot read the variable in ${JSON.stringify(written)}`;
    const whole = why === undefined ? message : `${message}: ${why}`;
    this.#complain(whole, HOW_TO_WRITE, from, written.length);
    this.#at = this.#text.length + 1;
    return "";
  }
}

/** The part of a scalar's span that starts `at` characters into its text. */
export function within(node: ScalarNode, at: number, length: number): SourceSpan {
  const { span, verbatimAt } = node;
  if (verbatimAt === undefined || span.column === undefined) return span;
  const most = Math.max(1, (span.excerpt?.length ?? 0) - span.column - verbatimAt - at + 1);
  return { ...span, column: span.column + verbatimAt + at, length: Math.min(length, most) };
}
